// What each action means, in plain words, before a wallet signs for it. One case for each kind; what another admin
// has to confirm is told apart here as the exchange tells it apart (POST /admin/actions, POST /admin/proposals).
import type { Schemas } from "../api/types";
import { percentOfPpm } from "../money/decimal";
import { moment, spoken } from "./figures";

export type Action = Schemas["AdminActionRequest"]["action"];
export type Proposal = Schemas["AdminProposalRequest"]["action"];
export type Told = Schemas["ActionMessage"];
type Limits = Schemas["LimitsMessage"];

export interface Words {
  readonly title: string;
  /** What will be so once it is done, a sentence each. */
  readonly effects: readonly string[];
  /** A word to type besides the reason, where a slip would cost much. */
  readonly typed?: string;
  readonly danger: boolean;
}

const PROPOSALS: ReadonlySet<string> = new Set([
  "open_market",
  "schedule_opening",
  "list_market",
  "delist_market",
  "release_account",
  "release_all",
  "resume_settlement",
]);

export function takesTwo(action: Action | Proposal): action is Proposal {
  return PROPOSALS.has(action.kind);
}

const SERVED: Record<string, string> = {
  open: "Orders enter and trade.",
  post_only: "Only post-only orders enter; nothing trades.",
  auction_open: "Orders gather without trading until the market opens at one price.",
  halted: "No order enters and nothing trades. Orders that rest stay, and can be canceled or reduced.",
  cancel_only: "No order enters and nothing trades; orders can only be canceled or reduced.",
  closed: "The market ends for ever: its orders are canceled, and it can not be opened again.",
};

export function served(state: string): string {
  return SERVED[state] ?? `The market is ${spoken(state)}.`;
}

export function wordsOf(action: Action | Proposal): Words {
  switch (action.kind) {
    case "set_market_state":
      return {
        title: `${stateVerb(action.state)} ${action.market}`,
        effects: [served(action.state), ...reference(action.reference_price), ...undoing(action.state)],
        danger: action.state === "halted" || action.state === "cancel_only",
      };
    case "open_market":
      return {
        title: `Open ${action.market} again`,
        effects: [served(action.state), ...reference(action.reference_price)],
        danger: true,
      };
    case "schedule_halt":
      return {
        title: `${stateVerb(action.state)} ${action.market} at ${moment(action.due_ms)}`,
        effects: [`From ${moment(action.due_ms)} on: ${served(action.state)}`, "Until then nothing changes."],
        danger: true,
      };
    case "schedule_opening":
      return {
        title: `Open ${action.market} at ${moment(action.due_ms)}`,
        effects: [`From ${moment(action.due_ms)} on: ${served(action.state)}`, ...reference(action.reference_price)],
        danger: true,
      };
    case "cancel_plan":
      return {
        title: `Take back what is planned for ${action.market}`,
        effects: [`What was to happen at ${moment(action.due_ms)} does not happen.`],
        danger: false,
      };
    case "cancel_orders":
      return {
        title: `Cancel all orders ${ordersOf(action.account, action.market)}`,
        effects: [
          `Every open order ${ordersOf(action.account, action.market)} is canceled at once and its hold is released.`,
          "Fills that were made stay. New orders still enter.",
        ],
        danger: true,
      };
    case "stop_account":
      return {
        title: "Freeze this account",
        effects: [
          `Nothing more enters from ${action.account}: no orders, no replacements.`,
          action.cancel ? "Its open orders are canceled at once." : "Its open orders stay and can still trade.",
          "Its funds are untouched: it can cancel, and withdraw through the contract.",
          "Only two admins together can release it again.",
        ],
        danger: true,
      };
    case "release_account":
      return {
        title: "Release this account",
        effects: [`${action.account} may place orders again, within its tier's limits.`],
        danger: true,
      };
    case "stop_all":
      return {
        title: "Engage the kill switch",
        effects: [
          "Nothing more enters from anybody, in any market, at once.",
          action.cancel
            ? "Every open order is canceled at once."
            : "Orders that rest stay; their traders can cancel them.",
          "What was traded settles on. Funds are untouched, and exits through the contract stay open.",
          "Only two admins together can lift it again.",
        ],
        typed: "STOP",
        danger: true,
      };
    case "release_all":
      return {
        title: "Lift the kill switch",
        effects: ["Everybody may place orders again, but for accounts that were frozen one by one."],
        danger: true,
      };
    case "set_risk_tier":
      return {
        title: `Set the limits of the tier ${action.tier}`,
        effects: [
          action.tier === "default"
            ? "They hold at once for every account that is in no other tier."
            : "They hold at once for every account of this tier.",
          ...limitWords(action.limits),
        ],
        danger: false,
      };
    case "assign_risk_tier":
      return {
        title: `Put the account into the tier ${action.tier ?? "default"}`,
        effects: [`From now on ${action.account} has the limits of the tier ${action.tier ?? "default"}.`],
        danger: false,
      };
    case "set_account_group":
      return {
        title:
          action.group == null ? "Take the account out of its group" : `Put the account into the group ${action.group}`,
        effects: [
          action.group == null
            ? `${action.account} counts as a trader of its own again.`
            : "Accounts of a group count as one trader: their orders do not trade with each other.",
        ],
        danger: false,
      };
    case "set_fees":
      return {
        title: `Set the fees of ${action.market}`,
        effects: [
          `${action.due_ms == null ? "At once" : `From ${moment(action.due_ms)} on`} ${feeWords(action.fees)}.`,
          "Orders that were signed for less are never charged more than they allow.",
        ],
        danger: false,
      };
    case "pause_settlement":
      return {
        title: "Pause the sending of batches",
        effects: [
          "No batch is sent to the chain until two admins let it go on. Trading goes on meanwhile.",
          "If it stays so for long, matching pauses too, since fills must settle in time.",
        ],
        danger: true,
      };
    case "resume_settlement":
      return { title: "Send batches again", effects: ["What waits is sent to the chain at once."], danger: true };
    case "retry_settlement":
      return {
        title: `${action.bump ? "Offer more for" : "Send again"} batch ${action.batch}`,
        effects: [
          action.bump
            ? "The transaction is replaced by one that pays more, up to the ceiling of the settings."
            : "The same transaction is handed to the node again. It can settle only once.",
        ],
        danger: false,
      };
    case "list_market":
      return {
        title: `List ${action.market.id}`,
        effects: [
          `It begins ${spoken(action.state ?? "halted")}. ${served(action.state ?? "halted")}`,
          `Prices move by ${action.market.tick}, quantities by ${action.market.lot}. Its terms never change afterwards.`,
          ...termWords(action.market),
          ...(action.market.base_token == null
            ? []
            : [
                `On chain it is market ${action.market.number}, of ${action.market.base_token} and ${action.market.quote_token}.`,
              ]),
        ],
        danger: true,
      };
    case "delist_market":
      return {
        title: `Close ${action.market} for ever`,
        effects: [
          action.due_ms == null ? served("closed") : `At ${moment(action.due_ms)}: ${served("closed")}`,
          "Funds stay what they are.",
        ],
        typed: action.market,
        danger: true,
      };
  }
}

