// The candles of a market and an interval: those of the past are read, those of now are told, and nothing of what was left
// is shown in place of what came.
import type { Socket } from "../api/socket";
import type { Candle, Interval } from "../api/types";

/** How long what could not be read is left alone. */
export const AGAIN_MS = 3_000;
const SHOWN = 500;

export interface CandlesShown {
  /** All of them, oldest first. */
  all(candles: readonly Candle[]): void;
  /** The newest one, as it is now. */
  newest(candle: Candle): void;
  /** The past could not be read; it is read again. */
  failed(): void;
}

/** Follows candles until the returned function is called. */
export function followCandles(
  socket: Pick<Socket, "subscribe">,
  read: <T>(path: string) => Promise<T>,
  market: string,
  interval: Interval,
  shown: CandlesShown,
): () => void {
  let known = new Map<number, Candle>();
  let begun = 0;
  let later: ReturnType<typeof setTimeout> | undefined;
  const show = (): void => shown.all([...known.values()].sort((left, right) => left.start_ms - right.start_ms));
  const readPast = (): void => {
    const mine = begun;
    void read<{ candles: Candle[] }>(`/markets/${market}/candles?interval=${interval}&limit=${SHOWN}`)
      .then((answer) => {
        if (mine !== begun) return;
        // What was told since is newer than what the list says.
        known = new Map([...answer.candles.map((candle) => [candle.start_ms, candle] as const), ...known]);
        show();
      })
      .catch(() => {
        if (mine !== begun) return;
        shown.failed();
        later = setTimeout(readPast, AGAIN_MS);
      });
  };
  const forget = (): void => {
    begun += 1;
    clearTimeout(later);
  };
  const leave = socket.subscribe(
    { channel: `candles_${interval}`, market },
    {
      begin: () => {
        forget();
        known = new Map();
        readPast();
      },
      hear: (message) => {
        if (message.type !== "candle") return;
        const last = Math.max(0, ...known.keys());
        known.set(message.start_ms, message);
        if (message.start_ms < last) show();
        else shown.newest(message);
      },
    },
  );
  return () => {
    forget();
    leave();
  };
}
