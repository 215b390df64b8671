// How far a fill's settlement has come, in the words of the exchange and in plain ones. Never more than is known.
import { type ReactNode, useCallback, useState } from "react";
import type { Fill, Stage } from "../api/types";
import { useChainRead } from "../chain/use_contract";
import { grouped } from "../money/decimal";
import { useStore } from "../state/store";
import type { Hex, Wallet } from "../wallet/wallet";
import { Badge, Dialog, type Tone } from "./ui";

const STAGES: Record<Stage, { tone: Tone; words: string }> = {
  matched: { tone: "wait", words: "Traded; waits to be sent to the chain" },
  submitted: { tone: "wait", words: "Sent to the chain; not in a block that counts yet" },
  confirmed: { tone: "wait", words: "In a block; a reorganization can still undo it" },
  final: { tone: "good", words: "Final: it can not be undone" },
  failed: { tone: "bad", words: "The contract did not settle it; your funds are as before the fill" },
};

export function StageBadge(props: { stage: Stage }): ReactNode {
  const { tone, words } = STAGES[props.stage];
  return (
    <Badge tone={tone} title={words}>
      {props.stage}
    </Badge>
  );
}

/** A link to a chain's explorer, where one is known; elsewhere to what the wallet's node says of the transaction. */
export function TransactionLink(props: { fill: Fill; chainId: number | null | undefined }): ReactNode {
  const hash = props.fill.transaction;
  if (!hash) return <span className="faint">–</span>;
  return <TransactionHash hash={hash} chainId={props.chainId} />;
}

const EXPLORERS: Record<number, string> = {
  1: "https://etherscan.io/tx/",
  10: "https://optimistic.etherscan.io/tx/",
  8453: "https://basescan.org/tx/",
  42161: "https://arbiscan.io/tx/",
};

export function TransactionHash(props: { hash: string; chainId: number | null | undefined }): ReactNode {
  const short = `${props.hash.slice(0, 10)}…`;
  const wallet = useStore((state) => state.wallet);
  const [open, setOpen] = useState(false);
  const explorer = props.chainId == null ? undefined : EXPLORERS[props.chainId];
  const whole = /^0x[0-9a-f]{64}$/i.test(props.hash);
  if (!whole || (!explorer && !wallet)) return <code title={props.hash}>{short}</code>;
  if (!explorer)
    return (
      <>
        <button
          type="button"
          className="button quiet tiny"
          title={props.hash}
          aria-label={`Transaction ${short}`}
          onClick={() => setOpen(true)}
        >
          <code>{short}</code>
        </button>
        {open && wallet ? (
          <TransactionDialog hash={props.hash as Hex} wallet={wallet} onClose={() => setOpen(false)} />
        ) : null}
      </>
    );
  return (
    <a href={explorer + props.hash} target="_blank" rel="noreferrer noopener" title={props.hash}>
      <code>{short}</code>
    </a>
  );
}

function TransactionDialog(props: { hash: Hex; wallet: Wallet; onClose: () => void }): ReactNode {
  const { hash, wallet } = props;
  const read = useCallback(async () => ({ mined: await wallet.mined(hash) }), [wallet, hash]);
  const { value } = useChainRead(read);
  const mined = value?.mined;
  return (
    <Dialog title="Transaction" onClose={props.onClose}>
      <p className="soft">As your wallet's node tells it now; no explorer is known for this chain.</p>
      <p>
        <code className="break">{hash}</code>
      </p>
      {value === null ? <p className="soft">Asking…</p> : null}
      {value && !mined ? <p>It is in no block: it waits, or a reorganization took its block away.</p> : null}
      {mined ? (
        <dl className="facts">
          <dt>It stands</dt>
          <dd>in block {grouped(mined.block.toString())}</dd>
          <dt>On top of it</dt>
          <dd>{grouped(mined.confirmations.toString())} blocks</dd>
          <dt>Result</dt>
          <dd>{mined.succeeded ? "done" : "reverted: it changed nothing"}</dd>
          <dt>Gas used</dt>
          <dd>{grouped(mined.gas.toString())}</dd>
        </dl>
      ) : null}
    </Dialog>
  );
}
