// Tables of balances and fills; every number is the exchange's own text.
import { type ReactNode, useMemo } from "react";
import { explain } from "../api/http";
import type { Balance, Fill, Market } from "../api/types";
import { OnChain } from "../components/on_chain";
import { type Column, Rows } from "../components/rows";
import { StageBadge, TransactionLink } from "../components/stage";
import { timeText } from "../components/times";
import { Empty, WorkButton } from "../components/ui";
import { grouped } from "../money/decimal";
import { shownIn } from "../money/market";
import { fillKey } from "../state/account";
import { desk } from "../state/desk";
import { notify, useStore } from "../state/store";

const BALANCES: readonly Column<Balance>[] = [
  { head: "Asset", cell: (row) => <strong>{row.asset}</strong> },
  { head: "Available", right: true, cell: (row) => grouped(row.available) },
  { head: "Held", right: true, cell: (row) => grouped(row.held) },
  { head: "Arriving", right: true, cell: (row) => grouped(row.in_flight_in) },
  { head: "Leaving", right: true, cell: (row) => grouped(row.in_flight_out) },
  { head: "Withdrawing", right: true, cell: (row) => grouped(row.withdrawing) },
  { head: "Vouchers", right: true, cell: (row) => grouped(row.vouchers ?? "0") },
  { head: "Total", right: true, cell: (row) => grouped(row.total) },
  { head: "On chain", right: true, cell: (row) => <OnChain asset={row.asset} /> },
];

export function BalancesTable(): ReactNode {
  const balances = useStore((state) => state.balances);
  const isRead = useStore((state) => state.accountRead);
  return (
    <Rows
      label="Balances"
      columns={BALANCES}
      rows={balances}
      keyOf={(row) => row.asset}
      empty={<Empty>{isRead ? "Nothing deposited yet." : "Reading your balances…"}</Empty>}
    />
  );
}

export function FillsTable(props: { height?: number; market?: string | null }): ReactNode {
  const all = useStore((state) => state.fills);
  const markets = useStore((state) => state.markets);
  const more = useStore((state) => state.moreFills);
  const isRead = useStore((state) => state.fillsRead);
  const chainId = useStore((state) => state.info?.chain_id);
  const rows = props.market ? all.filter((fill) => fill.market === props.market) : all;
  const columns = useMemo(() => fillColumns(markets, chainId), [markets, chainId]);
  return (
    <>
      <Rows
        label="Fills"
        columns={columns}
        rows={rows}
        keyOf={fillKey}
        {...(props.height ? { height: props.height } : {})}
        empty={
          <Empty>
            {isRead
              ? "No fills yet. What you trade appears here with how far its settlement has come."
              : "Reading your fills…"}
          </Empty>
        }
      />
      {more ? (
        <WorkButton className="quiet" work={() => desk.olderFills().catch((error) => notify("bad", explain(error)))}>
          Show older fills
        </WorkButton>
      ) : null}
    </>
  );
}

function fillColumns(markets: readonly Market[], chainId: number | null | undefined): readonly Column<Fill>[] {
  const shown = shownIn(markets);
  return [
    { head: "Time", width: 136, cell: (fill) => <span className="soft">{timeText(fill.at_ms)}</span> },
    { head: "Market", width: 90, cell: (fill) => fill.market },
    {
      head: "Side",
      width: 50,
      cell: (fill) => <span className={fill.side}>{fill.side === "buy" ? "Buy" : "Sell"}</span>,
    },
    { head: "Price", width: 100, right: true, cell: (fill) => shown.price(fill, fill.price) },
    { head: "Quantity", width: 100, right: true, cell: (fill) => shown.quantity(fill, fill.quantity) },
    { head: "Fee", width: 120, right: true, cell: (fill) => `${grouped(fill.fee)} ${fill.fee_asset}` },
    { head: "Role", width: 70, cell: (fill) => <span className="soft">{fill.liquidity}</span> },
    { head: "Settlement", width: 100, cell: (fill) => <StageBadge stage={fill.stage} /> },
    { head: "Transaction", width: 120, cell: (fill) => <TransactionLink fill={fill} chainId={chainId} /> },
  ];
}
