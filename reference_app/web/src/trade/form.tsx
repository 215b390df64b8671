// The order form: every type, a live preview of what it would hold and cost, and what is signed in words.
import { type FormEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { explain, refusal } from "../api/http";
import type { Market, Order, OrderAnswer, Preview } from "../api/types";
import { ConnectToTrade } from "../components/connect";
import { timeText } from "../components/times";
import { Check, Choice, Field, Panel, Segments } from "../components/ui";
import { floorTo, formatDecimal, grouped, percentOfPpm, tryDecimal } from "../money/decimal";
import { affordable, movePrice, showPrice, stepProblem, stepsOf } from "../money/market";
import {
  bestPrice,
  dated,
  discard,
  keyEndsMs,
  marketLimit,
  mayBudget,
  mayRest,
  type Prepared,
  place,
  prepare,
  previewOf,
  untilMs,
} from "../orders/entry";
import { usePreferences } from "../state/preferences";
import { notify, useStore } from "../state/store";
import { Review } from "./review";
import { forgetSent, type Kind, type Ticket, useTicket, write } from "./ticket";

const KINDS: readonly { id: Kind; label: string }[] = [
  { id: "limit", label: "Limit" },
  { id: "market", label: "Market" },
  { id: "stop_limit", label: "Stop limit" },
  { id: "stop_market", label: "Stop market" },
  { id: "take_profit_limit", label: "Take-profit limit" },
  { id: "take_profit_market", label: "Take-profit market" },
  { id: "bracket", label: "Bracket / OCO" },
];

const TIMES: readonly { id: Ticket["timeInForce"]; label: string }[] = [
  { id: "gtc", label: "Until canceled" },
  { id: "gtd", label: "Until a date" },
  { id: "ioc", label: "Immediate or cancel" },
  { id: "fok", label: "Fill or kill" },
];

/** Returns the first thing that is wrong with the form by field; empty when it can be previewed. */
export function problemsOf(market: Market, ticket: Ticket): Partial<Record<keyof Ticket, string>> {
  const found: Partial<Record<keyof Ticket, string>> = {};
  const look = (field: keyof Ticket, kind: "price" | "quantity"): void => {
    const problem = stepProblem(market, String(ticket[field]), kind);
    if (problem) found[field] = problem;
  };
  look("quantity", "quantity");
  if (ticket.kind !== "market" && (ticket.kind !== "bracket" || ticket.withEntry)) look("price", "price");
  if (ticket.kind.startsWith("stop") || ticket.kind.startsWith("take_profit")) look("trigger", "price");
  if (ticket.kind === "bracket") {
    look("takeProfit", "price");
    look("stop", "price");
  }
  if (ticket.iceberg && mayRest(ticket)) look("display", "quantity");
  if (dated(ticket)) {
    const atMs = untilMs(ticket);
    if (atMs === null) found.until = "Choose a day and a time";
    else if (atMs <= Date.now()) found.until = "This time has passed";
  }
  if (ticket.budget && mayBudget(ticket) && tryDecimal(ticket.budget, market.quote.decimals) === null)
    found.budget = "Not an amount";
  return found;
}

export function OrderForm(props: { market: Market }): ReactNode {
  const { market } = props;
  const ticket = useTicket();
  const account = useStore((state) => state.account);
  const confirm = usePreferences((state) => state.confirmOrders);
  // What is reviewed, and what was typed for it: more may be typed before it is signed and answered.
  const [reviewed, setReviewed] = useState<{ ready: Prepared; typed: Ticket } | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const { hold, sent, leave, shown } = useHeld();
  const problems = useMemo(() => problemsOf(market, ticket), [market, ticket]);
  const complete = Object.keys(problems).length === 0;
  const preview = usePreview(market, ticket, complete && account !== null);
  const timed = !ticket.kind.endsWith("market") && ticket.kind !== "bracket";

  const send = async (ready: Prepared, typed: Ticket): Promise<void> => {
    sent();
    const answers = await place(market, ready);
    notify(...outcomeOf(answers));
    forgetSent(typed);
  };
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || !complete) return;
    setBusy(true);
    setProblem("");
    try {
      const ready = await prepare(market, ticket);
      if (!confirm) await send(ready, ticket);
      else if (hold(ready)) setReviewed({ ready, typed: ticket });
    } catch (error) {
      if (shown()) setProblem(explain(error));
      else notify("bad", explain(error));
    } finally {
      setBusy(false);
    }
  };
  const close = (): void => {
    leave();
    setReviewed(null);
  };

  return (
    <Panel title="Order" className="order-form" label="Order form">
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <Segments
          label="Side"
          chosen={ticket.side}
          options={[
            { id: "buy", label: "Buy", className: "buy-side" },
            { id: "sell", label: "Sell", className: "sell-side" },
          ]}
          onChoose={(side) => write({ side })}
        />
        <div className="side-by-side">
          <Choice<Kind> label="Type" value={ticket.kind} options={KINDS} onChange={(kind) => write({ kind })} />
          {timed ? (
            <Choice
              label="Time in force"
              value={ticket.timeInForce}
              options={TIMES}
              onChange={(timeInForce) => write({ timeInForce })}
            />
          ) : null}
        </div>
        <Fields market={market} ticket={ticket} problems={problems} />
        {timed ? (
          <>
            {dated(ticket) ? (
              <Field
                label="Until"
                name="until"
                type="datetime-local"
                value={ticket.until}
                problem={ticket.until ? problems.until : null}
                hint="Your local time. What has not traded by then expires."
                onChange={(until) => write({ until })}
              />
            ) : (
              <Lifetime market={market} ticket={ticket} />
            )}
            <div className="row wrap">
              <Check
                label="Post-only"
                checked={ticket.postOnly && mayRest(ticket)}
                disabled={!mayRest(ticket)}
                onChange={(postOnly) => write({ postOnly })}
              />
              <Check
                label="Iceberg"
                checked={ticket.iceberg && mayRest(ticket)}
                disabled={!mayRest(ticket)}
                onChange={(iceberg) => write({ iceberg })}
              />
            </div>
          </>
        ) : null}
        <PreviewBox preview={preview} market={market} ticket={ticket} />
        {problem ? (
          <p className="callout bad" role="alert">
            {problem}
          </p>
        ) : null}
        {account ? (
          <button
            type="submit"
            className={`button wide ${ticket.side === "buy" ? "go-buy" : "go-sell"}`}
            disabled={!complete && !busy}
            aria-disabled={busy}
            aria-busy={busy}
          >
            {busy ? "Working…" : `${ticket.side === "buy" ? "Buy" : "Sell"} ${market.base.id}`}
          </button>
        ) : (
          <ConnectToTrade />
        )}
      </form>
      {reviewed ? (
        <Review
          market={market}
          prepared={reviewed.ready}
          onClose={close}
          onSign={() => send(reviewed.ready, reviewed.typed)}
        />
      ) : null}
    </Panel>
  );
}

