// From the form to the exchange: the request, its preview, the words, the signature, and what became of it.
//
// The document that is signed is made here. Where the exchange's preview says something else, nothing is signed.
import { InDoubt, Refused, Unknown } from "../api/http";
import type {
  LinkedAnswer,
  LinkedRequest,
  Market,
  Order,
  OrderAnswer,
  OrderRequest,
  Preview,
  ReplaceRequest,
  Schemas,
  Side,
} from "../api/types";
import { protectedPrice } from "../money/market";
import { desk } from "../state/desk";
import { usePreferences } from "../state/preferences";
import { useStore } from "../state/store";
import type { Ticket } from "../trade/ticket";
import { activeKey, keptKey } from "../wallet/session_keys";
import { Lanes, nextRevision, unpackNonce } from "./lanes";
import { keepLifetime, lifetimeOf } from "./lifetimes";
import { difference, orderDocument } from "./typed_data";

const LANE_CHOICE = "hybrid-dex.lanes";
const ASKS = 4;
const ASK_AGAIN_MS = 1_500;
/** For how long an order is wanted after it was sent: none enters later, so that nothing enters that was told as lost. */
const WANTED_MS = 10_000;
const UNKNOWN_ORDER = "unknown_order";

const lanes = new Lanes(laneChoice());
const tried = new Map<string, bigint>();

function laneChoice(): number {
  const kept = Number(sessionStorage.getItem(LANE_CHOICE));
  if (kept > 0 && kept < 1) return kept;
  const [first = 0] = crypto.getRandomValues(new Uint32Array(1));
  const choice = (first + 1) / (2 ** 32 + 1);
  sessionStorage.setItem(LANE_CHOICE, String(choice));
  return choice;
}

/** The best opposite price moved by the protection, or the empty string while nobody quotes. */
export function marketLimit(market: Market, ticket: Ticket): string {
  const best = bestPrice(ticket.side);
  const ppm = BigInt(usePreferences.getState().protectionPpm);
  return best ? (protectedPrice(market, best, ticket.side, ppm) ?? "") : "";
}

/** Returns the best price that the other side quotes now; empty where it quotes none. */
export function bestPrice(side: Side): string {
  const { book } = useStore.getState();
  return (side === "buy" ? book.asks[0] : book.bids[0])?.price ?? "";
}

/** Returns the order that the form describes, before it is signed. */
export function requestOf(market: Market, ticket: Ticket): OrderRequest {
  const kind = ticket.kind === "bracket" ? "limit" : ticket.kind;
  const isMarket = kind.endsWith("market");
  const request: OrderRequest = {
    market: market.id,
    side: ticket.side,
    quantity: ticket.quantity,
    price: kind === "market" ? marketLimit(market, ticket) : ticket.price,
    order_type: kind,
    self_trade: ticket.selfTrade,
  };
  if (!isMarket) request.time_in_force = ticket.kind === "bracket" ? "gtc" : ticket.timeInForce;
  const untilAtMs = dated(ticket) ? untilMs(ticket) : null;
  if (untilAtMs !== null) request.expires_at_ms = untilAtMs;
  if (ticket.postOnly && mayRest(ticket)) request.post_only = true;
  if (kind.startsWith("stop") || kind.startsWith("take_profit")) request.trigger_price = ticket.trigger;
  if (ticket.iceberg && ticket.display && mayRest(ticket)) request.display_quantity = ticket.display;
  if (ticket.budget && mayBudget(ticket)) request.quote_budget = ticket.budget;
  return request;
}

/** Whether the form asks what to spend at most; what was typed there before says nothing of other orders. */
export function mayBudget(ticket: Ticket): boolean {
  return (
    ticket.side === "buy" && (ticket.kind === "market" || (ticket.kind === "limit" && ticket.timeInForce === "ioc"))
  );
}

/** Whether the form's order may stand on the book: post-only and iceberg mean nothing for others, which are refused. */
export function mayRest(ticket: Ticket): boolean {
  return ticket.kind.endsWith("limit") && (ticket.timeInForce === "gtc" || ticket.timeInForce === "gtd");
}

/** Whether the form's order rests until a date that it names. */
export function dated(ticket: Ticket): boolean {
  return ticket.timeInForce === "gtd" && ticket.kind.endsWith("limit");
}

