// The book, best prices in the middle. A click puts a price into the form; own orders are marked.
import { memo, type ReactNode, useMemo } from "react";
import type { Level } from "../api/book";
import type { Market, Order, Side } from "../api/types";
import { Panel } from "../components/ui";
import { formatDecimal, grouped, parseDecimal, share } from "../money/decimal";
import { showPrice, showQuantity, stepsOf } from "../money/market";
import { useStore } from "../state/store";
import { write } from "./ticket";

const LEVELS = 14;
/** How high a level is drawn, as `.level` of trade.css says. */
const LEVEL_PX = 21;

interface Row {
  readonly level: Level;
  readonly total: string;
  /** Of the deepest total shown, in thousandths. */
  readonly part: number;
}

/** Returns levels with running totals; the bar of each is its total's part of `deepest`. */
export function withTotals(market: Market, levels: readonly Level[], deepest: bigint): Row[] {
  const { quantityDecimals } = stepsOf(market);
  let sum = 0n;
  return levels.map((level) => {
    sum += parseDecimal(level.quantity, quantityDecimals);
    return { level, total: formatDecimal(sum, quantityDecimals), part: share(sum, deepest) };
  });
}

/** Returns the prices at which orders stand in a market's book: those that wait for a trigger or an entry do not. */
export function ownPrices(orders: Iterable<Order>, market: string): Record<Side, ReadonlySet<string>> {
  const prices = { buy: new Set<string>(), sell: new Set<string>() };
  for (const order of orders) {
    const waits = order.waiting || (order.asleep !== "0" && order.asleep === order.open);
    if (order.market === market && !waits) prices[order.side].add(order.price);
  }
  return prices;
}

function sumOf(market: Market, levels: readonly Level[]): bigint {
  const { quantityDecimals } = stepsOf(market);
  return levels.reduce((sum, level) => sum + parseDecimal(level.quantity, quantityDecimals), 0n);
}

export function Book(props: { market: Market }): ReactNode {
  const { market } = props;
  const book = useStore((state) => state.book);
  const orders = useStore((state) => state.orders);
  const own = useMemo(() => ownPrices(orders.values(), market.id), [orders, market.id]);
  const [bids, asks] = [book.bids.slice(0, LEVELS), book.asks.slice(0, LEVELS)];
  const [bidSum, askSum] = [sumOf(market, bids), sumOf(market, asks)];
  const deepest = bidSum > askSum ? bidSum : askSum;
  const [bid, ask] = [bids[0], asks[0]];
  const bidRows = withTotals(market, bids, deepest);
  const askRows = withTotals(market, asks, deepest).reverse();
  return (
    <Panel title="Order book" apart className="book" label="Order book">
      <div className="book-body" data-sequence={book.sequence} data-synced={book.synced}>
        <div className="book-head" aria-hidden="true">
          <span>Price ({market.quote.id})</span>
          <span>Quantity</span>
          <span>Total ({market.base.id})</span>
        </div>
        {!book.synced ? (
          <p className="empty">Reading the book…</p>
        ) : (
          <>
            <ul className="levels asks" aria-label="Asks, best last">
              {askRows.map((row) => (
                <LevelRow
                  key={row.level.price}
                  market={market}
                  side="sell"
                  row={row}
                  own={own.sell.has(row.level.price)}
                />
              ))}
              <Bars rows={askRows} />
            </ul>
            <div className="spread-line">
              {bid && ask ? (
                <>
                  <span className="soft">Spread</span> <span>{spread(market, bid.key, ask.key)}</span>
                </>
              ) : (
                <span className="soft">
                  {asks.length || bids.length ? "One side is empty" : "Nobody quotes this market now"}
                </span>
              )}
            </div>
            <ul className="levels bids" aria-label="Bids, best first">
              {bidRows.map((row) => (
                <LevelRow
                  key={row.level.price}
                  market={market}
                  side="buy"
                  row={row}
                  own={own.buy.has(row.level.price)}
                />
              ))}
              <Bars rows={bidRows} />
            </ul>
          </>
        )}
      </div>
    </Panel>
  );
}

/** The bars of a side behind its levels: one path, since it changes with nearly every frame. */
function Bars(props: { rows: readonly Row[] }): ReactNode {
  const { rows } = props;
  const height = rows.length * LEVEL_PX;
  return (
    <li className="bars" aria-hidden="true">
      <svg aria-hidden="true" width="100%" height={height} preserveAspectRatio="none" viewBox={`0 0 1000 ${height}`}>
        <path d={barsPath(rows)} />
      </svg>
    </li>
  );
}

/** Returns a rectangle for each row, from the right edge, as long as its part. */
export function barsPath(rows: readonly Pick<Row, "part">[]): string {
  return rows.map(({ part }, at) => `M1000 ${at * LEVEL_PX + 1}h${-part}v${LEVEL_PX - 2}h${part}z`).join("");
}

function spread(market: Market, bid: bigint, ask: bigint): string {
  const difference = ask - bid;
  const percent = (difference * 1_000_000n) / ask;
  return `${grouped(formatDecimal(difference, 18))} ${market.quote.id} (${formatDecimal(percent, 4)}%)`;
}

const LevelRow = memo(
  (props: { market: Market; side: Side; row: Row; own: boolean }): ReactNode => {
    const { market, side, row, own } = props;
    const { price, quantity } = row.level;
    return (
      <li>
        <button
          type="button"
          className={`level ${side}`}
          data-price={price}
          data-quantity={quantity}
          aria-label={`${side === "buy" ? "Bid" : "Ask"} ${price}, ${quantity}${own ? ", has your order" : ""}: use this price`}
          onClick={() => write({ price })}
        >
          <span className={`price ${side}`}>
            {own ? <span className="own" title="Your order" aria-hidden="true" /> : null}
            {showPrice(market, price)}
          </span>
          <span>{showQuantity(market, quantity)}</span>
          <span className="soft">{showQuantity(market, row.total)}</span>
        </button>
      </li>
    );
  },
  (before, after) =>
    before.market === after.market &&
    before.own === after.own &&
    before.row.total === after.row.total &&
    before.row.level.quantity === after.row.level.quantity,
);
