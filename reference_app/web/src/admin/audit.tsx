// The audit log: who changed what, why, how it was and is, and what was refused. Nothing here can be changed.
import { type ReactNode, useState } from "react";
import type { Schemas } from "../api/types";
import { type Column, Rows } from "../components/rows";
import { Field, Panel } from "../components/ui";
import { BeforeAfter, StateBadge } from "./act";
import { useRead } from "./feed";
import { Account, Facts, ReadPanel, usePages, When } from "./parts";
import { kindWords } from "./words";

type Audit = Schemas["AuditAnswer"];
type Entry = Schemas["AuditMessage"];

const PAGE = 100;

/** Returns whether an entry says something anywhere. */
export function says(entry: Entry, wanted: string): boolean {
  const text = wanted.trim().toLowerCase();
  return text === "" || Object.values(entry).some((value) => String(value).toLowerCase().includes(text));
}

export function AuditPage(): ReactNode {
  const [before, turn] = usePages();
  const [sought, setSought] = useState("");
  const [chosen, setChosen] = useState<number | null>(null);
  const audit = useRead<Audit>(`/admin/audit?limit=${PAGE}${before === null ? "" : `&before=${before}`}`);
  const entries = audit.value?.entries ?? [];
  const found = entries.find((entry) => entry.id === chosen);
  const last = entries.at(-1);
  return (
    <>
      <ReadPanel
        title="Audit log"
        reading={audit}
        flush
        actions={turn(entries.length === PAGE && last ? String(last.id) : null)}
      >
        {() => (
          <>
            <div className="seek">
              <Field label="Find in this page" value={sought} onChange={setSought} />
            </div>
            <Rows
              label="Audit log"
              columns={columns(setChosen, chosen)}
              rows={entries.filter((entry) => says(entry, sought))}
              keyOf={(row) => String(row.id)}
              empty={<p className="empty">{sought ? "No line of this page says that." : "Nothing was changed yet."}</p>}
              height={520}
            />
          </>
        )}
      </ReadPanel>
      {found ? <EntryPanel entry={found} onClose={() => setChosen(null)} /> : null}
    </>
  );
}

function columns(choose: (id: number) => void, chosen: number | null): readonly Column<Entry>[] {
  return [
    { head: "At", cell: (row) => <When atMs={row.at_ms} /> },
    {
      head: "Line",
      right: true,
      cell: (row) => (
        <button
          type="button"
          className="link"
          aria-expanded={chosen === row.id}
          aria-label={`Line ${row.id}`}
          onClick={() => choose(row.id)}
        >
          {row.id}
        </button>
      ),
    },
    { head: "Who", cell: (row) => <Account account={row.actor} /> },
    { head: "Did", cell: (row) => <span className="clip">{kindWords(row.action)}</span> },
    { head: "Of", cell: (row) => <Account account={row.subject} /> },
    { head: "Outcome", cell: (row) => (row.outcome ? <StateBadge state={row.outcome} /> : "–") },
    { head: "Before", cell: (row) => <span className="clip">{row.before || "–"}</span> },
    { head: "After", cell: (row) => <span className="clip">{row.after || "–"}</span> },
    { head: "Reason", cell: (row) => <span className="clip">{row.reason || row.detail || "–"}</span> },
  ];
}

function EntryPanel(props: { entry: Entry; onClose: () => void }): ReactNode {
  const { entry } = props;
  return (
    <Panel
      title={`Line ${entry.id}`}
      label={`Line ${entry.id}`}
      actions={
        <button type="button" className="button quiet tiny" aria-label="Close the line" onClick={props.onClose}>
          ✕
        </button>
      }
    >
      <Facts
        rows={[
          ["At", <When key="at" atMs={entry.at_ms} />],
          ["Who", <code key="who">{entry.actor}</code>],
          ["Did", kindWords(entry.action)],
          ["Of", entry.subject],
          ["Outcome", entry.outcome || "–"],
          ["Reason", entry.reason || "–"],
          ["Detail", entry.detail || "–"],
          ["Action's id", entry.request || "–"],
        ]}
      />
      <BeforeAfter before={entry.before ?? ""} after={entry.after ?? ""} />
    </Panel>
  );
}