/**
 * Holds what is reviewed until it is left, by a button or with the page, and gives its lanes back then. What is signed and
 * sent goes on though its dialog was closed, and gives them back itself.
 */
function useHeld(): { hold(ready: Prepared): boolean; sent(): void; leave(): void; shown(): boolean } {
  const held = useRef<Prepared | null>(null);
  const shown = useRef(true);
  const leave = (): void => {
    if (held.current) discard(held.current);
    held.current = null;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: both are of this form for as long as it is there
  useEffect(() => {
    shown.current = true;
    return () => {
      shown.current = false;
      leave();
    };
  }, []);
  return {
    hold: (ready) => {
      if (shown.current) held.current = ready;
      else discard(ready);
      return shown.current;
    },
    sent: () => {
      held.current = null;
    },
    leave,
    shown: () => shown.current,
  };
}

/** What became of orders at once, in words; an immediate order that traded nothing is no success. */
export function outcomeOf(answers: readonly OrderAnswer[]): ["good" | "plain", string] {
  const [answer] = answers;
  const fills = answers.reduce((sum, one) => sum + (one.fills?.length ?? 0), 0);
  const traded = fills ? `, ${fills} ${fills === 1 ? "fill" : "fills"} matched, not yet settled` : "";
  if (answers.length !== 1 || !answer) return ["good", `${answers.length} linked orders accepted${traded}.`];
  const { order } = answer;
  // One of which no answer came was looked for, and is known without its fills.
  const filled = order.filled === "0" ? "" : `, ${grouped(order.filled)} traded`;
  if (order.status === "canceled" && !traded && !filled)
    return ["plain", "Order accepted and canceled at once: there was nothing that it could trade with."];
  return ["good", `Order accepted: ${statusWords(order)}${traded || filled}.`];
}

function statusWords(order: Order): string {
  if (order.status !== "new") return order.status.replace("_", " ");
  return order.waiting ? "it waits for its trigger" : "it waits in the book";
}

function Fields(props: { market: Market; ticket: Ticket; problems: Partial<Record<keyof Ticket, string>> }): ReactNode {
  const { market, ticket, problems } = props;
  const shown = (field: keyof Ticket): string | null => (ticket[field] ? (problems[field] ?? null) : null);
  const step = (field: "price" | "trigger" | "takeProfit" | "stop") => (steps: number) => {
    const moved = movePrice(market, String(ticket[field]), BigInt(steps));
    if (moved) write({ [field]: moved });
  };
  const price = (field: "price" | "trigger" | "takeProfit" | "stop", label: string): ReactNode => (
    <Field
      label={label}
      name={field}
      number
      value={ticket[field]}
      unit={market.quote.id}
      problem={shown(field)}
      onStep={step(field)}
      onChange={(value) => write({ [field]: value })}
    />
  );
  const waits = ticket.kind.startsWith("stop") || ticket.kind.startsWith("take_profit");
  const isMarket = ticket.kind.endsWith("market");
  return (
    <>
      {ticket.kind === "bracket" ? (
        <Check
          label="With an entry order first"
          checked={ticket.withEntry}
          onChange={(withEntry) => write({ withEntry })}
        />
      ) : null}
      {waits ? price("trigger", "Trigger price") : null}
      {ticket.kind === "market" ? <MarketNote market={market} ticket={ticket} /> : null}
      {ticket.kind !== "market" && (ticket.kind !== "bracket" || ticket.withEntry)
        ? price("price", isMarket ? "Worst price accepted" : ticket.kind === "bracket" ? "Entry price" : "Price")
        : null}
      <Field
        label="Quantity"
        name="quantity"
        number
        value={ticket.quantity}
        unit={market.base.id}
        problem={shown("quantity")}
        onChange={(quantity) => write({ quantity })}
      />
      <Shares market={market} ticket={ticket} />
      {ticket.kind === "bracket" ? (
        <>
          {price("takeProfit", "Take profit at")}
          {price("stop", "Stop loss at")}
        </>
      ) : null}
      {ticket.iceberg && mayRest(ticket) ? (
        <Field
          label="Shown at a time"
          name="display"
          number
          value={ticket.display}
          unit={market.base.id}
          problem={shown("display")}
          onChange={(display) => write({ display })}
        />
      ) : null}
      {mayBudget(ticket) ? (
        <Field
          label="Spend at most (optional)"
          name="budget"
          number
          value={ticket.budget}
          unit={market.quote.id}
          problem={shown("budget")}
          onChange={(budget) => write({ budget })}
        />
      ) : null}
    </>
  );
}

function MarketNote(props: { market: Market; ticket: Ticket }): ReactNode {
  const { market, ticket } = props;
  useStore((state) => state.book.sequence);
  const ppm = usePreferences((state) => state.protectionPpm);
  const limit = marketLimit(market, ticket);
  return (
    <p className="small soft">
      {limit
        ? `Protected: never ${ticket.side === "buy" ? "above" : "below"} ${showPrice(market, limit)} ${market.quote.id}, ${percentOfPpm(ppm)} from the best price.`
        : "Nobody quotes the other side now, so a market order has no price."}
    </p>
  );
}

/** A signed order always ends some time; one that rests says when. */
function Lifetime(props: { market: Market; ticket: Ticket }): ReactNode {
  const hours = usePreferences((state) => state.lifetimeHours);
  if (props.ticket.timeInForce !== "gtc") return null;
  return <p className="small soft">{lifetimeWords(props.market, hours)}</p>;
}

export function lifetimeWords(market: Market, hours: number): string {
  const keyMs = keyEndsMs(market, hours);
  if (keyMs !== null) return `Ends with the session key of this browser, ${timeText(keyMs)}.`;
  const days = hours / 24;
  const words = hours === 1 ? "an hour" : days < 1 ? `${hours} hours` : days === 1 ? "a day" : `${days} days`;
  return `Ends ${words} after it is signed, as set in Settings.`;
}

/** A quarter, a half, or all of what there is to spend; of a limit order without a price, at the best one of the others. */
function Shares(props: { market: Market; ticket: Ticket }): ReactNode {
  const { market, ticket } = props;
  const spent = ticket.side === "buy" ? market.quote : market.base;
  const available = useStore((state) => state.balances.find((one) => one.asset === spent.id)?.available ?? null);
  if (available === null) return null;
  const part = (hundredths: bigint): void => {
    const steps = stepsOf(market);
    const offered = ticket.kind === "limit" ? bestPrice(ticket.side) : "";
    const price = ticket.kind === "market" ? marketLimit(market, ticket) : ticket.price || offered;
    const most = ticket.side === "buy" ? affordable(market, available, price, market.taker_fee_ppm) : available;
    const atoms =
      most === null ? null : tryDecimal(most, ticket.side === "buy" ? steps.quantityDecimals : steps.baseDecimals);
    if (atoms === null) {
      notify("plain", "Enter a price first.");
      return;
    }
    write({
      ...(ticket.price || !offered ? {} : { price: offered }),
      quantity: lots(market, atoms * hundredths, ticket.side === "buy" ? steps.quantityDecimals : steps.baseDecimals),
    });
  };
  return (
    <div className="spread shares">
      <div className="row">
        {([25n, 50n, 100n] as const).map((hundredths) => (
          <button key={String(hundredths)} type="button" className="button tiny" onClick={() => part(hundredths)}>
            {hundredths === 100n ? "Max" : `${hundredths}%`}
          </button>
        ))}
      </div>
      <span className="small soft">
        {grouped(available)} {spent.id}
      </span>
    </div>
  );
}

function lots(market: Market, hundredAtoms: bigint, decimals: number): string {
  const steps = stepsOf(market);
  const scale = 10n ** BigInt(decimals - steps.quantityDecimals);
  return formatDecimal(floorTo(hundredAtoms / 100n / scale, steps.lot), steps.quantityDecimals);
}

type PreviewState = { readonly answer: Preview | null; readonly problem: string };

/** How long the form is left alone before its preview is asked for, and how often again: book and balances move on. */
const SETTLED_MS = 250;
const AGAIN_MS = 3_000;

function usePreview(market: Market, ticket: Ticket, wanted: boolean): PreviewState {
  const [state, setState] = useState<PreviewState>({ answer: null, problem: "" });
  useEffect(() => {
    if (!wanted || ticket.kind === "bracket") {
      setState({ answer: null, problem: "" });
      return;
    }
    let current = true;
    let timer = setTimeout(ask, SETTLED_MS);
    function ask(): void {
      previewOf(market, ticket)
        .then((answer) => current && setState({ answer, problem: "" }))
        .catch((error: unknown) => current && setState({ answer: null, problem: explain(error) }))
        .finally(() => {
          if (current) timer = setTimeout(ask, AGAIN_MS);
        });
    }
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [market, ticket, wanted]);
  return state;
}

function PreviewBox(props: { preview: PreviewState; market: Market; ticket: Ticket }): ReactNode {
  const { answer, problem } = props.preview;
  if (problem) return <p className="small warn">{problem}</p>;
  if (props.ticket.kind === "bracket")
    return (
      <p className="small soft">
        {props.ticket.withEntry
          ? "Three orders: the entry, then a take-profit and a stop for as much of it as was filled."
          : "Two orders: what one of them fills, the other can no longer."}{" "}
        What each holds and costs stands before you sign.
      </p>
    );
  if (!answer) return <p className="small faint">With a price and a quantity, what it holds and costs stands here.</p>;
  const worst = answer.worst_case;
  return (
    <div className="stack" aria-live="polite">
      <dl className="facts" data-testid="preview">
        <dt>Held while open</dt>
        <dd>
          {grouped(answer.hold)} {answer.hold_asset}
        </dd>
        <dt>Fee as maker, {percentOfPpm(answer.maker_fee_ppm)}</dt>
        <dd>
          {grouped(answer.maker_fee)} {answer.fee_asset}
        </dd>
        <dt>Fee as taker, {percentOfPpm(answer.taker_fee_ppm)}</dt>
        <dd>
          {grouped(answer.taker_fee)} {answer.fee_asset}
        </dd>
        <dt>At worst you pay</dt>
        <dd>
          {grouped(worst.pays_at_most)} {worst.pays_asset}
        </dd>
        <dt>and receive at least</dt>
        <dd>
          {grouped(worst.receives_at_least)} {worst.receives_asset}
        </dd>
      </dl>
      {answer.problem ? <p className="small warn">It would be refused now. {refusal(answer.problem)}</p> : null}
    </div>
  );
}
