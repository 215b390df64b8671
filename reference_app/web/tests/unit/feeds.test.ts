// From messages to what is shown: at most once a frame, complete, newest first, and nothing of what was left.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checksum } from "../../src/api/book";
import type { ChannelListener, Socket } from "../../src/api/socket";
import type { Balance, Execution, Fill, Order, ServerMessage, Trade } from "../../src/api/types";
import { AGAIN_MS, applyExecution, type Followed, followAccount, newestOrders } from "../../src/state/account";
import { BEHIND_MS, followMarket } from "../../src/state/feeds";
import { compareIds, Newest } from "../../src/state/newest";
import { NO_BOOK, NOBODY, useStore } from "../../src/state/store";
import { followCandles } from "../../src/trade/candles";
import { below, chance, SEED } from "./chance";

class FakeSocket {
  readonly listeners = new Map<string, ChannelListener>();
  readonly renewed: string[] = [];
  subscribe(channel: { channel: string }, listener: ChannelListener): () => void {
    this.listeners.set(channel.channel, listener);
    return () => this.listeners.delete(channel.channel);
  }
  renew(channel: { channel: string }): void {
    this.renewed.push(channel.channel);
  }
  tell(channel: string, message: object): void {
    this.listeners.get(channel)?.hear(message as ServerMessage);
  }
  begin(channel: string): void {
    this.listeners.get(channel)?.begin();
  }
}

let frames: (() => void)[];
let shows: number;
let socket: FakeSocket;
let answers: Map<string, unknown>;
let read: (path: string) => Promise<never>;

/** Lets frames come until nothing waits for one, the first late enough that a book that was drawn has rested. */
async function frame(): Promise<void> {
  await vi.advanceTimersByTimeAsync(30);
  while (frames.length > 0) for (const work of frames.splice(0)) work();
}

beforeEach(() => {
  vi.useFakeTimers();
  frames = [];
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => frames.push(work));
  vi.stubGlobal("document", { hidden: false });
  socket = new FakeSocket();
  answers = new Map();
  read = (path) => {
    const answer = answers.get(path.split("?")[0] as string);
    return answer instanceof Error ? Promise.reject(answer) : (Promise.resolve(answer) as Promise<never>);
  };
  useStore.setState({ ...NOBODY, book: NO_BOOK, trades: [], ticker: null });
  shows = 0;
});