/** Returns what an action of the log was called, for people; what is not known is shown as it is. */
export function kindWords(kind: string): string {
  const text = spoken(kind);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function stateVerb(state: string): string {
  return { halted: "Halt", open: "Open", closed: "Close" }[state] ?? `Move to ${spoken(state)}:`;
}

function reference(price: string | null | undefined): readonly string[] {
  return price == null ? [] : [`Until it trades, ${price} counts as its last price.`];
}

function undoing(state: string): readonly string[] {
  if (state !== "halted" && state !== "cancel_only") return [];
  return ["What was planned to open it is taken back.", "Only two admins together can open it again."];
}

function ordersOf(account: string | null | undefined, market: string | null | undefined): string {
  if (account && market) return `of ${account} in ${market}`;
  return account ? `of ${account}` : `in ${market ?? "the market"}`;
}

/** Returns what else a market's terms say; whoever confirms a listing sees no more of them than these words. */
function termWords(terms: Schemas["MarketTermsMessage"]): readonly string[] {
  const { maker_fee_ppm = 0, taker_fee_ppm = 0, fee_tiers: tiers = [] } = terms;
  const bounds = [
    ["Least order", terms.minimum_notional, "of quote"],
    ["Greatest order", terms.maximum_notional, "of quote"],
    ["Least quantity", terms.minimum_quantity, "of base"],
    ["Greatest quantity", terms.maximum_quantity, "of base"],
    ["Price band", terms.price_band_ppm == null ? null : percentOfPpm(terms.price_band_ppm), "around the last trade"],
  ] as const;
  return [
    `The base has ${terms.base_decimals} decimals, the quote ${terms.quote_decimals}.`,
    `At most ${feeWords({ maker_fee_ppm, taker_fee_ppm, tiers })}.`,
    ...bounds.flatMap(([name, value, unit]) => (value == null ? [] : [`${name}: ${value} ${unit}.`])),
  ];
}

export function feeWords(fees: Schemas["FeesMessage"]): string {
  const tiers = fees.tiers?.length ?? 0;
  const more = tiers === 0 ? "" : `, and less from ${tiers === 1 ? "one volume" : `${tiers} volumes`} on`;
  return `makers pay ${percentOfPpm(fees.maker_fee_ppm)} and takers ${percentOfPpm(fees.taker_fee_ppm)}${more}`;
}

export function limitWords(limits: Limits): readonly string[] {
  const said = (value: number | null | undefined, words: (text: string) => string, none: string): string =>
    value == null ? none : words(String(value));
  return [
    said(limits.order_notional, (text) => `One order: at most ${text} of quote.`, "One order: any size."),
    said(limits.open_orders, (text) => `At most ${text} open orders.`, "Any number of open orders."),
    said(limits.daily_volume, (text) => `At most ${text} of quote a UTC day.`, "Any volume a day."),
    said(limits.orders_per_second, (text) => `At most ${text} orders a second.`, "Any number of orders a second."),
    said(limits.position, (text) => `A position of at most ${text} of base.`, "Any position."),
    said(
      limits.price_band_ppm,
      (text) => `A price at most ${percentOfPpm(Number(text))} beyond the last trade.`,
      "Any price.",
    ),
    said(
      limits.unsettled_fills,
      (text) => `No order enters while ${text} fills are not final.`,
      "Any number of fills that are not final.",
    ),
    said(
      limits.unsettled_age_s,
      (text) => `No order enters once a fill that is not final is ${text} seconds old.`,
      "Fills that are not final, however old.",
    ),
    limits.prefunded ? "Orders are covered by final funds only." : "Funds that are not final yet cover orders, too.",
    limits.refuse_self_trade ? "Orders that would meet its own are refused." : "Self-trades end as each order says.",
  ];
}
