// What the pages show. Components read it; only the desk writes it.
import { create } from "zustand";
import type { Level } from "../api/book";
import type { SocketState } from "../api/socket";
import type { Balance, Fill, Info, Market, Order, Role, Ticker, Trade } from "../api/types";
import type { Wallet } from "../wallet/wallet";

export interface Notice {
  readonly id: number;
  readonly tone: "good" | "bad" | "plain";
  readonly text: string;
}

export interface BookView {
  readonly synced: boolean;
  readonly sequence: number;
  readonly atMs: number;
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}

export interface State {
  readonly info: Info | null;
  readonly markets: readonly Market[];
  readonly marketId: string | null;
  readonly startProblem: string | null;
  /** Whether an order sent now would be taken; null until the exchange said. */
  readonly accepting: boolean | null;
  readonly socket: SocketState;
  /** When the exchange was heard last before the socket became what it is; 0 when it was not. */
  readonly heardMs: number;
  readonly book: BookView;
  readonly trades: readonly Trade[];
  readonly ticker: Ticker | null;
  readonly wallet: Wallet | null;
  readonly account: string | null;
  /** What the account may do beside trading, as of the last sign-in or renewal; links follow it, rights do not. */
  readonly role: Role;
  readonly orders: ReadonlyMap<string, Order>;
  /** What became of orders that ended while this page listened: newer than what lists of the past say. */
  readonly ended: ReadonlyMap<string, Order>;
  /** How often the orders were read anew: lists of the past begin again with each. */
  readonly ordersBegun: number;
  readonly fills: readonly Fill[];
  /** Whether the newest fills were read: until then, none shown are not none. */
  readonly fillsRead: boolean;
  /** Whether there are fills older than these. */
  readonly moreFills: boolean;
  readonly balances: readonly Balance[];
  readonly accountRead: boolean;
  readonly notices: readonly Notice[];
}

export const NO_BOOK: BookView = { synced: false, sequence: 0, atMs: 0, bids: [], asks: [] };

export const NOBODY = {
  account: null,
  role: "trader" as Role,
  orders: new Map<string, Order>(),
  ended: new Map<string, Order>(),
  ordersBegun: 0,
  fills: [] as readonly Fill[],
  fillsRead: false,
  moreFills: false,
  balances: [] as readonly Balance[],
  accountRead: false,
};

export const useStore = create<State>()(() => ({
  info: null,
  markets: [],
  marketId: null,
  startProblem: null,
  accepting: null,
  socket: "connecting",
  heardMs: 0,
  book: NO_BOOK,
  trades: [],
  ticker: null,
  wallet: null,
  ...NOBODY,
  notices: [],
}));

/** The market that is looked at, once markets are known. */
export function useMarket(): Market | null {
  return useStore((state) => state.markets.find((market) => market.id === state.marketId) ?? null);
}

let notices = 0;

/** Tells the person something; it goes away by itself, failures later than successes. */
export function notify(tone: Notice["tone"], text: string): void {
  const id = ++notices;
  useStore.setState((state) => ({ notices: [...state.notices.slice(-3), { id, tone, text }] }));
  setTimeout(() => dismiss(id), tone === "bad" ? 12_000 : 5_000);
}

export function dismiss(id: number): void {
  useStore.setState((state) => ({ notices: state.notices.filter((notice) => notice.id !== id) }));
}