afterEach(async () => {
  await frame();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const trade = (id: number): Trade => ({
  type: "trade",
  market: "M",
  fill_id: String(id),
  price: "1",
  quantity: "1",
  taker_side: "buy",
  at_ms: id,
});

describe("a market's feed", () => {
  const snapshot = { type: "book", kind: "snapshot", market: "M", sequence: 1, at_ms: 1, bids: [["9", "1"]], asks: [] };
  let leave: () => void;

  beforeEach(() => {
    answers.set("/markets/M/trades", { trades: [trade(3), trade(2)] });
    leave = followMarket(socket as unknown as Socket, "M", read);
    useStore.subscribe(() => {
      shows += 1;
    });
  });

  it("shows two hundred changes of the book in one update a frame", async () => {
    socket.tell("book", snapshot);
    for (let at = 2; at < 202; at++) {
      const bids = [["9", String(at)]];
      socket.tell("book", { ...snapshot, kind: "delta", sequence: at, previous: at - 1, at_ms: at, bids });
    }
    expect(shows).toBe(0);
    await frame();
    expect(shows).toBe(1);
    expect(useStore.getState().book).toMatchObject({ synced: true, sequence: 201, atMs: 201 });
    expect(useStore.getState().book.bids[0]?.quantity).toBe("201");
  });

  it("empties the book and asks anew after a gap", async () => {
    socket.tell("book", snapshot);
    socket.tell("book", { ...snapshot, kind: "delta", sequence: 5, previous: 4 });
    await frame();
    expect(socket.renewed).toEqual(["book"]);
    expect(useStore.getState().book).toMatchObject({ synced: false, bids: [], asks: [] });
    socket.tell("book", { ...snapshot, sequence: 6 });
    await frame();
    expect(useStore.getState().book.synced).toBe(true);
  });

  it("empties the book and asks anew when a checksum differs, and not when it agrees", async () => {
    socket.tell("book", snapshot);
    const right = checksum([{ price: "9", quantity: "2", key: 0n }], []);
    const delta = { ...snapshot, kind: "delta", sequence: 2, previous: 1, bids: [["9", "2"]] };
    socket.tell("book", { ...delta, checksum: right });
    expect(socket.renewed).toEqual([]);
    socket.tell("book", { ...delta, sequence: 3, previous: 2, bids: [["9", "3"]], checksum: right });
    expect(socket.renewed).toEqual(["book"]);
    await frame();
    expect(useStore.getState().book.bids).toEqual([]);
  });

  it("joins the trades it reads with those it hears, and reads again what was being written", async () => {
    socket.begin("trades");
    socket.tell("trades", trade(5));
    await frame();
    expect(useStore.getState().trades.map((one) => one.fill_id)).toEqual(["5", "3", "2"]);
    answers.set("/markets/M/trades", { trades: [trade(5), trade(4), trade(3)] });
    await vi.advanceTimersByTimeAsync(BEHIND_MS);
    await frame();
    expect(useStore.getState().trades.map((one) => one.fill_id)).toEqual(["5", "4", "3", "2"]);
  });

  it("shows nothing more once it was left, even of a frame that was asked for", async () => {
    socket.tell("book", snapshot);
    socket.tell("ticker", { type: "ticker", market: "M", last: "1" });
    leave();
    await frame();
    expect(useStore.getState().book).toBe(NO_BOOK);
    expect(useStore.getState().ticker).toBeNull();
  });
});

const report = (fields: Partial<Execution>): Execution => ({
  type: "order",
  exec_type: "new",
  sequence: 1,
  at_ms: 5,
  order_id: "10",
  client_order_id: null,
  market: "M",
  side: "buy",
  order_type: "limit",
  time_in_force: "gtc",
  post_only: false,
  price: "2",
  quantity: "3",
  open: "3",
  filled: "0",
  status: "new",
  ...fields,
});

describe("execution reports", () => {
  it("open, change and end orders", () => {
    const [orders, ended] = [new Map<string, Order>(), new Map<string, Order>()];
    applyExecution(orders, ended, report({}));
    applyExecution(orders, ended, report({ exec_type: "trade", status: "partially_filled", open: "1", filled: "2" }));
    expect(orders.get("10")).toMatchObject({ open: "1", filled: "2", accepted_at_ms: 5 });
    applyExecution(orders, ended, report({ exec_type: "trade", status: "filled", open: "0", filled: "3", at_ms: 9 }));
    expect(orders.size).toBe(0);
    expect(ended.get("10")).toMatchObject({ status: "filled", filled: "3", accepted_at_ms: 5 });
  });

  it("tell the terms that another program gave", () => {
    const [orders, ended] = [new Map<string, Order>(), new Map<string, Order>()];
    const terms = { time_in_force: "gtd" as const, expires_at_ms: 77, self_trade: "cancel_both" as const };
    applyExecution(orders, ended, report(terms));
    expect(orders.get("10")).toMatchObject(terms);
    const replaced = { ...terms, expires_at_ms: 99, self_trade: "cancel_resting" as const };
    applyExecution(orders, ended, report({ exec_type: "replaced", ...replaced }));
    expect(orders.get("10")).toMatchObject(replaced);
    applyExecution(orders, ended, report({ exec_type: "replaced" }));
    expect(orders.get("10")?.expires_at_ms).toBeNull();
  });

  it("of refusals change nothing", () => {
    const [orders, ended] = [new Map<string, Order>(), new Map<string, Order>()];
    applyExecution(orders, ended, report({}));
    applyExecution(orders, ended, report({ exec_type: "cancel_rejected", status: "filled" }));
    applyExecution(orders, ended, report({ exec_type: "rejected", order_id: "11", status: "rejected" }));
    applyExecution(orders, ended, report({ order_id: null }));
    expect([...orders.keys()]).toEqual(["10"]);
    expect(ended.size).toBe(0);
  });
});

const fill = (id: number, stage: Fill["stage"] = "matched"): Fill => ({
  type: "fill",
  fill_id: String(id),
  order_id: "1",
  market: "M",
  side: "buy",
  price: "1",
  quantity: "1",
  liquidity: "taker",
  fee: "0",
  fee_asset: "USDC",
  at_ms: id,
  stage,
});
const balance = (asset: string, available: string): Balance => ({
  asset,
  available,
  held: "0",
  in_flight_in: "0",
  in_flight_out: "0",
  total: available,
  withdrawing: "0",
});

describe("the account's feed", () => {
  let followed: Followed;
  let failures: unknown[];

  beforeEach(() => {
    failures = [];
    answers.set("/orders/open", { orders: [] });
    answers.set("/account/fills", { fills: [fill(3, "submitted"), fill(2)], next: "2" });
    followed = followAccount(socket as unknown as Socket, read, (error) => failures.push(error));
  });

  const ids = (): string[] => useStore.getState().fills.map((one) => one.fill_id);

  it("reads the open orders again after that failed, and tells of it once", async () => {
    answers.set("/orders/open", new Error("away"));
    socket.begin("orders");
    socket.tell("orders", report({}));
    await vi.advanceTimersByTimeAsync(2 * AGAIN_MS + 50);
    await frame();
    expect([failures.length, useStore.getState().orders.size]).toEqual([1, 0]);
    answers.set("/orders/open", { orders: [{ order_id: "9" }] });
    await vi.advanceTimersByTimeAsync(AGAIN_MS);
    await frame();
    expect([...useStore.getState().orders.keys()]).toEqual(["9", "10"]);
  });

  it("reads the fills again after that failed, and tells of it once", async () => {
    const page = answers.get("/account/fills");
    answers.set("/account/fills", new Error("away"));
    socket.begin("fills");
    await vi.advanceTimersByTimeAsync(BEHIND_MS + AGAIN_MS + 50);
    await frame();
    expect([failures.length, useStore.getState().fillsRead]).toEqual([1, false]);
    answers.set("/account/fills", page);
    await vi.advanceTimersByTimeAsync(AGAIN_MS);
    await frame();
    expect([ids(), useStore.getState().fillsRead, useStore.getState().moreFills]).toEqual([["3", "2"], true, true]);
  });

  it("reads no open orders any more once it is stopped", async () => {
    answers.set("/orders/open", new Error("away"));
    socket.begin("orders");
    await vi.advanceTimersByTimeAsync(1);
    followed.stop();
    answers.set("/orders/open", { orders: [{ order_id: "9" }] });
    await vi.advanceTimersByTimeAsync(2 * AGAIN_MS);
    await frame();
    expect(useStore.getState().orders.size).toBe(0);
  });

  it("keeps what was told over what a list says, and a list over an older list", async () => {
    socket.begin("fills");
    socket.tell("fills", fill(3, "confirmed"));
    socket.tell("fills", fill(4));
    await frame();
    expect(ids()).toEqual(["4", "3", "2"]);
    expect(useStore.getState().fills[1]?.stage).toBe("confirmed");
    answers.set("/account/fills", { fills: [fill(3, "submitted"), fill(2, "final")], next: "2" });
    await vi.advanceTimersByTimeAsync(BEHIND_MS);
    await frame();
    expect(useStore.getState().fills.map((one) => one.stage)).toEqual(["matched", "confirmed", "final"]);
  });

  it("reads older pages until there are none, and no page of what began anew since", async () => {
    socket.begin("fills");
    await frame();
    expect(useStore.getState().moreFills).toBe(true);
    answers.set("/account/fills", { fills: [fill(1)], next: null });
    await followed.olderFills();
    expect(ids()).toEqual(["3", "2", "1"]);
    expect(useStore.getState().moreFills).toBe(false);
    socket.begin("fills");
    await frame();
    const late = followed.olderFills();
    socket.begin("fills");
    await late;
    await frame();
    expect(ids()).toEqual(["1"]);
  });

  it("applies reports that come while the open orders are read after them", async () => {
    const open = { ...(report({}) as unknown as Order), order_id: "10" };
    answers.set("/orders/open", { orders: [open, { ...open, order_id: "9" }] });
    socket.begin("orders");
    socket.tell("orders", report({ exec_type: "canceled", status: "canceled" }));
    await frame();
    expect([...useStore.getState().orders.keys()]).toEqual(["9"]);
    expect([...useStore.getState().ended.keys()]).toEqual(["10"]);
    expect(useStore.getState().ordersBegun).toBe(1);
  });

  it("says what failed and shows nothing made up", async () => {
    answers.set("/orders/open", new Error("no answer"));
    socket.begin("orders");
    await frame();
    expect(failures).toHaveLength(1);
    expect(useStore.getState().ordersBegun).toBe(0);
  });

  it("replaces the balances that are told, keeps the others, and forgets nothing of a frame", async () => {
    socket.tell("balances", { type: "balances", balances: [balance("USDC", "5"), balance("ETH", "1")] });
    socket.tell("balances", { type: "balances", balances: [balance("USDC", "4")] });
    await frame();
    expect(useStore.getState().balances.map((one) => [one.asset, one.available])).toEqual([
      ["ETH", "1"],
      ["USDC", "4"],
    ]);
  });

  it("shows nothing of an account that was left", async () => {
    socket.begin("fills");
    socket.tell("balances", { type: "balances", balances: [balance("USDC", "5")] });
    followed.stop();
    await frame();
    await vi.advanceTimersByTimeAsync(BEHIND_MS);
    await frame();
    expect(useStore.getState().fills).toEqual([]);
    expect(useStore.getState().balances).toEqual([]);
  });
});

describe("lists newest first", () => {
  it("order ids as the numbers they are", () => {
    const random = chance(SEED);
    const numbers = Array.from({ length: 300 }, () => BigInt(below(random, 1e9)) ** BigInt(1 + below(random, 3)));
    for (const left of numbers.slice(0, 40)) {
      for (const right of numbers) {
        const expected = left < right ? -1 : left > right ? 1 : 0;
        expect(Math.sign(compareIds(String(left), String(right)))).toBe(expected);
      }
    }
  });

  it(`hold the greatest of what came, each once, in any order (seed ${SEED})`, () => {
    const random = chance(SEED);
    for (let round = 0; round < 200; round++) {
      const most = 1 + below(random, 20);
      const list = new Newest<number>((left, right) => left - right, most);
      const put = Array.from({ length: below(random, 60) }, () => below(random, 40));
      for (const one of put) list.put(one);
      expect(list.items).toEqual([...new Set(put)].sort((left, right) => right - left).slice(0, most));
    }
  });

  it("of orders put what is newer in place of what was listed, and nothing older than the list reaches", () => {
    const order = (id: string, status: Order["status"]): Order => ({ order_id: id, status }) as Partial<Order> as Order;
    const listed = [order("8", "new"), order("5", "new")];
    const open = new Map([["9", order("9", "new")]]);
    const ended = new Map([
      ["8", order("8", "filled")],
      ["2", order("2", "canceled")],
    ]);
    const rows = (complete: boolean): string[] =>
      newestOrders(listed, open, ended, complete).map((one) => `${one.order_id} ${one.status}`);
    expect(rows(false)).toEqual(["9 new", "8 filled", "5 new"]);
    expect(rows(true)).toEqual(["9 new", "8 filled", "5 new", "2 canceled"]);
  });
});

describe("candles", () => {
  const candle = (start_ms: number, close: string): object => ({ type: "candle", interval: "1m", start_ms, close });
  let drawn: string[][];
  let failures: number;

  const follow = (interval: "1m" | "5m" = "1m"): (() => void) =>
    followCandles(socket as unknown as Socket, read, "M", interval, {
      all: (candles) => drawn.push(candles.map((one) => one.close)),
      newest: (one) => drawn.at(-1)?.push(one.close),
      failed: () => {
        failures += 1;
      },
    });
  const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    [drawn, failures] = [[], 0];
    answers.set("/markets/M/candles", { candles: [candle(60_000, "2"), candle(0, "1")] });
  });

  it("of the past are drawn oldest first, and what is told is newer", async () => {
    follow();
    socket.begin("candles_1m");
    socket.tell("candles_1m", candle(60_000, "3"));
    await settled();
    expect(drawn).toEqual([["1", "3"]]);
    socket.tell("candles_1m", candle(120_000, "4"));
    expect(drawn).toEqual([["1", "3", "4"]]);
  });

  it("that were left are not drawn when they come late", async () => {
    const leave = follow();
    socket.begin("candles_1m");
    leave();
    await settled();
    expect(drawn).toEqual([]);
  });

  it("are what the list says after a time that was not heard", async () => {
    follow();
    socket.begin("candles_1m");
    socket.tell("candles_1m", candle(60_000, "old"));
    await settled();
    answers.set("/markets/M/candles", { candles: [candle(60_000, "whole")] });
    socket.begin("candles_1m");
    await settled();
    expect(drawn.at(-1)).toEqual(["whole"]);
  });

  it("that can not be read are not told as none, and are read again", async () => {
    const past = answers.get("/markets/M/candles");
    answers.set("/markets/M/candles", new Error("away"));
    follow();
    socket.begin("candles_1m");
    await settled();
    expect([drawn, failures]).toEqual([[], 1]);
    answers.set("/markets/M/candles", past);
    await vi.advanceTimersByTimeAsync(AGAIN_MS);
    expect([drawn, failures]).toEqual([[["1", "2"]], 1]);
  });
});
