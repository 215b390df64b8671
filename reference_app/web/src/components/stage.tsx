// How far a fill's settlement has come, in the words of the exchange and in plain ones. Never more than is known.
import type { ReactNode } from "react";
import type { Fill, Stage } from "../api/types";
import { Badge, type Tone } from "./ui";

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
      <span className="hidden-text">: {words}</span>
    </Badge>
  );
}

/** A link to a chain's explorer, where one is known; on the local chain the hash alone. */
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
  const explorer = props.chainId == null ? undefined : EXPLORERS[props.chainId];
  if (!explorer || !/^0x[0-9a-f]{64}$/i.test(props.hash)) return <code title={props.hash}>{short}</code>;
  return (
    <a href={explorer + props.hash} target="_blank" rel="noreferrer noopener" title={props.hash}>
      <code>{short}</code>
    </a>
  );
}
