// Approvals: what waits for a second admin, and every action with what came of it.
import { type ReactNode, useState } from "react";
import type { Schemas } from "../api/types";
import { type Column, Rows } from "../components/rows";
import { Panel } from "../components/ui";
import { useStore } from "../state/store";
import { BeforeAfter, ConfirmDialog, StateBadge } from "./act";
import { useNow, useRead } from "./feed";
import { ageText, moment } from "./figures";
import { confirmProblem } from "./outcome";
import { Account, Facts, ReadPanel, usePages, When } from "./parts";
import { kindWords, type Proposal, type Told, wordsOf } from "./words";

type Actions = Schemas["ActionsAnswer"];

/** Returns the address of a page of actions, as many as the exchange gives at once. */
function pageOf(address: string, before: string | null): string {
  return `/admin/actions${address}limit=100${before === null ? "" : `&before=${encodeURIComponent(before)}`}`;
}

export function ApprovalsPage(): ReactNode {
  const [before, turn] = usePages();
  const [waitingBefore, turnWaiting] = usePages();
  const all = useRead<Actions>(pageOf("?", before));
  const waiting = useRead<Actions>(pageOf("?status=proposed&", waitingBefore));
  const [doing, setDoing] = useState<{ told: Told; confirm: boolean } | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const found = all.value?.actions.find((one) => one.id === chosen);
  return (
    <>
      <ReadPanel
        title="Waits for a second admin"
        reading={waiting}
        actions={waitingBefore !== null || waiting.value?.next ? turnWaiting(waiting.value?.next ?? null) : null}
      >
        {({ actions }) =>
          actions.length === 0 ? (
            <p className="soft">
              Nothing waits. What opens a market, lifts a stop or lists a market is proposed first.
            </p>
          ) : (
            <ul className="proposals">
              {actions.map((told) => (
                <ProposalView key={told.id} told={told} act={(confirm) => setDoing({ told, confirm })} />
              ))}
            </ul>
          )
        }
      </ReadPanel>
      <ReadPanel title="Actions, newest first" reading={all} flush actions={turn(all.value?.next ?? null)}>
        {({ actions }) => (
          <Rows
            label="Actions"
            columns={columns(setChosen, chosen)}
            rows={actions}
            keyOf={(row) => row.id}
            empty={<p className="empty">Nothing was done yet.</p>}
            height={380}
          />
        )}
      </ReadPanel>
      {chosen !== null && found ? <ActionPanel told={found} onClose={() => setChosen(null)} /> : null}
      {doing ? <DecideDialog told={doing.told} confirm={doing.confirm} onClose={() => setDoing(null)} /> : null}
    </>
  );
}

function ProposalView(props: { told: Told; act: (confirm: boolean) => void }): ReactNode {
  const { told } = props;
  const account = useStore((state) => state.account);
  const now = useNow();
  const words = wordsOf(told.action as unknown as Proposal);
  const problem = confirmProblem(told, account, now);
  const left = (told.expires_at_ms ?? now) - now;
  return (
    <li className="proposal">
      <div className="grow">
        <h3 className="break">{words.title}</h3>
        <ul className="effects">
          {words.effects.map((effect) => (
            <li key={effect} className="break">
              {effect}
            </li>
          ))}
        </ul>
        <p className="break">
          <span className="soft">Why: </span>
          {told.reason}
        </p>
        <p className="soft small">
          Proposed by <Account account={told.proposer} /> at {moment(told.created_at_ms)};{" "}
          {left > 0
            ? `can be confirmed until ${told.expires_at_ms ? moment(told.expires_at_ms) : "it expires"}, ${ageText(left)} left`
            : "expired"}
        </p>
        {problem ? <p className="small warn">{problem}</p> : null}
      </div>
      <div className="row wrap">
        <button type="button" className="button primary" disabled={problem !== null} onClick={() => props.act(true)}>
          Confirm…
        </button>
        <button type="button" className="button" onClick={() => props.act(false)}>
          Take back…
        </button>
      </div>
    </li>
  );
}

function DecideDialog(props: { told: Told; confirm: boolean; onClose: () => void }): ReactNode {
  const { told, confirm } = props;
  const words = wordsOf(told.action as unknown as Proposal);
  const path = `/admin/actions/${told.id}`;
  return confirm ? (
    <ConfirmDialog
      words={{ ...words, title: `Confirm: ${words.title}` }}
      now={`proposed by ${told.proposer}, because: ${told.reason}`}
      reasonless
      button="Sign and confirm; it is done at once"
      request={() => ({ method: "POST", path: `${path}/confirm`, body: { digest: told.digest } })}
      onClose={props.onClose}
    />
  ) : (
    <ConfirmDialog
      words={{
        title: `Take back: ${words.title}`,
        effects: ["The proposal ends. Nothing of it happens."],
        danger: false,
      }}
      now={`proposed by ${told.proposer}, because: ${told.reason}`}
      button="Sign and take it back"
      request={(reason) => ({ method: "POST", path: `${path}/cancel`, body: { reason } })}
      onClose={props.onClose}
    />
  );
}

function columns(choose: (id: string) => void, chosen: string | null): readonly Column<Told>[] {
  return [
    { head: "At", cell: (row) => <When atMs={row.created_at_ms} /> },
    {
      head: "Action",
      cell: (row) => (
        <button type="button" className="link" aria-expanded={chosen === row.id} onClick={() => choose(row.id)}>
          {kindWords(row.kind)}
        </button>
      ),
    },
    { head: "Of", cell: (row) => <Account account={row.subject} /> },
    { head: "State", cell: (row) => <StateBadge state={row.state} /> },
    { head: "Asked for by", cell: (row) => <Account account={row.proposer} /> },
    { head: "Decided by", cell: (row) => (row.decided_by ? <Account account={row.decided_by} /> : "–") },
    { head: "Reason", cell: (row) => <span className="clip">{row.reason}</span> },
  ];
}

function ActionPanel(props: { told: Told; onClose: () => void }): ReactNode {
  const { told } = props;
  return (
    <Panel
      title={kindWords(told.kind)}
      label="Action"
      actions={
        <button type="button" className="button quiet tiny" aria-label="Close the action" onClick={props.onClose}>
          ✕
        </button>
      }
    >
      <Facts
        rows={[
          ["State", <StateBadge key="state" state={told.state} />],
          ["Of", <span key="of">{told.subject}</span>],
          ["Reason", told.reason],
          ["Asked for by", <code key="by">{told.proposer}</code>],
          ["Decided by", <code key="decided">{told.decided_by || "–"}</code>],
          ["Decided at", <When key="at" atMs={told.decided_at_ms} />],
          ["Id", <code key="id">{told.id}</code>],
        ]}
      />
      <BeforeAfter before={told.before} after={told.after} />
      {told.problem ? <p className="callout bad break">{told.problem.detail || told.problem.title}</p> : null}
      <details>
        <summary>The action, as it was sent</summary>
        <pre className="request">{JSON.stringify(told.action, null, 2)}</pre>
      </details>
    </Panel>
  );
}
