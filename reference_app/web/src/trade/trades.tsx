// The market's trades, newest first.
import { memo, type ReactNode } from "react";
import type { Market, Trade } from "../api/types";
import { clockText } from "../components/times";
import { Empty, Panel } from "../components/ui";
import { showPrice, showQuantity } from "../money/market";
import { useStore } from "../state/store";

export function Trades(props: { market: Market }): ReactNode {
  const trades = useStore((state) => state.trades);
  return (
    <Panel title="Trades" flush className="trades" label="Trades">
      {trades.length === 0 ? (
        <Empty>No trades yet.</Empty>
      ) : (
        <section className="scroll" tabIndex={0} aria-label="Newest trades">
          <ul className="trade-list">
            {trades.map((trade) => (
              <TradeRow key={trade.fill_id} market={props.market} trade={trade} />
            ))}
          </ul>
        </section>
      )}
    </Panel>
  );
}

const TradeRow = memo((props: { market: Market; trade: Trade }): ReactNode => {
  const { market, trade } = props;
  return (
    <li data-fill={trade.fill_id}>
      <span className={trade.taker_side}>{showPrice(market, trade.price)}</span>
      <span>{showQuantity(market, trade.quantity)}</span>
      <span className="soft">{clockText(trade.at_ms)}</span>
    </li>
  );
});
