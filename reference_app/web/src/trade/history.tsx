// All orders of the account, live and ended, read page by page.
import { type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { explain } from "../api/http";
import type { Market, Order } from "../api/types";
import { type Column, Rows } from "../components/rows";
import { Empty, WorkButton } from "../components/ui";
import { shownIn } from "../money/market";
import { newestOrders } from "../state/account";
import { desk } from "../state/desk";
import { BEHIND_MS } from "../state/feeds";
import { useStore } from "../state/store";
import { OrderState, termColumns } from "./orders";

function columnsOf(markets: readonly Market[]): readonly Column<Order>[] {
  const shown = shownIn(markets);
  return [
    ...termColumns(shown),
    { head: "Status", width: 130, cell: (order) => <OrderState order={order} shown={shown} /> },
    { head: "Order", width: 100, cell: (order) => <code className="soft">{order.order_id}</code> },
  ];
}

export function OrderHistory(): ReactNode {
  const begun = useStore((state) => state.ordersBegun);
  const open = useStore((state) => state.orders);
  const ended = useStore((state) => state.ended);
  const [listed, setListed] = useState<readonly Order[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const older = useRef(false);
  const read = async (before: string | null): Promise<void> => {
    if (before) older.current = true;
    try {
      const answer = await desk.http.get<{ orders: Order[]; next?: string | null }>(
        `/orders?limit=100${before ? `&before=${before}` : ""}`,
      );
      setListed((known) => (before ? [...(known ?? []), ...answer.orders] : answer.orders));
      setNext(answer.next ?? null);
      setProblem("");
    } catch (error) {
      setProblem(explain(error));
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again whenever something may have been missed
  useEffect(() => {
    older.current = false;
    void read(null);
    const later = setTimeout(() => void (older.current || read(null)), BEHIND_MS);
    return () => clearTimeout(later);
  }, [begun]);
  const rows = useMemo(() => newestOrders(listed ?? [], open, ended, next === null), [listed, open, ended, next]);
  const markets = useStore((state) => state.markets);
  const columns = useMemo(() => columnsOf(markets), [markets]);
  if (listed === null && !problem)
    return (
      <p className="empty" aria-busy="true">
        Reading your orders…
      </p>
    );
  return (
    <>
      {problem ? <p className="callout bad">{problem}</p> : null}
      <Rows
        label="Order history"
        columns={columns}
        rows={rows}
        keyOf={(order) => order.order_id}
        empty={<Empty>No orders yet.</Empty>}
      />
      {next ? (
        <WorkButton className="quiet" work={() => read(next)}>
          Show older orders
        </WorkButton>
      ) : null}
    </>
  );
}
