// What the socket tells of a market, into the store: at most once a frame, however fast it comes.
import { BookReplica } from "../api/book";
import type { ChannelListener, Socket } from "../api/socket";
import type { Channel, Ticker, Trade } from "../api/types";
import { compareIds, Newest } from "./newest";
import { NO_BOOK, useStore } from "./store";

const KEPT_TRADES = 80;
/** Lists of the past are written a moment after the engine: what fell into that moment is read this much later. */
export const BEHIND_MS = 2_000;

/** How long a book stands before the next is drawn, at least: nobody reads more than 30 a second. */
const BOOK_RESTS_MS = 25;

/** What waits for a frame, one a frame: what changed at one moment in many places would be too much for one. */
const turns: (() => void)[] = [];

function nextTurn(): void {
  const run = turns.shift();
  if (turns.length > 0) requestAnimationFrame(nextTurn);
  run?.();
}

function takeTurn(run: () => void): void {
  turns.push(run);
  if (turns.length === 1) requestAnimationFrame(nextTurn);
}

/**
 * Runs `work` before one of the next frames, once however often it is called; where no frame comes, soon. With `restMs`
 * it waits for no other, but is left to rest so long after it ran: the frames between belong to what moves, such as a
 * list that is scrolled.
 */
export function eachFrame(work: () => void, restMs = 0): () => void {
  let waiting = false;
  let rested = 0;
  const run = (): void => {
    if (!waiting) return;
    waiting = false;
    if (restMs > 0) rested = performance.now() + restMs;
    work();
  };
  return () => {
    if (waiting) return;
    waiting = true;
    const early = restMs > 0 ? rested - performance.now() : 0;
    if (document.hidden) setTimeout(run, 200);
    else if (early > 0) setTimeout(() => requestAnimationFrame(run), early);
    else if (restMs > 0) requestAnimationFrame(run);
    else takeTurn(run);
  };
}

/** Shows of one follower: none comes after it stopped, so nothing of what was left is shown in place of what came. */
export class Frames {
  private stopped = false;

  each(work: () => void, restMs = 0): () => void {
    return eachFrame(() => {
      if (!this.stopped) work();
    }, restMs);
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
  }, BOOK_RESTS_MS);
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
