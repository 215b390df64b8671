// Doing things: a dialog that says what will happen and what is so now, takes a reason, says what the wallet is asked
// to sign, and then says what came of it. What is not known stays unknown until it was asked for.
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { explain, Refused } from "../api/http";
import { Badge, Check, Dialog, Field, WorkButton } from "../components/ui";
import { desk } from "../state/desk";
import { notify, useStore } from "../state/store";
import { confirmed, type Request } from "../wallet/confirmed";
import { readAgain } from "./feed";
import { moment, spoken } from "./figures";
import { failed, noticeOf, type Outcome } from "./outcome";
import { type Action, type Proposal, type Told, takesTwo, type Words, wordsOf } from "./words";

const SHORTEST_REASON = 3;
const LONGEST_REASON = 500;

/** Signs for a request with the wallet that is connected, and sends it. */
export function signed<T>(request: Request): Promise<T> {
  return confirmed<T>(desk.http, desk.wallet(), location.origin, request);
}

/** Returns an id for an action, so that a repeat finds the first one. */
export function newActionId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `console-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The dialog of one action of the console. `now` says how things stand before it. */
export function ActionDialog(props: {
  action: Action | Proposal;
  now: ReactNode;
  /** Whether resting orders go, too: for actions that can say so. */
  canCancel?: boolean;
  /** What else is chosen before it is done. */
  children?: ReactNode;
  /** Why it can not be done yet. */
  blocked?: string | undefined;
  onClose: () => void;
}): ReactNode {
  const [cancel, setCancel] = useState(false);
  // What was refused is over: another try is another action. After silence the id stays, so that nothing is done twice.
  const [id, setId] = useState(newActionId);
  const action =
    props.canCancel && (props.action.kind === "stop_account" || props.action.kind === "stop_all")
      ? { ...props.action, cancel }
      : props.action;
  const two = takesTwo(action);
  return (
    <ConfirmDialog
      words={wordsOf(action)}
      now={props.now}
      two={two}
      blocked={props.blocked}
      onClose={props.onClose}
      renew={() => setId(newActionId())}
      ask={() => desk.http.get<Told>(`/admin/actions/${id}`)}
      request={(reason) => ({
        method: "POST",
        path: two ? "/admin/proposals" : "/admin/actions",
        body: { id, reason, action },
      })}
    >
      {props.children}
      {props.canCancel ? (
        <Check label="Also cancel the open orders at once" checked={cancel} onChange={setCancel} />
      ) : null}
    </ConfirmDialog>
  );
}

/** The dialog around any request that is signed for. */
export function ConfirmDialog(props: {
  words: Words;
  now: ReactNode;
  two?: boolean;
  /** No reason is asked where the request takes none. */
  reasonless?: boolean;
  button?: string;
  children?: ReactNode;
  blocked?: string | undefined;
  request: (reason: string) => Request;
  /** Another try follows what was refused. */
  renew?: () => void;
  /** Asks what became of it, after silence. */
  ask?: () => Promise<Told>;
  onClose: () => void;
}): ReactNode {
  const { words } = props;
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const wallet = useStore((state) => state.wallet);
  const reasonId = useId();
  const told = reason.trim();
  const ready =
    props.blocked === undefined &&
    (props.reasonless || told.length >= SHORTEST_REASON) &&
    (words.typed === undefined || typed === words.typed);
  const request = props.request(told);
  const open = useRef(true);
  useEffect(() => {
    open.current = true;
    return () => {
      open.current = false;
    };
  }, []);
  const act = async (): Promise<void> => {
    const found: Outcome = await signed<Told | undefined>(request).then(
      (answer) => ({ kind: "done", told: answer ?? NOTHING_TOLD }),
      failed,
    );
    // The wallet may be slower than the person: what was signed is done though the dialog was closed.
    if (open.current) setOutcome(found);
    else notify(...noticeOf(words.title, found));
    readAgain();
  };
  if (outcome) {
    return (
      <Dialog title={words.title} onClose={props.onClose}>
        <OutcomeView
          outcome={outcome}
          again={() => {
            props.renew?.();
            setOutcome(null);
          }}
          ask={props.ask ? async () => setOutcome(await asked(props.ask)) : undefined}
        />
        <button type="button" className="button wide" onClick={props.onClose}>
          Close
        </button>
      </Dialog>
    );
  }
  return (
    <Dialog title={words.title} onClose={props.onClose}>
      <section aria-label="What will happen">
        <h3>What will happen</h3>
        <ul className="effects">
          {words.effects.map((effect) => (
            <li key={effect} className="break">
              {effect}
            </li>
          ))}
        </ul>
      </section>
      <p>
        <span className="soft">Now: </span>
        {props.now}
      </p>
      {props.children}
      {props.two ? (
        <p className="callout warn">
          This takes two: you propose it, and another admin confirms it with another wallet before it expires. Nothing
          changes until then.
        </p>
      ) : null}
      {props.reasonless ? null : (
        <div className="field">
          <label htmlFor={reasonId}>Reason, for the audit log</label>
          <div className="input">
            <textarea
              id={reasonId}
              name="reason"
              rows={2}
              maxLength={LONGEST_REASON}
              value={reason}
              onChange={(event) => setReason(event.target.value)}
            />
          </div>
        </div>
      )}
      {words.typed === undefined ? null : (
        <Field label={`Type ${words.typed} to go on`} value={typed} onChange={setTyped} name="typed" />
      )}
      <section className="callout" aria-label="What you sign">
        <h3>What you sign</h3>
        <p>
          {wallet?.name ?? "Your wallet"} asks you to sign one message. It allows exactly this request, once, within two
          minutes. It moves no funds and costs nothing.
        </p>
        <details>
          <summary>The request</summary>
          <pre className="request">
            {request.method} {request.path}
            {"\n"}
            {JSON.stringify(request.body, null, 2)}
          </pre>
        </details>
      </section>
      <WorkButton
        className={`wide ${words.danger ? "go-sell" : "primary"}`}
        disabled={!ready}
        busy="Confirm in your wallet…"
        work={act}
      >
        {props.button ?? (props.two ? "Sign and propose" : "Sign and do it")}
      </WorkButton>
      {ready ? null : (
        <p className="small soft">
          {props.blocked ??
            (told.length < SHORTEST_REASON && !props.reasonless
              ? "Say why first; the reason is kept with your name."
              : `Type ${words.typed ?? ""} first.`)}
        </p>
      )}
    </Dialog>
  );
}

function OutcomeView(props: {
  outcome: Outcome;
  again: () => void;
  ask?: (() => Promise<void>) | undefined;
}): ReactNode {
  const { outcome } = props;
  switch (outcome.kind) {
    case "done":
      return <ToldView told={outcome.told} />;
    case "refused":
      return (
        <>
          <div className="callout bad" role="alert">
            <p>
              <b>It was not done.</b>
            </p>
            <p className="break">{outcome.why}</p>
          </div>
          <button type="button" className="button wide" onClick={props.again}>
            Back
          </button>
        </>
      );
    case "unknown":
      return (
        <>
          <div className="callout warn" role="alert">
            <p>
              <b>It is not known whether it was done.</b>
            </p>
            <p className="break">{outcome.why}</p>
          </div>
          {props.ask ? (
            <WorkButton className="wide primary" busy="Asking…" work={props.ask}>
              Ask what became of it
            </WorkButton>
          ) : (
            <p>Look whether it shows here or in the audit log before you try again.</p>
          )}
        </>
      );
  }
}

/** What came of an action: how it was and how it is, or until when it waits for whom. */
export function ToldView(props: { told: Told }): ReactNode {
  const { told } = props;
  if (told === NOTHING_TOLD) return <p className="callout good">Done.</p>;
  if (told.state === "proposed") {
    return (
      <div className="callout warn" role="status">
        <p>
          <b>Proposed. Nothing has changed yet.</b>
        </p>
        <p>
          Another admin confirms it under Approvals until{" "}
          {told.expires_at_ms ? moment(told.expires_at_ms) : "it expires"}.
        </p>
      </div>
    );
  }
  return (
    <div className={`callout ${told.state === "done" ? "good" : "warn"}`} role="status">
      <p>
        <b>{told.state === "done" ? "Done." : `It is ${spoken(told.state)}.`}</b>
      </p>
      <BeforeAfter before={told.before} after={told.after} />
    </div>
  );
}

export function BeforeAfter(props: { before: string; after: string }): ReactNode {
  if (!props.before && !props.after) return null;
  return (
    <p className="break">
      <span className="soft">before </span>
      {props.before || "–"}
      <span className="soft"> → after </span>
      <b>{props.after || "–"}</b>
    </p>
  );
}

export function StateBadge(props: { state: string }): ReactNode {
  const tone =
    props.state === "done"
      ? "good"
      : props.state === "proposed" || props.state === "running"
        ? "wait"
        : props.state === "refused" || props.state === "unknown"
          ? "bad"
          : "plain";
  return <Badge tone={tone}>{spoken(props.state)}</Badge>;
}

const NOTHING_TOLD = { state: "done" } as Told;

const UNWRITTEN =
  "What came of it was not written down: the exchange ended while it was being done, or its login database was away.";
const RUNNING =
  "It is still being done, or what came of it could not be written down: then it stays so until the exchange starts again.";

export async function asked(ask: (() => Promise<Told>) | undefined): Promise<Outcome> {
  if (!ask) return { kind: "unknown", why: "" };
  try {
    const told = await ask();
    if (told.state === "refused") return { kind: "refused", why: told.problem?.detail ?? "It was refused." };
    if (told.state === "unknown") return { kind: "unknown", why: told.problem?.detail || UNWRITTEN };
    if (told.state === "running") return { kind: "unknown", why: RUNNING };
    return { kind: "done", told };
  } catch (error) {
    if (error instanceof Refused && error.problem.status === 404)
      return { kind: "refused", why: "The exchange never got it: nothing was done." };
    return { kind: "unknown", why: explain(error) };
  }
}
