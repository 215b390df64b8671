// How much is quoted up to each price: both sides' running totals, drawn from the book's own integers.
import type { ReactNode } from "react";
import type { Level } from "../api/book";
import type { Market } from "../api/types";
import { Empty } from "../components/ui";
import { parseDecimal, share } from "../money/decimal";
import { showPrice, stepsOf } from "../money/market";
import { useStore } from "../state/store";

const WIDTH = 1_000;
const HEIGHT = 400;
const LEVELS = 200;

/** Returns the corners of a side's steps: x and y in thousandths of width and height. */
export function stepsPath(levels: readonly { readonly at: number; readonly sum: number }[]): string {
  const parts: string[] = [];
  let height = 0;
  for (const { at, sum } of levels) {
    parts.push(`${at},${1_000 - height} ${at},${1_000 - sum}`);
    height = sum;
  }
  return parts.join(" ");
}

export default function Depth(props: { market: Market }): ReactNode {
  const { market } = props;
  const book = useStore((state) => state.book);
  const [bid, ask] = [book.bids[0], book.asks[0]];
  if (!bid || !ask) return <Empty>Depth needs quotes on both sides.</Empty>;
  const [bids, asks] = [book.bids.slice(0, LEVELS), book.asks.slice(0, LEVELS)];
  const middle = (bid.key + ask.key) / 2n;
  const edges = [bids.at(-1), asks.at(-1)].map((level) => (level ? distance(level.key, middle) : 0n));
  const reach = edges.reduce((most, edge) => (edge > most ? edge : most), 1n);
  const { quantityDecimals } = stepsOf(market);
  const total = (levels: readonly Level[]): bigint =>
    levels.reduce((sum, level) => sum + parseDecimal(level.quantity, quantityDecimals), 0n);
  const [left, right] = [total(bids), total(asks)];
  const most = left > right ? left : right;
  const side = (levels: readonly Level[], sign: 1 | -1): { at: number; sum: number }[] => {
    let sum = 0n;
    return levels.map((level) => {
      sum += parseDecimal(level.quantity, quantityDecimals);
      return { at: 500 + (sign * share(distance(level.key, middle), reach)) / 2, sum: share(sum, most) * 0.92 };
    });
  };
  const area = (steps: { at: number; sum: number }[], edge: number): string => {
    const first = steps[0]?.at ?? 500;
    return `${first},1000 ${stepsPath(steps)} ${edge},${1_000 - (steps.at(-1)?.sum ?? 0)} ${edge},1000`;
  };
  return (
    <figure className="depth" aria-label={`Depth of ${market.id}`}>
      <svg viewBox={`0 0 ${WIDTH} 1000`} preserveAspectRatio="none" height={HEIGHT} aria-hidden="true">
        <polygon className="buy" points={area(side(bids, -1), 0)} />
        <polygon className="sell" points={area(side(asks, 1), 1_000)} />
      </svg>
      <figcaption className="spread small soft">
        <span className="buy">{showPrice(market, bids.at(-1)?.price ?? "0")}</span>
        <span>
          {showPrice(market, bid.price)} – {showPrice(market, ask.price)} {market.quote.id}
        </span>
        <span className="sell">{showPrice(market, asks.at(-1)?.price ?? "0")}</span>
      </figcaption>
    </figure>
  );
}

function distance(one: bigint, other: bigint): bigint {
  return one > other ? one - other : other - one;
}
