// What the socket tells of the account, into the store: at most once a frame, and never less than was told.
import type { ChannelListener, Socket } from "../api/socket";
import type { Balances, Execution, Fill, Order, ServerMessage } from "../api/types";
import { BEHIND_MS, Frames } from "./feeds";
import { compareIds, Newest } from "./newest";
import { notify, useStore } from "./store";

const KEPT_FILLS = 10_000;
const KEPT_ENDED = 1_000;
const PAGE = 100;
/** How long what could not be read is left alone. */
export const AGAIN_MS = 3_000;
const ENDED = new Set(["filled", "canceled", "expired", "rejected"]);

type Read = <T>(path: string) => Promise<T>;

export interface Followed {
  /** Hears nothing more. */
  stop(): void;
  /** Reads the page of fills before the oldest that is shown. */
  olderFills(): Promise<void>;
}

/** Follows the account's orders, fills and balances. */
export function followAccount(socket: Socket, read: Read, failed: (error: unknown) => void): Followed {
  const frames = new Frames();
  const fills = new FillsListener(frames, read, failed);
  const orders = ordersListener(frames, read, failed);
  const stops = [
    socket.subscribe({ channel: "orders" }, orders),
    socket.subscribe({ channel: "fills" }, fills),
    socket.subscribe({ channel: "balances" }, balancesListener(frames)),
  ];
  return {
    stop: () => {
      frames.stop();
      fills.stop();
      orders.stop();
      for (const stop of stops) stop();
    },
    olderFills: () => fills.older(),
  };
}

function balancesListener(frames: Frames): ChannelListener {
  const show = frames.each(() => {
    const balances = [...byAsset.values()].sort((left, right) => left.asset.localeCompare(right.asset));
    useStore.setState({ balances, accountRead: true });
  });
  const byAsset = new Map<string, Balances["balances"][number]>();
  return {
    begin: () => undefined,
    hear: (message) => {
      if (message.type !== "balances") return;
      for (const balance of message.balances) byAsset.set(balance.asset, balance);
      show();
    },
  };
}

/** What is told while the list is read is applied after it, so that nothing falls between the two. */
function ordersListener(
  frames: Frames,
  read: Read,
  failed: (error: unknown) => void,
): ChannelListener & { stop(): void } {
  let orders = new Map<string, Order>();
  let ended = new Map<string, Order>();
  let early: Execution[] | null = [];
  let begun = 0;
  let later: ReturnType<typeof setTimeout> | undefined;
  const show = frames.each(() => useStore.setState({ orders: new Map(orders), ended: new Map(ended) }));
  /** Reads the list, again and again until it is told: without it nothing could be shown. A failure is told once. */
  const readOpen = (first: boolean): void => {
    const mine = begun;
    void read<{ orders: Order[] }>("/orders/open")
      .then((answer) => {
        if (mine !== begun) return;
        orders = new Map(answer.orders.map((order) => [order.order_id, order]));
        ended = new Map();
        for (const report of early ?? []) applyExecution(orders, ended, report);
        early = null;
        show();
        useStore.setState((state) => ({ ordersBegun: state.ordersBegun + 1 }));
      })
      .catch((error: unknown) => {
        if (mine !== begun) return;
        if (first) failed(error);
        later = setTimeout(() => readOpen(false), AGAIN_MS);
      });
  };
  const forget = (): void => {
    begun += 1;
    clearTimeout(later);
  };
  return {
    begin: () => {
      forget();
      early = [];
      readOpen(true);
    },
    hear: (message: ServerMessage) => {
      if (message.type !== "order") return;
      if (early) early.push(message);
      else applyExecution(orders, ended, message);
      show();
    },
    stop: forget,
  };
}

