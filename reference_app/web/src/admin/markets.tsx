// Markets: how each stands, where it may go from there, what is planned, and its terms.
import { type ReactNode, useState } from "react";
import type { Schemas } from "../api/types";
import { Badge, Choice, Panel } from "../components/ui";
import { grouped, percentOfPpm } from "../money/decimal";
import { ActionDialog } from "./act";
import { useRead } from "./feed";
import { begun, moment, spoken } from "./figures";
import { ListingPanel } from "./listing";
import { MarketState } from "./overview";
import { Amount, Facts, Figure, ReadPanel } from "./parts";
import { type Action, feeWords, type Proposal, served } from "./words";

type Markets = Schemas["AdminMarketsAnswer"];
type AdminMarket = Schemas["AdminMarketMessage"];
export type MarketStateWord = AdminMarket["moves"][number];

const TRADING: ReadonlySet<string> = new Set(["open", "post_only", "auction_open"]);

/** Returns the action or proposal that moves a market: from standing to taking orders takes two admins, as closing does. */
export function moving(market: string, from: string, to: MarketStateWord): Action | Proposal {
  if (to === "closed") return { kind: "delist_market", market, due_ms: null };
  if (!TRADING.has(from) && (to === "open" || to === "post_only" || to === "auction_open"))
    return { kind: "open_market", market, state: to, reference_price: null };
  return { kind: "set_market_state", market, state: to, reference_price: null };
}

/** Returns the action or proposal that moves a market at a time. */
export function planning(market: string, to: MarketStateWord, dueMs: number): Action | Proposal {
  if (to === "closed") return { kind: "delist_market", market, due_ms: dueMs };
  if (to === "halted" || to === "cancel_only") return { kind: "schedule_halt", market, state: to, due_ms: dueMs };
  return { kind: "schedule_opening", market, state: to, due_ms: dueMs, reference_price: null };
}

interface Doing {
  readonly action: Action | Proposal;
  readonly now: string;
}

export function MarketsPage(): ReactNode {
  const markets = useRead<Markets>("/admin/markets");
  const [doing, setDoing] = useState<Doing | null>(null);
  const [listing, setListing] = useState(false);
  return (
    <>
      <ReadPanel
        title="Markets"
        reading={markets}
        actions={
          <button type="button" className="button tiny" aria-expanded={listing} onClick={() => setListing(!listing)}>
            List a market…
          </button>
        }
      >
        {(value) => (
          <>
            {listing ? <ListingPanel act={(action) => setDoing({ action, now: "not listed" })} /> : null}
            {value.markets.length === 0 ? <p className="empty">No market is listed.</p> : null}
            <div className="stack">
              {value.markets.map((market) => (
                <MarketView key={market.market.id} market={market} act={setDoing} />
              ))}
            </div>
          </>
        )}
      </ReadPanel>
      {doing ? <ActionDialog action={doing.action} now={doing.now} onClose={() => setDoing(null)} /> : null}
    </>
  );
}

