// The trading page.
import { type ReactNode, useEffect } from "react";
import { desk } from "../state/desk";
import { useMarket, useStore } from "../state/store";
import { Book } from "./book";
import { Trades } from "./trades";

export default function TradePage(props: { market: string | null }): ReactNode {
  const market = useMarket();
  const markets = useStore((state) => state.markets);
  const wanted = props.market;
  useEffect(() => {
    if (wanted && markets.some((one) => one.id === wanted)) desk.look(wanted);
  }, [wanted, markets]);
  if (!market)
    return <p className="empty">{markets.length ? "There is no such market." : "Connecting to the exchange…"}</p>;
  return (
    <div className="trade">
      <Book market={market} />
      <Trades market={market} />
    </div>
  );
}