/** Returns the date of the form, Unix milliseconds, or null while there is none. */
export function untilMs(ticket: Ticket): number | null {
  const at = new Date(ticket.until).getTime();
  return Number.isFinite(at) ? at : null;
}

/** An order without a date lives as chosen in the settings, and no longer than the grant of the key that signs it. */
function lifetimeEndsMs(market: Market): number {
  const { lifetimeHours: hours } = usePreferences.getState();
  return keyEndsMs(market, hours) ?? Date.now() + hours * 3_600_000;
}

/** Returns when the key of this browser ends where that is within so many hours, Unix milliseconds, or null. */
export function keyEndsMs(market: Market, hours: number): number | null {
  const { account, info } = useStore.getState();
  const key = account && info?.requires_signature ? keptKey(account, market.id) : null;
  const endsMs = key ? key.expiresAtS * 1_000 : Number.POSITIVE_INFINITY;
  return endsMs < Date.now() + hours * 3_600_000 ? endsMs : null;
}

/** Adds what belongs to signed terms, where orders are signed; takes a lane. A signed order's date is its expiry. */
function withTerms(market: Market, request: OrderRequest, nonce?: string): OrderRequest {
  if (!desk.info().requires_signature) return withExpiry(request);
  const { expires_at_ms: untilAtMs, ...terms } = request;
  const ends = untilAtMs ?? lifetimeEndsMs(market);
  return {
    ...terms,
    ...(terms.time_in_force === "gtd" ? { time_in_force: "gtc" as const } : {}),
    max_fee_ppm: Math.max(market.maker_fee_ppm, market.taker_fee_ppm, market.fees?.taker_fee_ppm ?? 0),
    expiry_s: Math.floor(ends / 1000),
    nonce: nonce ?? lanes.take(openNonces(), Date.now()),
  };
}

function withExpiry(request: OrderRequest): OrderRequest {
  if (request.order_type?.endsWith("market") || (request.time_in_force ?? "gtc") !== "gtc") return request;
  const at = Date.now() + usePreferences.getState().lifetimeHours * 3_600_000;
  return { ...request, time_in_force: "gtd", expires_at_ms: at };
}

function* openNonces(): Generator<string> {
  for (const order of useStore.getState().orders.values()) if (order.nonce) yield order.nonce;
}

/** Asks what an order would hold, cost and bring; nothing is done and no lane is kept. */
export async function previewOf(market: Market, ticket: Ticket): Promise<Preview> {
  const order = withTerms(market, requestOf(market, ticket));
  discard({ requests: [order], previews: [] });
  return desk.http.post<Preview>("/orders/preview", order);
}

export interface Prepared {
  readonly requests: readonly OrderRequest[];
  readonly previews: readonly Preview[];
}

/** Returns the orders of the form with their terms, each with the words of what is signed. */
export async function prepare(market: Market, ticket: Ticket): Promise<Prepared> {
  const orders =
    ticket.kind === "bracket" ? bracketOf(market, ticket) : [withTerms(market, withName(requestOf(market, ticket)))];
  const previews: Preview[] = [];
  try {
    for (const order of orders) {
      const preview = await desk.http.post<Preview>("/orders/preview", order);
      check(market, order, preview);
      previews.push(preview);
    }
  } catch (error) {
    discard({ requests: orders, previews });
    throw error;
  }
  return { requests: orders, previews };
}

/** Gives back the lanes of orders that are not sent. */
export function discard(prepared: Prepared): void {
  for (const order of prepared.requests) if (order.nonce) lanes.release(order.nonce);
}

/** Exits share a lane and a counter, the stop with the higher revision: on chain they are one order. */
function bracketOf(market: Market, ticket: Ticket): OrderRequest[] {
  const exitSide = ticket.withEntry ? (ticket.side === "buy" ? "sell" : "buy") : ticket.side;
  const exit = { market: market.id, side: exitSide, quantity: ticket.quantity } as const;
  const takeProfit = withTerms(
    market,
    withName({ ...exit, order_type: "limit", time_in_force: "gtc", price: ticket.takeProfit }),
  );
  const limit =
    protectedPrice(market, ticket.stop, exitSide, BigInt(usePreferences.getState().protectionPpm)) ?? ticket.stop;
  const stopTerms = { ...exit, order_type: "stop_market", price: limit, trigger_price: ticket.stop } as const;
  const second = takeProfit.nonce ? nextRevision(takeProfit.nonce, 0n) : null;
  const stop = withTerms(market, withName(stopTerms), second ?? undefined);
  if (!ticket.withEntry) return [takeProfit, stop];
  const entry = withTerms(market, withName({ ...requestOf(market, ticket), order_type: "limit" }));
  return [takeProfit, stop, entry];
}

