// Parts that the console's pages share: ages that say when they are old, panels of what was read, accounts, money.
import { type ReactNode, useState } from "react";
import { shortAddress } from "../components/connect";
import { Panel } from "../components/ui";
import { grouped } from "../money/decimal";
import { type Reading, useNow } from "./feed";
import { ageText, moment, STALE_MS } from "./figures";

/** How long ago something was heard; old news is marked in words and colour. */
export function Age(props: { atMs: number; what?: string }): ReactNode {
  const now = useNow();
  if (props.atMs === 0) return <span className="soft small">not read yet</span>;
  const old = now - props.atMs;
  const words = old < 1_500 ? "just now" : `${ageText(old)} ago`;
  if (old <= STALE_MS) return <span className="soft small">{words}</span>;
  return (
    <span className="stale small" role="status">
      {props.what ?? "Old"}: as of {words}
    </span>
  );
}

/** A panel of what was read: says when, says what failed, and keeps showing what was last known. */
export function ReadPanel<T>(props: {
  title: string;
  reading: Reading<T>;
  actions?: ReactNode;
  flush?: boolean;
  className?: string;
  children: (value: T) => ReactNode;
}): ReactNode {
  const { value, atMs, problem } = props.reading;
  return (
    <Panel
      title={props.title}
      label={props.title}
      className={props.className ?? ""}
      flush={props.flush ?? false}
      actions={
        <span className="row wrap panel-side">
          {props.actions}
          {value !== null ? <Age atMs={atMs} /> : null}
        </span>
      }
    >
      {problem ? (
        <p className="callout bad inset" role="alert">
          {problem}
          {value !== null ? " What follows is what was known before." : ""}
        </p>
      ) : null}
      {value !== null ? props.children(value) : problem ? null : <p className="empty">Reading…</p>}
    </Panel>
  );
}

/** Where one is in a list that is read by pages: the key that its page begins after, and the buttons that turn it. */
export function usePages(newer = "Newer", older = "Older"): [string | null, (next: string | null) => ReactNode] {
  const [turned, setTurned] = useState<readonly string[]>([]);
  const buttons = (next: string | null): ReactNode => (
    <span className="row">
      <button
        type="button"
        className="button tiny"
        disabled={turned.length === 0}
        onClick={() => setTurned(turned.slice(0, -1))}
      >
        {newer}
      </button>
      <button
        type="button"
        className="button tiny"
        disabled={next === null}
        onClick={() => next !== null && setTurned([...turned, next])}
      >
        {older}
      </button>
    </span>
  );
  return [turned.at(-1) ?? null, buttons];
}

/** An account by its ends, whole in the title; a button where it leads somewhere. */
export function Account(props: { account: string; onOpen?: ((account: string) => void) | undefined }): ReactNode {
  const text = /^0x[0-9a-fA-F]{40}$/.test(props.account) ? shortAddress(props.account) : props.account.slice(0, 42);
  const { onOpen } = props;
  if (!onOpen) return <code title={props.account}>{text}</code>;
  return (
    <button
      type="button"
      className="link"
      title={props.account}
      aria-label={`Account ${props.account}`}
      onClick={() => onOpen(props.account)}
    >
      <code>{text}</code>
    </button>
  );
}

export function Amount(props: { text: string; unit?: string }): ReactNode {
  return (
    <span className="amount">
      {grouped(props.text)}
      {props.unit ? <span className="soft"> {props.unit}</span> : null}
    </span>
  );
}

export function When(props: { atMs: number | null | undefined }): ReactNode {
  if (props.atMs == null) return <span className="faint">–</span>;
  return <time dateTime={new Date(props.atMs).toISOString()}>{moment(props.atMs)}</time>;
}

/** A figure with its name below it, for a row of them. */
export function Figure(props: {
  name: string;
  children: ReactNode;
  note?: ReactNode;
  tone?: "bad" | "wait" | undefined;
}): ReactNode {
  return (
    <div className={`figure ${props.tone ?? ""}`}>
      <dt>{props.name}</dt>
      <dd>
        <span className="value">{props.children}</span>
        {props.note ? <span className="note">{props.note}</span> : null}
      </dd>
    </div>
  );
}

/** Names and values, one below the other. */
export function Facts(props: { rows: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="facts">
      {props.rows.map(([name, value]) => (
        <div key={name} className="fact">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