/** Takes an execution report, which says how the order stands after it, into what is open and what has ended. */
export function applyExecution(orders: Map<string, Order>, ended: Map<string, Order>, report: Execution): void {
  const { order_id: id, market, side, price, quantity, order_type: type, time_in_force: tif, status } = report;
  if (!id || !market || !side || price == null || quantity == null || !type || !tif || !status) return;
  if (report.exec_type === "cancel_rejected" || report.exec_type === "rejected") return;
  const known = orders.get(id);
  const isEnded = ENDED.has(status);
  if (isEnded) orders.delete(id);
  (isEnded ? ended : orders).set(id, {
    account: known?.account ?? "",
    self_trade: report.self_trade ?? "cancel_aggressor",
    accepted_at_ms: known?.accepted_at_ms ?? report.at_ms,
    expires_at_ms: report.expires_at_ms ?? null,
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
  const [oldest] = ended.keys();
  if (oldest !== undefined && ended.size > KEPT_ENDED) ended.delete(oldest);
}

/** Returns the list newest first, with what is newer in place of what the list says. */
export function newestOrders(
  listed: readonly Order[],
  open: ReadonlyMap<string, Order>,
  ended: ReadonlyMap<string, Order>,
  complete: boolean,
): readonly Order[] {
  const oldest = listed.at(-1)?.order_id;
  const rows = new Map(listed.map((order) => [order.order_id, order]));
  for (const known of [open, ended]) {
    for (const [id, order] of known) {
      if (complete || oldest === undefined || compareIds(id, oldest) > 0) rows.set(id, order);
    }
  }
  return [...rows.values()].sort((left, right) => compareIds(right.order_id, left.order_id));
}

/** A fill's key: an order that meets another of its own account has two sides under one id. */
export function fillKey(fill: Fill): string {
  return `${fill.fill_id} ${fill.order_id}`;
}

function compareFills(left: Fill, right: Fill): number {
  return compareIds(left.fill_id, right.fill_id) || compareIds(left.order_id, right.order_id);
}

/** Fills live and past: a page that was asked for before a fill was told knows less of it than what was told. */
class FillsListener implements ChannelListener {
  private readonly fills = new Newest<Fill>(compareFills, KEPT_FILLS);
  /** The stage that was last told of each fill, since the channel began. */
  private readonly stages = new Map<string, string>();
  private next: string | null = null;
  private listed = false;
  private later: ReturnType<typeof setTimeout> | undefined;
  private begun = 0;
  private readonly show: () => void;
  /** A reorganization may take back the blocks of many fills at once; it is told once. */
  private readonly tellOfReorganization: () => void;

  constructor(
    frames: Frames,
    private readonly read: Read,
    private readonly failed: (error: unknown) => void,
  ) {
    this.tellOfReorganization = frames.each(() =>
      notify(
        "bad",
        "The chain took back a block with fills of yours: they are submitted, no longer confirmed, and will settle again.",
      ),
    );
    this.show = frames.each(() => this.showNow());
  }

  begin(): void {
    this.begun += 1;
    this.fills.clear();
    this.stages.clear();
    this.next = null;
    this.listed = false;
    void this.newest(true);
    clearTimeout(this.later);
    this.later = setTimeout(() => void this.newest(false), BEHIND_MS);
  }

  hear(message: ServerMessage): void {
    if (message.type !== "fill") return;
    const key = fillKey(message);
    if (message.stage === "submitted" && this.stages.get(key) === "confirmed") this.tellOfReorganization();
    this.stages.set(key, message.stage);
    this.fills.put(message);
    this.show();
  }

  stop(): void {
    this.begun += 1;
    clearTimeout(this.later);
  }

  async older(): Promise<void> {
    if (this.next !== null) await this.page(this.next, true);
  }

  /** Reads the newest page, again and again until it is told. A failure is told once. */
  private async newest(first: boolean): Promise<void> {
    const begun = this.begun;
    try {
      await this.page(null, !this.listed);
    } catch (error) {
      if (begun !== this.begun) return;
      if (first) this.failed(error);
      clearTimeout(this.later);
      this.later = setTimeout(() => void this.newest(false), AGAIN_MS);
    }
  }

  private async page(before: string | null, continues: boolean): Promise<void> {
    const begun = this.begun;
    const path = `/account/fills?limit=${PAGE}${before === null ? "" : `&before=${before}`}`;
    const answer = await this.read<{ fills: Fill[]; next?: string | null }>(path);
    if (begun !== this.begun) return;
    for (const fill of answer.fills) this.fills.put(fill, (known) => this.stages.has(fillKey(known)));
    if (continues) this.next = answer.next ?? null;
    this.listed = true;
    this.showNow();
    useStore.setState({ fillsRead: true });
  }

  private showNow(): void {
    useStore.setState({ fills: this.fills.items, moreFills: this.next !== null });
  }
}
