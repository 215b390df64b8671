// The market that is looked at: its last 24 hours, and the others to choose from.
import type { ReactNode } from "react";
import type { Market } from "../api/types";
import { Badge } from "../components/ui";
import { grouped } from "../money/decimal";
import { showPrice } from "../money/market";
import { navigate } from "../state/routes";
import { useStore } from "../state/store";

const STATES: Record<Market["state"], string> = {
  open: "open",
  halted: "halted: nothing trades",
  auction_open: "auction: orders gather",
  post_only: "post-only",
  cancel_only: "cancel-only",
  closed: "closed",
};

export function MarketHeader(props: { market: Market }): ReactNode {
  const { market } = props;
  const markets = useStore((state) => state.markets);
  const ticker = useStore((state) => state.ticker);
  const price = (text: string | null | undefined): string => (text ? showPrice(market, text) : "–");
  const change = ticker?.change_percent;
  return (
    <div className="market-place">
      <div className="market-bar">
        <select
          aria-label="Market"
          value={market.id}
          onChange={(event) => navigate(`/trade/${encodeURIComponent(event.target.value)}`)}
        >
          {markets.map((one) => (
            <option key={one.id}>{one.id}</option>
          ))}
        </select>
        {market.state === "open" ? null : <Badge tone="wait">{STATES[market.state]}</Badge>}
        <strong className="last" data-testid="last">
          {price(ticker?.last)}
        </strong>
        <Fact
          label="24 h change"
          value={change ? `${signed(change)}%` : "–"}
          {...(change ? { tone: change.startsWith("-") ? "sell" : "buy" } : {})}
        />
        <Fact label="24 h high" value={price(ticker?.high)} />
        <Fact label="24 h low" value={price(ticker?.low)} />
        <Fact label={`24 h volume (${market.base.id})`} value={ticker ? grouped(ticker.volume) : "–"} />
      </div>
    </div>
  );
}

/** Returns a change with its sign; none is no change. */
function signed(text: string): string {
  return /^-|^0(\.0*)?$/.test(text) ? text : `+${text}`;
}

function Fact(props: { label: string; value: string; tone?: string }): ReactNode {
  return (
    <span className="market-fact">
      <span className="small soft">{props.label}</span>
      <span className={props.tone}>{props.value}</span>
    </span>
  );
}