function withName(request: OrderRequest): OrderRequest {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return {
    ...request,
    client_order_id: `web-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`,
  };
}

/** Refuses an exchange's document that says something else than the order. */
function check(market: Market, order: OrderRequest, preview: Preview): void {
  if (!desk.info().requires_signature) return;
  const ours = orderDocument(desk.info(), market, desk.wallet().address, order);
  const field = difference(ours, preview.typed_data);
  if (field) throw new Error(`The exchange asked to sign another ${field} than you entered. Nothing was signed.`);
}

/** Returns the key of this browser that signs an order of the market, or null where the wallet does. */
export async function sessionKey(market: Market, endsAtS: number): ReturnType<typeof activeKey> {
  return activeKey(desk.wallet().address, market.id, endsAtS, async () => {
    const answer = await desk.http.get<Schemas["SessionKeysAnswer"]>("/account/sessions");
    return answer.session_keys;
  });
}

async function signed(market: Market, order: OrderRequest): Promise<OrderRequest> {
  if (!desk.info().requires_signature) return order;
  const wallet = desk.wallet();
  const document = orderDocument(desk.info(), market, wallet.address, order);
  const key = await sessionKey(market, order.expiry_s ?? 0);
  if (key) return { ...order, signature: await key.signTypedData(document), signature_kind: "session" };
  const { chain_id: chainId } = desk.info();
  if (chainId != null) await wallet.joinChain(chainId, null);
  return { ...order, signature: await wallet.signTypedData(document) };
}

/** Keeps when a signed order ends, which the exchange does not repeat. */
function keepEnd(account: string, order: OrderRequest): void {
  if (order.nonce && order.expiry_s != null) keepLifetime(account, order.nonce, order.expiry_s);
}

/** Signs and sends what was prepared. An order of unknown outcome is looked for by its name, never sent again. */
export async function place(market: Market, prepared: Prepared): Promise<readonly OrderAnswer[]> {
  try {
    const orders: OrderRequest[] = [];
    for (const order of prepared.requests) orders.push(await signed(market, order));
    for (const order of orders) keepEnd(desk.wallet().address, order);
    const [first, second, third] = orders;
    if (first && second) return await sentLinked(first, second, third ?? null);
    if (!first) throw new Error("There is no order to place.");
    return [await sent(first)];
  } finally {
    discard(prepared);
  }
}

/** Says when a request is sent, by the exchange's clock where that is known, and for how long it is wanted. */
function wanted(): { sent_at_ms?: number; receive_window_ms?: number } {
  const now = desk.socket.timeMs();
  return now === null ? {} : { sent_at_ms: now, receive_window_ms: WANTED_MS };
}

async function sent(order: OrderRequest): Promise<OrderAnswer> {
  const window = wanted();
  const overMs = endOf(window);
  try {
    return await desk.http.post<OrderAnswer>("/orders", { ...order, ...window });
  } catch (error) {
    return await arrived(order, error, overMs);
  }
}

/** Returns from when on a request can enter no more, by this page's clock; null where it always can. */
function endOf(window: { receive_window_ms?: number }): number | null {
  return window.receive_window_ms === undefined ? null : Date.now() + window.receive_window_ms;
}

/** Sends exits that cancel each other, and perhaps their entry: all of them enter, or none. */
async function sentLinked(
  takeProfit: OrderRequest,
  stop: OrderRequest,
  entry: OrderRequest | null,
): Promise<readonly OrderAnswer[]> {
  const window = wanted();
  const overMs = endOf(window);
  const linked: LinkedRequest = { take_profit: takeProfit, stop, entry, ...window };
  try {
    const answer = await desk.http.post<LinkedAnswer>("/orders/linked", linked);
    return [answer.take_profit, answer.stop, ...(answer.entry ? [answer.entry] : [])];
  } catch (error) {
    const found: OrderAnswer[] = [];
    for (const order of [takeProfit, stop, ...(entry ? [entry] : [])]) found.push(await arrived(order, error, overMs));
    return found;
  }
}

