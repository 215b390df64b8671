// What a market's numbers mean: steps, exact products, and how they are shown.
import type { Market } from "../api/types";
import { decimalsOf, floorTo, formatDecimal, grouped, padded, parseDecimal, tryDecimal } from "./decimal";

/** A market's steps, computed once. Prices and quantities are counted in parts of 10^-decimals. */
export interface Steps {
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  readonly tick: bigint;
  readonly lot: bigint;
  readonly quoteDecimals: number;
  readonly baseDecimals: number;
}

const known = new WeakMap<Market, Steps>();

export function stepsOf(market: Market): Steps {
  const found = known.get(market);
  if (found) return found;
  const priceDecimals = decimalsOf(market.tick);
  const quantityDecimals = decimalsOf(market.lot);
  const steps: Steps = {
    priceDecimals,
    quantityDecimals,
    tick: parseDecimal(market.tick, priceDecimals),
    lot: parseDecimal(market.lot, quantityDecimals),
    quoteDecimals: market.quote.decimals,
    baseDecimals: market.base.decimals,
  };
  known.set(market, steps);
  return steps;
}

export function showPrice(market: Market, text: string): string {
  return grouped(padded(text, stepsOf(market).priceDecimals));
}

export function showQuantity(market: Market, text: string): string {
  return grouped(padded(text, stepsOf(market).quantityDecimals));
}

/** How prices and quantities are shown of what names its market. */
export interface Shown {
  price(of: { readonly market: string }, text: string): string;
  quantity(of: { readonly market: string }, text: string): string;
}

/** Returns how these markets' numbers are shown; those of an unknown market stay as the exchange wrote them. */
export function shownIn(markets: readonly Market[]): Shown {
  const byId = new Map(markets.map((market) => [market.id, market]));
  const show =
    (how: (market: Market, text: string) => string): Shown["price"] =>
    (of, text) => {
      const market = byId.get(of.market);
      return market ? how(market, text) : text;
    };
  return { price: show(showPrice), quantity: show(showQuantity) };
}

/** Returns price times quantity as decimal text in quote, exactly. */
export function notional(price: string, quantity: string): string {
  const [priceDecimals, quantityDecimals] = [decimalsOf(price), decimalsOf(quantity)];
  const product = parseDecimal(price, priceDecimals) * parseDecimal(quantity, quantityDecimals);
  return formatDecimal(product, priceDecimals + quantityDecimals);
}

/** Returns why a text is no price or quantity of the market, or null. */
export function stepProblem(market: Market, text: string, kind: "price" | "quantity"): string | null {
  const steps = stepsOf(market);
  const decimals = kind === "price" ? steps.priceDecimals : steps.quantityDecimals;
  const step = kind === "price" ? steps.tick : steps.lot;
  try {
    const value = parseDecimal(text, decimals);
    if (value <= 0n) return "Must be above zero";
    const below = floorTo(value, step);
    if (below !== value) {
      const nearest = [below, below + step].filter((one) => one > 0n).map((one) => formatDecimal(one, decimals));
      return `Not a multiple of ${kind === "price" ? market.tick : market.lot}; nearest: ${nearest.join(" or ")}`;
    }
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : "Not a number";
  }
}

/** Returns the greatest quantity, in lots, that `funds` of quote pay for at a price; null when it can not be told. */
export function affordable(market: Market, funds: string, price: string, feePpm: number): string | null {
  const steps = stepsOf(market);
  const atoms = tryDecimal(funds, steps.quoteDecimals);
  const cost = tryDecimal(price, steps.priceDecimals);
  if (atoms === null || cost === null || cost <= 0n) return null;
  const scale = 10n ** BigInt(steps.priceDecimals + steps.quantityDecimals);
  const withFee = cost * (1_000_000n + BigInt(Math.max(feePpm, 0)));
  const quantity = (atoms * scale * 1_000_000n) / (withFee * 10n ** BigInt(steps.quoteDecimals));
  return formatDecimal(floorTo(quantity, steps.lot), steps.quantityDecimals);
}

/** Returns a price moved by so many ticks, never below one. */
export function movePrice(market: Market, text: string, ticks: bigint): string | null {
  const steps = stepsOf(market);
  const value = tryDecimal(text, steps.priceDecimals);
  if (value === null) return null;
  const moved = floorTo(value, steps.tick) + ticks * steps.tick;
  return formatDecimal(moved < steps.tick ? steps.tick : moved, steps.priceDecimals);
}

/** Returns a price moved by parts per million and put on a tick: away from the market, so that it protects. */
export function protectedPrice(market: Market, text: string, side: "buy" | "sell", ppm: bigint): string | null {
  const steps = stepsOf(market);
  const value = tryDecimal(text, steps.priceDecimals);
  if (value === null) return null;
  if (side === "buy") {
    const most = (value * (1_000_000n + ppm)) / 1_000_000n;
    return formatDecimal(floorTo(most + steps.tick - 1n, steps.tick), steps.priceDecimals);
  }
  const least = floorTo((value * (1_000_000n - ppm)) / 1_000_000n, steps.tick);
  return formatDecimal(least < steps.tick ? steps.tick : least, steps.priceDecimals);
}