function MarketView(props: { market: AdminMarket; act: (doing: Doing) => void }): ReactNode {
  const { market, act } = props;
  const terms = market.market;
  const now = `${spoken(terms.state)}, ${market.open_orders} open orders`;
  const fees = terms.fees ?? {
    maker_fee_ppm: terms.maker_fee_ppm,
    taker_fee_ppm: terms.taker_fee_ppm,
    tiers: terms.fee_tiers ?? [],
  };
  return (
    <Panel
      title={
        <span className="row wrap">
          <h2 className="one-line">{terms.id}</h2>
          <MarketState state={terms.state} />
          {market.isolated ? <Badge tone="bad">broke an invariant</Badge> : null}
        </span>
      }
      label={terms.id}
      actions={
        <span className="row wrap" role="group" aria-label={`Move ${terms.id}`}>
          {market.moves.map((state) => (
            <button
              key={state}
              type="button"
              className="button tiny"
              title={served(state)}
              onClick={() => act({ action: moving(terms.id, terms.state, state), now })}
            >
              {state === "halted" ? "Halt" : state === "closed" ? "Close for ever" : begun(spoken(state))}…
            </button>
          ))}
          <button
            type="button"
            className="button tiny"
            disabled={market.open_orders === 0}
            onClick={() => act({ action: { kind: "cancel_orders", market: terms.id, account: null }, now })}
          >
            Cancel orders…
          </button>
        </span>
      }
    >
      <p className="soft">{served(terms.state)}</p>
      <dl className="figures" aria-label={`Figures of ${terms.id}`}>
        <Figure name="Open orders" note={`${grouped(String(market.waiting_orders))} wait for a price`}>
          {grouped(String(market.open_orders))}
        </Figure>
        <Figure name="Price step">{terms.tick}</Figure>
        <Figure name="Quantity step">{terms.lot}</Figure>
        <Figure name="Least order" note={terms.quote.id}>
          {grouped(terms.minimum_notional)}
        </Figure>
        <Figure name="Price band">{terms.price_band_ppm == null ? "none" : percentOfPpm(terms.price_band_ppm)}</Figure>
      </dl>
      {terms.opening ? (
        <p>
          If the auction ended now: {grouped(terms.opening.quantity)} {terms.base.id} at {grouped(terms.opening.price)}{" "}
          {terms.quote.id}.
        </p>
      ) : null}
      <Plans market={market} act={act} />
      <details>
        <summary>Terms and fees</summary>
        <Facts
          rows={[
            ["Number in the contract", String(terms.number)],
            ["Base", `${terms.base.id}, ${terms.base.decimals} decimals`],
            ["Base token", <code key="base">{terms.base.token ?? "none"}</code>],
            ["Quote", `${terms.quote.id}, ${terms.quote.decimals} decimals`],
            ["Quote token", <code key="quote">{terms.quote.token ?? "none"}</code>],
            ["Least quantity", terms.minimum_quantity ?? "none"],
            ["Greatest quantity", terms.maximum_quantity ?? "none"],
            [
              "Greatest order",
              terms.maximum_notional ? (
                <Amount key="most" text={terms.maximum_notional} unit={terms.quote.id} />
              ) : (
                "none"
              ),
            ],
            ["Charged now", feeWords(fees)],
          ]}
        />
      </details>
    </Panel>
  );
}

function Plans(props: { market: AdminMarket; act: (doing: Doing) => void }): ReactNode {
  const { market, act } = props;
  const id = market.market.id;
  return (
    <section aria-label={`What is planned for ${id}`}>
      <h3>Planned</h3>
      {market.plans.length === 0 ? (
        <p className="soft">Nothing.</p>
      ) : (
        <ul className="alarms">
          {market.plans.map((plan) => (
            <li key={plan.due_ms}>
              <time dateTime={new Date(plan.due_ms).toISOString()}>{moment(plan.due_ms)}</time>
              <span>
                {plan.state ? spoken(plan.state) : ""}
                {plan.fees ? feeWords(plan.fees) : ""}
              </span>
              <button
                type="button"
                className="button tiny"
                onClick={() =>
                  act({
                    action: { kind: "cancel_plan", market: id, due_ms: plan.due_ms },
                    now: `${plan.state ? spoken(plan.state) : "other fees"} at ${moment(plan.due_ms)}`,
                  })
                }
              >
                Take back…
              </button>
            </li>
          ))}
        </ul>
      )}
      <PlanForm market={market} act={act} />
    </section>
  );
}

function PlanForm(props: { market: AdminMarket; act: (doing: Doing) => void }): ReactNode {
  const { market, act } = props;
  const [state, setState] = useState<MarketStateWord>("halted");
  const [when, setWhen] = useState("");
  const dueMs = Date.parse(when);
  const id = market.market.id;
  return (
    <details>
      <summary>Plan a change of state</summary>
      <div className="seek">
        <Choice<MarketStateWord>
          label={`State of ${id}`}
          value={state}
          options={(["halted", "cancel_only", "post_only", "auction_open", "open", "closed"] as const).map((one) => ({
            id: one,
            label: spoken(one),
          }))}
          onChange={setState}
        />
        <div className="field">
          <label htmlFor={`when-${id}`}>From, by this machine's clock</label>
          <div className="input">
            <input
              id={`when-${id}`}
              type="datetime-local"
              step={1}
              value={when}
              onChange={(event) => setWhen(event.target.value)}
            />
          </div>
        </div>
        <button
          type="button"
          className="button"
          disabled={!Number.isFinite(dueMs)}
          onClick={() => act({ action: planning(id, state, dueMs), now: `${spoken(market.market.state)}` })}
        >
          Plan…
        </button>
      </div>
    </details>
  );
}
