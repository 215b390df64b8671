// Settlement: how it is in words and figures, and every batch with its transactions, gas, confirmations and retries.
import { type ReactNode, useState } from "react";
import type { Schemas } from "../api/types";
import { type Column, Rows } from "../components/rows";
import { StageBadge, TransactionHash } from "../components/stage";
import { Badge, Panel } from "../components/ui";
import { grouped } from "../money/decimal";
import { ActionDialog } from "./act";
import { useRead } from "./feed";
import { ageText, costText, cut, gweiText, spoken } from "./figures";
import { Facts, Figure, ReadPanel, usePages, When } from "./parts";
import type { Action, Proposal } from "./words";

type Status = Schemas["SettlementStatusMessage"];
type Batches = Schemas["SettlementBatchesAnswer"];
export type Batch = Schemas["SettlementBatchMessage"];
type Transaction = Schemas["SettlementTransactionMessage"];

const STATES: Record<Status["state"], { tone: "good" | "bad" | "wait" | "plain"; words: string }> = {
  running: { tone: "good", words: "Fills are sent to the chain." },
  waiting: { tone: "wait", words: "It waits for the chain or a node." },
  halted: { tone: "bad", words: "It has stopped and needs a person." },
  closed: { tone: "bad", words: "It is closed." },
  local: { tone: "plain", words: "This exchange settles without a chain: fills are final at once." },
  elsewhere: { tone: "plain", words: "The engine of this gateway is another process; ask the server that runs it." },
};

/** The transaction that counts: the one in a block, otherwise the newest. */
export function countingOf(batch: Batch): Transaction | undefined {
  return batch.transactions.find((one) => one.block != null) ?? batch.transactions[batch.transactions.length - 1];
}

export function SettlementPage(): ReactNode {
  const status = useRead<Status>("/admin/settlement");
  const [before, turn] = usePages();
  const batches = useRead<Batches>(`/admin/settlement/batches?limit=50${before === null ? "" : `&before=${before}`}`);
  const [chosen, setChosen] = useState<number | null>(null);
  const [action, setAction] = useState<Action | Proposal | null>(null);
  const found = batches.value?.batches.find((batch) => batch.batch === chosen);
  const chainId = status.value?.chain_id;
  return (
    <>
      <ReadPanel
        title="Settlement"
        reading={status}
        actions={status.value ? <Levers status={status.value} act={setAction} /> : null}
      >
        {(value) => <StatusView status={value} />}
      </ReadPanel>
      <ReadPanel
        title="Batches"
        reading={batches}
        flush
        actions={turn(batches.value?.next == null ? null : String(batches.value.next))}
      >
        {(value) => (
          <Rows
            label="Batches"
            columns={columns(chainId, setChosen, chosen)}
            rows={value.batches}
            keyOf={(row) => String(row.batch)}
            empty={<p className="empty">No batch was ever sent. The first follows the first fill.</p>}
            height={420}
          />
        )}
      </ReadPanel>
      {chosen !== null ? (
        <BatchPanel batch={found} number={chosen} chainId={chainId} act={setAction} onClose={() => setChosen(null)} />
      ) : null}
      {action ? (
        <ActionDialog
          action={action}
          now={status.value ? standing(status.value) : "not known"}
          onClose={() => setAction(null)}
        />
      ) : null}
    </>
  );
}

function standing(status: Status): string {
  const { unsettled, paused } = status.figures;
  return `${paused ? `paused (${paused})` : spoken(status.state)}; ${unsettled} fills are not final.`;
}

function Levers(props: { status: Status; act: (action: Action | Proposal) => void }): ReactNode {
  const { status } = props;
  if (status.chain_id == null) return null;
  return status.figures.paused ? (
    <button type="button" className="button tiny" onClick={() => props.act({ kind: "resume_settlement" })}>
      Send again…
    </button>
  ) : (
    <button type="button" className="button tiny" onClick={() => props.act({ kind: "pause_settlement" })}>
      Pause sending…
    </button>
  );
}

function StatusView(props: { status: Status }): ReactNode {
  const { status } = props;
  const { tone, words } = STATES[status.state];
  const said = [
    ["Matching stands", status.pause_reason],
    ["Withdrawals stand", status.halt_reason],
    ["Alarm", status.alarm],
    ["Being tried again", status.error],
    ["Paused by an operator", status.figures.paused],
  ].filter(([, text]) => text);
  return (
    <>
      <p className="row wrap">
        <Badge tone={tone}>{spoken(status.state)}</Badge> {words}
      </p>
      {said.map(([what, text]) => (
        <p key={what} className="callout warn break">
          <b>{what}: </b>
          {text}
        </p>
      ))}
      <dl className="figures" aria-label="Settlement figures">
        <Figure name="Fills not final" note={oldest(status)}>
          {grouped(String(status.figures.unsettled))}
        </Figure>
        <Figure name="Wait for a batch">{grouped(String(status.queued))}</Figure>
        <Figure name="Groups handed over next">{grouped(String(status.figures.waiting))}</Figure>
        {status.chain_id == null ? null : (
          <>
            <Figure name="Newest block" note={`final ${number(status.final_block)}`}>
              {number(status.head_block)}
            </Figure>
            <Figure name="Newest batch in a block">{number(status.batch)}</Figure>
            <Figure name="Vault found equal at block">{number(status.audited_block)}</Figure>
          </>
        )}
      </dl>
      {status.nodes?.length ? (
        <ul className="alarms" aria-label="Nodes">
          {status.nodes.map((node) => (
            <li key={node.place}>
              <Badge tone={node.in_use ? "good" : "plain"}>{node.in_use ? "in use" : "spare"}</Badge>
              <code className="break">{node.place}</code>
              <span className="soft break">
                {node.standing} {node.detail}
              </span>
            </li>
          ))}
        </ul>
      ) : null}
      {status.contract ? (
        <p className="small soft break">
          Contract <code>{status.contract}</code> on chain {status.chain_id}
        </p>
      ) : null}
    </>
  );
}

