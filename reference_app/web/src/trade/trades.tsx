// The market's trades, newest first.
import { type ReactNode, useMemo } from "react";
import type { Market, Trade } from "../api/types";
import { type Column, Rows } from "../components/rows";
import { clockText } from "../components/times";
import { Empty, Panel } from "../components/ui";
import { showPrice, showQuantity } from "../money/market";
import { useStore } from "../state/store";

export function Trades(props: { market: Market }): ReactNode {
  const { market } = props;
  const trades = useStore((state) => state.trades);
  const columns = useMemo(() => columnsOf(market), [market]);
  return (
    <Panel title="Trades" apart className="trades" label="Trades">
      <Rows
        label="Trades"
        dense
        columns={columns}
        rows={trades}
        keyOf={(trade) => trade.fill_id}
        empty={<Empty>No trades yet.</Empty>}
      />
    </Panel>
  );
}

function columnsOf(market: Market): readonly Column<Trade>[] {
  return [
    {
      head: "Price",
      width: 80,
      cell: (trade) => <span className={trade.taker_side}>{showPrice(market, trade.price)}</span>,
    },
    {
      head: "Quantity",
      width: 70,
      right: true,
      cell: (trade) => showQuantity(market, trade.quantity),
    },
    { head: "Time", width: 76, right: true, cell: (trade) => <span className="soft">{clockText(trade.at_ms)}</span> },
  ];
}