/** Returns how an order stands of which no answer came, or throws the error where that was an answer. */
async function arrived(order: OrderRequest, error: unknown, overMs: number | null): Promise<OrderAnswer> {
  if (!(error instanceof Unknown) || !order.client_order_id) throw error;
  // What is in doubt at the exchange may count after its restart, however long ago it was wanted.
  const found = await lookedFor(order.client_order_id, error instanceof InDoubt ? null : overMs);
  if (!found)
    throw new Unknown(
      "It is not known whether the order arrived, and the exchange can not tell now. Look at your open orders before you try again.",
    );
  return { order: found, sequence: 0 };
}

/** Asks for an order until the exchange knows it, or does not once it can enter no more. */
async function lookedFor(clientOrderId: string, overMs: number | null): Promise<Order | null> {
  for (let untold = 0; untold < ASKS; ) {
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
    try {
      return await desk.http.get<Order>(`/orders/by-client-id/${encodeURIComponent(clientOrderId)}`);
    } catch (error) {
      // Too many requests, or a service that is away, say nothing of the order.
      if (!(error instanceof Refused) || error.problem.reason !== UNKNOWN_ORDER || overMs === null) untold += 1;
      else if (Date.now() >= overMs) throw new Error("The order did not arrive. Nothing was placed; try again.");
    }
  }
  return null;
}

export function cancel(orderId: string): Promise<OrderAnswer> {
  return desk.http.delete<OrderAnswer>(`/orders/${orderId}`);
}

export function cancelAll(market: string): Promise<{ canceled: string[] }> {
  return desk.http.delete<{ canceled: string[] }>(`/orders?market=${encodeURIComponent(market)}`);
}

/** Returns when an order ends by itself, Unix milliseconds; null when it does not, or this browser can not tell. */
export function endsAtMs(order: Order): number | null {
  if (order.expires_at_ms != null) return order.expires_at_ms;
  const account = useStore.getState().account;
  const seconds = order.nonce && account ? lifetimeOf(account, order.nonce) : null;
  return seconds === null ? null : seconds * 1_000;
}

/** Swaps an order for new terms; it keeps its id, and ends when it would have ended, where that is known. */
export async function replace(
  market: Market,
  order: Order,
  terms: { price: string; quantity: string; trigger?: string },
): Promise<OrderAnswer> {
  let request: ReplaceRequest = {
    price: terms.price,
    quantity: terms.quantity,
    time_in_force: order.time_in_force,
    post_only: order.post_only,
    self_trade: order.self_trade,
    expected_filled: order.filled,
  };
  if (terms.trigger && order.trigger_price) request.trigger_price = terms.trigger;
  if (order.time_in_force === "gtd") request.expires_at_ms = order.expires_at_ms ?? null;
  let taken = (): void => undefined;
  if (desk.info().requires_signature && order.nonce) {
    const { address } = desk.wallet();
    const nonce = nextRevision(order.nonce, tried.get(order.order_id) ?? 0n);
    if (!nonce) throw new Error("This order was replaced 255 times; cancel it and place a new one.");
    tried.set(order.order_id, unpackNonce(nonce).revision);
    const ends = endsAtMs(order);
    const whole = withTerms(
      market,
      {
        market: market.id,
        side: order.side,
        order_type: order.order_type,
        ...pick(request),
        ...(ends === null ? {} : { expires_at_ms: ends }),
      },
      nonce,
    );
    const { signature, signature_kind } = await signed(market, whole);
    const { expires_at_ms: _, ...terms } = request;
    request = {
      ...terms,
      time_in_force: whole.time_in_force ?? null,
      max_fee_ppm: whole.max_fee_ppm ?? null,
      expiry_s: whole.expiry_s ?? null,
      nonce,
      signature: signature ?? null,
    };
    if (signature_kind) request.signature_kind = signature_kind;
    taken = () => keepEnd(address, whole);
  }
  const answer = await desk.http.post<OrderAnswer>(`/orders/${order.order_id}/replace`, request);
  taken();
  return answer;
}

function pick(request: ReplaceRequest): Pick<OrderRequest, "price" | "quantity" | "time_in_force" | "post_only"> {
  const { price, quantity, time_in_force = null, post_only = false } = request;
  return { price, quantity, time_in_force, post_only };
}