function oldest(status: Status): string {
  return status.figures.oldest_ms == null ? "none waits" : `oldest ${ageText(status.figures.oldest_ms)}`;
}

function number(value: number | null | undefined): string {
  return value == null ? "–" : grouped(String(value));
}

function columns(
  chainId: number | null | undefined,
  choose: (batch: number) => void,
  chosen: number | null,
): readonly Column<Batch>[] {
  return [
    {
      head: "Batch",
      cell: (row) => (
        <button
          type="button"
          className="link"
          aria-expanded={chosen === row.batch}
          aria-label={`Batch ${row.batch}`}
          onClick={() => choose(row.batch)}
        >
          {row.batch}
        </button>
      ),
    },
    { head: "State", cell: (row) => <StageBadge stage={row.stage} /> },
    { head: "Fills", right: true, cell: (row) => number(row.fills) },
    {
      head: "Transaction",
      cell: (row) => {
        const one = countingOf(row);
        return one ? <TransactionHash hash={one.hash} chainId={chainId} /> : <span className="faint">–</span>;
      },
    },
    { head: "Block", right: true, cell: (row) => number(countingOf(row)?.block) },
    { head: "Confirmations", right: true, cell: (row) => number(countingOf(row)?.confirmations) },
    { head: "Gas used", right: true, cell: (row) => number(countingOf(row)?.gas_used) },
    {
      head: "Gas price, gwei",
      right: true,
      cell: (row) => {
        const price = countingOf(row)?.gas_price_wei;
        return price == null ? "–" : <span title={`${gweiText(price)} gwei`}>{cut(gweiText(price), 3)}</span>;
      },
    },
    {
      head: "Cost, ETH",
      right: true,
      cell: (row) => {
        const one = countingOf(row);
        const cost = costText(one?.gas_used, one?.gas_price_wei);
        return cost === null ? "–" : <span title={`${cost} ETH`}>{cut(cost, 6)}</span>;
      },
    },
    {
      head: "Retries",
      right: true,
      cell: (row) => (row.retries > 0 ? <span className="warn">{row.retries}</span> : "0"),
    },
    { head: "First sent", cell: (row) => <When atMs={row.first_at_ms} /> },
    { head: "Last change", cell: (row) => <When atMs={row.changed_at_ms} /> },
  ];
}

function BatchPanel(props: {
  batch: Batch | undefined;
  number: number;
  chainId: number | null | undefined;
  act: (action: Action) => void;
  onClose: () => void;
}): ReactNode {
  const { batch } = props;
  const underway = batch?.stage === "submitted" || batch?.stage === "matched";
  return (
    <Panel
      title={`Batch ${props.number}`}
      label={`Batch ${props.number}`}
      actions={
        <span className="row">
          {batch && underway && props.chainId != null ? (
            <>
              <button
                type="button"
                className="button tiny"
                onClick={() => props.act({ kind: "retry_settlement", batch: batch.batch, bump: false })}
              >
                Send again…
              </button>
              <button
                type="button"
                className="button tiny"
                onClick={() => props.act({ kind: "retry_settlement", batch: batch.batch, bump: true })}
              >
                Offer more…
              </button>
            </>
          ) : null}
          <button type="button" className="button quiet tiny" aria-label="Close the batch" onClick={props.onClose}>
            ✕
          </button>
        </span>
      }
    >
      {batch === undefined ? <p className="soft">It is on another page of the list.</p> : null}
      {batch && batch.transactions.length === 0 ? <p className="soft">No transaction carries it.</p> : null}
      {batch?.transactions.map((one) => (
        <Facts
          key={one.hash}
          rows={[
            ["Transaction", <code key="hash">{one.hash}</code>],
            ["State", spoken(one.state)],
            ["First sent", <When key="when" atMs={one.first_at_ms} />],
            ["Operator's nonce", number(one.nonce)],
            ["Block, confirmations", `${number(one.block)}, ${number(one.confirmations)}`],
            ["Gas used of limit", `${number(one.gas_used)} of ${number(one.gas_limit)}`],
            ["Gas price", one.gas_price_wei == null ? "–" : `${gweiText(one.gas_price_wei)} gwei`],
            ["Offers at most", one.max_fee_wei == null ? "–" : `${gweiText(one.max_fee_wei)} gwei`],
            ["Of that, tip", one.tip_wei == null ? "–" : `${gweiText(one.tip_wei)} gwei`],
            ["Cost", costText(one.gas_used, one.gas_price_wei) ?? "–"],
          ]}
        />
      ))}
    </Panel>
  );
}
