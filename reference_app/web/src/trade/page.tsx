// The trading page: chart, book, trades, form, and the account's orders and fills, at every width.
import { lazy, type ReactNode, Suspense, useEffect, useState } from "react";
import { Boundary } from "../components/boundary";
import { SignedIn } from "../components/connect";
import { Panel, Tabs } from "../components/ui";
import { BalancesTable, FillsTable } from "../portfolio/tables";
import { desk } from "../state/desk";
import { decoded } from "../state/routes";
import { useMarket, useStore } from "../state/store";
import { Book } from "./book";
import { OrderForm } from "./form";
import { MarketHeader } from "./header";
import { OrderHistory } from "./history";
import { OpenOrders } from "./orders";
import { useShortcuts } from "./shortcuts";
import { Trades } from "./trades";
import "../styles/trade.css";

const Chart = lazy(() => import("./chart"));
const Depth = lazy(() => import("./depth"));

type View = "chart" | "book" | "trades" | "order";

const VIEWS: readonly { id: View; label: string }[] = [
  { id: "chart", label: "Chart" },
  { id: "book", label: "Book" },
  { id: "trades", label: "Trades" },
  { id: "order", label: "Order" },
];

export default function TradePage(props: { market: string | null }): ReactNode {
  const market = useMarket();
  const markets = useStore((state) => state.markets);
  const [view, setView] = useState<View>("order");
  const wanted = props.market ? decoded(props.market) : null;
  useEffect(() => {
    if (markets.length && (wanted || !market)) desk.look(wanted);
  }, [wanted, market, markets]);
  useShortcuts(market);
  if (!market)
    return <p className="empty">{markets.length ? "There is no such market." : "Connecting to the exchange…"}</p>;
  return (
    <div className="trade" data-view={view}>
      <h1 className="hidden-text">Trade {market.id}</h1>
      <MarketHeader market={market} />
      <div className="view-tabs">
        <Tabs label="View" tabs={VIEWS} chosen={view} onChoose={(id) => setView(id as View)} panelId="trade-view" />
      </div>
      <div className="trade-view" id="trade-view">
        <ChartPanel key={market.id} />
        <Book market={market} />
        <Trades market={market} />
        <OrderForm key={market.id} market={market} />
      </div>
      <AccountPanel />
    </div>
  );
}

function ChartPanel(): ReactNode {
  const market = useMarket();
  const [tab, setTab] = useState("candles");
  if (!market) return null;
  return (
    <Panel
      className="charts"
      label="Chart"
      apart
      title={
        <Tabs
          label="Chart"
          tabs={[
            { id: "candles", label: "Candles" },
            { id: "depth", label: "Depth" },
          ]}
          chosen={tab}
          onChoose={setTab}
          panelId="chart-panel"
        />
      }
    >
      <div id="chart-panel" className="charts-body" role="tabpanel" aria-labelledby={`chart-panel-${tab}`}>
        <Boundary key={tab}>
          <Suspense fallback={<p className="empty">Loading the chart…</p>}>
            {tab === "candles" ? <Chart market={market} /> : <Depth market={market} />}
          </Suspense>
        </Boundary>
      </div>
    </Panel>
  );
}

function AccountPanel(): ReactNode {
  const [tab, setTab] = useState("open");
  const open = useStore((state) => state.orders.size);
  return (
    <Panel
      className="account"
      label="Your account"
      apart
      title={
        <Tabs
          label="Your account"
          tabs={[
            { id: "open", label: `Open orders (${open})` },
            { id: "fills", label: "Fills" },
            { id: "history", label: "Order history" },
            { id: "balances", label: "Balances" },
          ]}
          chosen={tab}
          onChoose={setTab}
          panelId="account-panel"
        />
      }
    >
      <div id="account-panel" className="account-body" role="tabpanel" aria-labelledby={`account-panel-${tab}`}>
        <SignedIn what="your orders, fills and balances">
          {tab === "open" ? (
            <OpenOrders />
          ) : tab === "fills" ? (
            <FillsTable />
          ) : tab === "history" ? (
            <OrderHistory />
          ) : (
            <BalancesTable />
          )}
        </SignedIn>
      </div>
    </Panel>
  );
}
