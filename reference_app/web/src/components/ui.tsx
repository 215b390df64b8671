// The design system's components. Each is markup and a class of components.css; none knows what it shows.
import { type ReactNode, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import { typedNumber } from "../money/decimal";

/** `apart` is for a panel whose size is given from outside: what changes within is laid out and painted within. */
export function Panel(props: {
  title: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  flush?: boolean;
  apart?: boolean;
  className?: string;
  label?: string;
}): ReactNode {
  return (
    <section className={`panel ${props.className ?? ""}`} aria-label={props.label}>
      <header>
        {typeof props.title === "string" ? <h2>{props.title}</h2> : props.title}
        {props.actions}
      </header>
      {props.apart ? (
        <div className="apart">
          <div>{props.children}</div>
        </div>
      ) : props.flush ? (
        props.children
      ) : (
        <div className="body">{props.children}</div>
      )}
    </section>
  );
}

export interface Tab {
  readonly id: string;
  readonly label: ReactNode;
}

/** A row of tabs; arrows move between them. The panel that they show is the caller's, named by `panelId`. */
export function Tabs(props: {
  label: string;
  tabs: readonly Tab[];
  chosen: string;
  onChoose: (id: string) => void;
  panelId: string;
}): ReactNode {
  const move = (step: number): void => {
    const at = props.tabs.findIndex((tab) => tab.id === props.chosen);
    const next = props.tabs[(at + step + props.tabs.length) % props.tabs.length];
    if (!next) return;
    props.onChoose(next.id);
    document.getElementById(`${props.panelId}-${next.id}`)?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={props.label}>
      {props.tabs.map((tab) => (
        <button
          key={tab.id}
          id={`${props.panelId}-${tab.id}`}
          type="button"
          role="tab"
          aria-selected={tab.id === props.chosen}
          aria-controls={props.panelId}
          tabIndex={tab.id === props.chosen ? 0 : -1}
          onClick={() => props.onChoose(tab.id)}
          onKeyDown={(event) => {
            if (event.key === "ArrowRight") move(1);
            if (event.key === "ArrowLeft") move(-1);
          }}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

export function Segments<T extends string>(props: {
  label: string;
  options: readonly { id: T; label: string; className?: string }[];
  chosen: T;
  onChoose: (id: T) => void;
}): ReactNode {
  return (
    <fieldset className="segments plain" aria-label={props.label}>
      {props.options.map((option) => (
        <button
          key={option.id}
          type="button"
          className={option.className}
          aria-pressed={option.id === props.chosen}
          onClick={() => props.onChoose(option.id)}
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  );
}

/** A text field; `number` aligns it and asks phones for digits, but what is typed stays text. */
export function Field(props: {
  label: ReactNode;
  value: string;
  onChange: (value: string) => void;
  unit?: string;
  hint?: ReactNode;
  problem?: string | null | undefined;
  number?: boolean;
  side?: ReactNode;
  name?: string;
  /** A date and time is chosen with the browser's own means. */
  type?: "text" | "datetime-local";
  disabled?: boolean;
  onStep?: (steps: number) => void;
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <div className="label spread">
        <label htmlFor={id}>{props.label}</label>
        {props.side}
      </div>
      <div className={`input ${props.number ? "number" : ""} ${props.problem ? "wrong" : ""}`}>
        <input
          id={id}
          name={props.name}
          type={props.type ?? "text"}
          value={props.value}
          disabled={props.disabled}
          inputMode={props.number ? "decimal" : "text"}
          autoComplete="off"
          spellCheck={false}
          maxLength={props.number ? 60 : 200}
          aria-invalid={props.problem ? true : undefined}
          aria-describedby={props.problem || props.hint ? `${id}-more` : undefined}
          onChange={(event) => {
            const { value } = event.target;
            const { inputType = "" } = event.nativeEvent as Partial<InputEvent>;
            const whole = inputType.startsWith("insertFrom") || inputType === "insertReplacementText";
            props.onChange(props.number ? typedNumber(props.value, value, whole) : value);
          }}
          onKeyDown={(event) => {
            if (!props.onStep || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
            event.preventDefault();
            props.onStep((event.key === "ArrowUp" ? 1 : -1) * (event.shiftKey ? 10 : 1));
          }}
        />
        {props.unit ? <span className="unit">{props.unit}</span> : null}
      </div>
      {props.problem ? (
        <span className="problem" id={`${id}-more`}>
          {props.problem}
        </span>
      ) : props.hint ? (
        <span className="hint" id={`${id}-more`}>
          {props.hint}
        </span>
      ) : null}
    </div>
  );
}

export function Choice<T extends string>(props: {
  label: ReactNode;
  value: T;
  options: readonly { id: T; label: string }[];
  onChange: (value: T) => void;
  hint?: string;
}): ReactNode {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <div className="input">
        <select id={id} value={props.value} onChange={(event) => props.onChange(event.target.value as T)}>
          {props.options.map((option) => (
            <option key={option.id} value={option.id}>
              {option.label}
            </option>
          ))}
        </select>
      </div>
      {props.hint ? <span className="hint">{props.hint}</span> : null}
    </div>
  );
}

export function Check(props: {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}): ReactNode {
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={props.checked}
        disabled={props.disabled}
        onChange={(event) => props.onChange(event.target.checked)}
      />
      <span>{props.label}</span>
    </label>
  );
}

export type Tone = "good" | "bad" | "wait" | "plain";

export function Badge(props: { tone: Tone; children: ReactNode; title?: string }): ReactNode {
  return (
    <span className={`badge ${props.tone}`} title={props.title}>
      {props.children}
    </span>
  );
}

/** What stands where there is nothing, said for people, with what to do next. */
export function Empty(props: { children: ReactNode; action?: ReactNode }): ReactNode {
  return (
    <div className="empty">
      <p>{props.children}</p>
      {props.action}
    </div>
  );
}

/** A modal dialog of the browser's own: Escape closes it, focus stays within, and goes back to where it was. */
export function Dialog(props: { title: string; onClose: () => void; children: ReactNode }): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // It is closed before it leaves the document: the browser gives no focus back for one that is gone.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element && !element.open) element.showModal();
    return () => element?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onCancel={props.onClose} onClose={props.onClose}>
      <div className="head">
        <h2 id={id}>{props.title}</h2>
        <button type="button" className="button quiet" aria-label="Close" onClick={props.onClose}>
          ✕
        </button>
      </div>
      <div className="body">{props.children}</div>
    </dialog>
  );
}

/** A button that is busy until its work ends, and does nothing more meanwhile; the focus stays on it. */
export function WorkButton(props: {
  children: ReactNode;
  work: () => Promise<void>;
  className?: string;
  disabled?: boolean;
  busy?: string;
  title?: string;
  label?: string;
}): ReactNode {
  const [busy, setBusy] = useState(false);
  const alive = useRef(true);
  useEffect(() => {
    alive.current = true;
    return () => {
      alive.current = false;
    };
  }, []);
  const run = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      await props.work();
    } finally {
      if (alive.current) setBusy(false);
    }
  };
  return (
    <button
      type="button"
      className={`button ${props.className ?? ""}`}
      disabled={props.disabled && !busy}
      aria-disabled={busy}
      aria-busy={busy}
      aria-label={props.label}
      title={props.title}
      onClick={() => void run()}
    >
      {busy ? (props.busy ?? "Working…") : props.children}
    </button>
  );
}
