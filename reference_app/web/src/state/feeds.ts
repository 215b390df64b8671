// What the socket tells, into the store: at most once a frame, however fast it comes.
import { BookReplica } from "../api/book";
import type { ChannelListener, Socket } from "../api/socket";
import type { Balances, Channel, Execution, Fill, Order, ServerMessage, Ticker, Trade } from "../api/types";
import { NO_BOOK, notify, useStore } from "./store";

const KEPT_TRADES = 80;
const KEPT_FILLS = 2_000;
const ENDED = new Set(["filled", "canceled", "expired", "rejected"]);

/** Runs `work` before the next frame, once however often it is called; where no frame comes, soon. */
export function eachFrame(work: () => void): () => void {
  let waiting = false;
  const run = (): void => {
    if (!waiting) return;
    waiting = false;
    work();
  };
  return () => {
    if (waiting) return;
    waiting = true;
    if (document.hidden) setTimeout(run, 200);
    else requestAnimationFrame(run);
  };
}

/** Follows a market's book, trades and ticker until the returned function is called. */
export function followMarket(socket: Socket, market: string, read: <T>(path: string) => Promise<T>): () => void {
  useStore.setState({ book: NO_BOOK, trades: [], ticker: null });
  const replica = new BookReplica();
  let trades: Trade[] = [];
  const showBook = eachFrame(() => {
    const { synced, sequence, atMs, bids, asks } = replica;
    useStore.setState({ book: { synced, sequence, atMs, bids: [...bids], asks: [...asks] } });
  });
  const showTrades = eachFrame(() => useStore.setState({ trades }));
  const channel: Channel = { channel: "book", market };
  const book: ChannelListener = {
    begin: () => {
      replica.lose();
      showBook();
    },
    hear: (message) => {
      if (message.type !== "book") return;
      if (replica.apply(message) === "gap") socket.renew(channel);
      showBook();
    },
  };
  const trade: ChannelListener = {
    begin: () => {
      void read<{ trades: Trade[] }>(`/markets/${market}/trades?limit=${KEPT_TRADES}`)
        .then((answer) => {
          trades = merged([...trades, ...answer.trades]);
          showTrades();
        })
        .catch(() => undefined);
    },
    hear: (message) => {
      if (message.type !== "trade") return;
      trades = merged([message, ...trades]);
      showTrades();
    },
  };
  const ticker: ChannelListener = {
    begin: () => undefined,
    hear: (message) => useStore.setState({ ticker: message as Ticker }),
  };
  const stops = [
    socket.subscribe(channel, book),
    socket.subscribe({ channel: "trades", market }, trade),
    socket.subscribe({ channel: "ticker", market }, ticker),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function merged(trades: readonly Trade[]): Trade[] {
  const byId = new Map(trades.map((trade) => [trade.fill_id, trade]));
  return [...byId.values()]
    .sort((left, right) => right.at_ms - left.at_ms || compareIds(right.fill_id, left.fill_id))
    .slice(0, KEPT_TRADES);
}

function compareIds(left: string, right: string): number {
  const [first, second] = [left, right].map((id) => id.split("-").map((part) => BigInt(part)));
  for (let index = 0; index < 2; index++) {
    const [one, other] = [first?.[index] ?? 0n, second?.[index] ?? 0n];
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

/** Follows the account's orders, fills and balances until the returned function is called. */
export function followAccount(
  socket: Socket,
  read: <T>(path: string) => Promise<T>,
  failed: (error: unknown) => void,
): () => void {
  const stops = [
    socket.subscribe({ channel: "orders" }, ordersListener(read, failed)),
    socket.subscribe({ channel: "fills" }, fillsListener(read, failed)),
    socket.subscribe(
      { channel: "balances" },
      { begin: () => undefined, hear: (message) => message.type === "balances" && takeBalances(message) },
    ),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

function takeBalances(message: Balances): void {
  const byAsset = new Map(useStore.getState().balances.map((balance) => [balance.asset, balance]));
  for (const balance of message.balances) byAsset.set(balance.asset, balance);
  const balances = [...byAsset.values()].sort((left, right) => left.asset.localeCompare(right.asset));
  useStore.setState({ balances, accountRead: true });
}

type Read = <T>(path: string) => Promise<T>;

/** What is told while the list is read is applied after it, so that nothing falls between the two. */
function ordersListener(read: Read, failed: (error: unknown) => void): ChannelListener {
  let orders = new Map<string, Order>();
  let early: Execution[] | null = [];
  const show = eachFrame(() => useStore.setState({ orders: new Map(orders) }));
  return {
    begin: () => {
      early = [];
      void read<{ orders: Order[] }>("/orders/open")
        .then((answer) => {
          orders = new Map(answer.orders.map((order) => [order.order_id, order]));
          for (const report of early ?? []) applyExecution(orders, report);
          early = null;
          show();
        })
        .catch(failed);
    },
    hear: (message: ServerMessage) => {
      if (message.type !== "order") return;
      if (early) early.push(message);
      else applyExecution(orders, message);
      show();
    },
  };
}

/** Takes an execution report: it says how the order stands after it. */
export function applyExecution(orders: Map<string, Order>, report: Execution): void {
  const { order_id: id, market, side, price, quantity, order_type: type, time_in_force: tif, status } = report;
  if (!id || !market || !side || price == null || quantity == null || !type || !tif || !status) return;
  if (report.exec_type === "cancel_rejected" || report.exec_type === "rejected") return;
  if (ENDED.has(status)) {
    orders.delete(id);
    return;
  }
  const known = orders.get(id);
  orders.set(id, {
    account: known?.account ?? "",
    self_trade: known?.self_trade ?? "cancel_aggressor",
    accepted_at_ms: known?.accepted_at_ms ?? report.at_ms,
    expires_at_ms: known?.expires_at_ms ?? null,
    order_id: id,
    market,
    side,
    price,
    quantity,
    order_type: type,
    time_in_force: tif,
    status,
    open: report.open,
    filled: report.filled,
    post_only: report.post_only,
    client_order_id: report.client_order_id,
    nonce: report.nonce ?? known?.nonce ?? null,
    order_hash: report.order_hash ?? known?.order_hash ?? null,
    trigger_price: report.trigger_price ?? null,
    display_quantity: report.display_quantity ?? null,
    quote_budget: report.quote_budget ?? null,
    waiting: report.waiting ?? false,
    linked_to: report.linked_to ?? null,
    asleep: report.asleep ?? "",
  });
}

/** A fill's key: an order that meets another of its own account has two sides under one id. */
export function fillKey(fill: Fill): string {
  return `${fill.fill_id} ${fill.order_id}`;
}

/** A reorganization may take back the blocks of many fills at once; it is told once. */
function tellOfReorganization(): () => void {
  return eachFrame(() =>
    notify(
      "bad",
      "The chain took back a block with fills of yours: they are submitted, no longer confirmed, and will settle again.",
    ),
  );
}

function fillsListener(read: Read, failed: (error: unknown) => void): ChannelListener {
  const live = new Map<string, Fill>();
  const told = tellOfReorganization();
  let past: Fill[] = [];
  const show = eachFrame(() => {
    const fills = new Map(past.map((fill) => [fillKey(fill), fill]));
    for (const [key, fill] of live) fills.set(key, fill);
    const sorted = [...fills.values()].sort(
      (left, right) => right.at_ms - left.at_ms || compareIds(right.fill_id, left.fill_id),
    );
    useStore.setState({ fills: sorted.slice(0, KEPT_FILLS) });
  });
  const load = (): Promise<void> =>
    read<{ fills: Fill[] }>("/account/fills?limit=100")
      .then((answer) => {
        past = answer.fills;
        show();
      })
      .catch(failed);
  return {
    // Lists of the past are a moment behind the engine: what fell into that moment is read a little later.
    begin: () => {
      live.clear();
      void load();
      setTimeout(() => void load(), 2_000);
    },
    hear: (message) => {
      if (message.type !== "fill") return;
      if (message.stage === "submitted" && live.get(fillKey(message))?.stage === "confirmed") told();
      live.set(fillKey(message), message);
      show();
    },
  };
}
