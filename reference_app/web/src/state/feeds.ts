// What the socket tells of a market, into the store: at most once a frame, however fast it comes.
import { BookReplica } from "../api/book";
import type { ChannelListener, Socket } from "../api/socket";
import type { Channel, Ticker, Trade } from "../api/types";
import { compareIds, Newest } from "./newest";
import { NO_BOOK, useStore } from "./store";

const KEPT_TRADES = 80;
/** Lists of the past are written a moment after the engine: what fell into that moment is read this much later. */
export const BEHIND_MS = 2_000;

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

/** Shows of one follower: none comes after it stopped, so nothing of what was left is shown in place of what came. */
export class Frames {
  private stopped = false;

  each(work: () => void): () => void {
    return eachFrame(() => {
      if (!this.stopped) work();
    });
  }

  stop(): void {
    this.stopped = true;
  }
}

/** Follows a market's book, trades and ticker until the returned function is called. */
export function followMarket(socket: Socket, market: string, read: <T>(path: string) => Promise<T>): () => void {
  useStore.setState({ book: NO_BOOK, trades: [], ticker: null });
  const replica = new BookReplica();
  const trades = new Newest<Trade>((left, right) => compareIds(left.fill_id, right.fill_id), KEPT_TRADES);
  let told: Ticker | null = null;
  let later: ReturnType<typeof setTimeout> | undefined;
  const frames = new Frames();
  const showBook = frames.each(() => {
    const { synced, sequence, atMs, bids, asks } = replica;
    useStore.setState({ book: { synced, sequence, atMs, bids: [...bids], asks: [...asks] } });
  });
  const showTrades = frames.each(() => useStore.setState({ trades: trades.items }));
  const showTicker = frames.each(() => useStore.setState({ ticker: told }));
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
  const readTrades = (): void => {
    void read<{ trades: Trade[] }>(`/markets/${market}/trades?limit=${KEPT_TRADES}`)
      .then((answer) => {
        for (const one of answer.trades) trades.put(one);
        showTrades();
      })
      .catch(() => undefined);
  };
  const trade: ChannelListener = {
    begin: () => {
      readTrades();
      clearTimeout(later);
      later = setTimeout(readTrades, BEHIND_MS);
    },
    hear: (message) => {
      if (message.type !== "trade") return;
      trades.put(message);
      showTrades();
    },
  };
  const ticker: ChannelListener = {
    begin: () => undefined,
    hear: (message) => {
      if (message.type !== "ticker") return;
      told = message;
      showTicker();
    },
  };
  const stops = [
    socket.subscribe(channel, book),
    socket.subscribe({ channel: "trades", market }, trade),
    socket.subscribe({ channel: "ticker", market }, ticker),
  ];
  return () => {
    frames.stop();
    clearTimeout(later);
    for (const stop of stops) stop();
  };
}
