// What is typed into the order form; the book and the shortcuts write into it too.
import { create } from "zustand";
import type { OrderType, Side } from "../api/types";

export type Kind = OrderType | "bracket";

export interface Ticket {
  readonly side: Side;
  readonly kind: Kind;
  readonly price: string;
  readonly quantity: string;
  readonly trigger: string;
  readonly display: string;
  readonly budget: string;
  readonly timeInForce: "gtc" | "gtd" | "ioc" | "fok";
  /** Of an order until a date: the browser's local date and time, such as 2026-12-24T18:00. */
  readonly until: string;
  readonly postOnly: boolean;
  readonly iceberg: boolean;
  readonly selfTrade: "cancel_aggressor" | "cancel_resting" | "cancel_both" | "decrement_and_cancel";
  readonly takeProfit: string;
  readonly stop: string;
  readonly withEntry: boolean;
}

export const EMPTY_TICKET: Ticket = {
  side: "buy",
  kind: "limit",
  price: "",
  quantity: "",
  trigger: "",
  display: "",
  budget: "",
  timeInForce: "gtc",
  until: "",
  postOnly: false,
  iceberg: false,
  selfTrade: "cancel_aggressor",
  takeProfit: "",
  stop: "",
  withEntry: true,
};

export const useTicket = create<Ticket>()(() => EMPTY_TICKET);

export function write(change: Partial<Ticket>): void {
  useTicket.setState(change);
}

/** Empties the form of what was sent, but for its side, kind and price; what was typed since stays. */
export function forgetSent(sent: Ticket): void {
  if (useTicket.getState() === sent) write({ ...EMPTY_TICKET, side: sent.side, kind: sent.kind, price: sent.price });
}

/** Forgets prices and amounts, as when another market is looked at: there they say something else. */
export function forgetAmounts(): void {
  const { price, quantity, trigger, display, budget, takeProfit, stop } = EMPTY_TICKET;
  useTicket.setState({ price, quantity, trigger, display, budget, takeProfit, stop });
}
