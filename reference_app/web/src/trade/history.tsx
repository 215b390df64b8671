// All orders of the account, live and ended, read page by page.
import { type ReactNode, useEffect, useState } from "react";
import { explain } from "../api/http";
import type { Order } from "../api/types";
import { type Column, Rows } from "../components/rows";
import { Badge, Empty, WorkButton } from "../components/ui";
import { grouped } from "../money/decimal";
import { timeText } from "../portfolio/tables";
import { desk } from "../state/desk";
import { useStore } from "../state/store";
import { typeWords } from "./orders";

const COLUMNS: readonly Column<Order>[] = [
  { head: "Time", cell: (order) => <span className="soft">{timeText(order.accepted_at_ms)}</span> },
  { head: "Market", cell: (order) => order.market },
  { head: "Side", cell: (order) => <span className={order.side}>{order.side === "buy" ? "Buy" : "Sell"}</span> },
  { head: "Type", cell: (order) => typeWords(order) },
  { head: "Price", right: true, cell: (order) => grouped(order.price) },
  { head: "Filled / total", right: true, cell: (order) => `${grouped(order.filled)} / ${grouped(order.quantity)}` },
  {
    head: "Status",
    cell: (order) => (
      <Badge tone={order.status === "filled" ? "good" : "plain"}>{order.status.replace("_", " ")}</Badge>
    ),
  },
  { head: "Order", cell: (order) => <code className="soft">{order.order_id}</code> },
];

export function OrderHistory(): ReactNode {
  const live = useStore((state) => state.orders.size);
  const [rows, setRows] = useState<readonly Order[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const read = async (before: string | null): Promise<void> => {
    try {
      const answer = await desk.http.get<{ orders: Order[]; next?: string | null }>(
        `/orders?limit=100${before ? `&before=${before}` : ""}`,
      );
      setRows((known) => (before ? [...known, ...answer.orders] : answer.orders));
      setNext(answer.next ?? null);
      setProblem("");
    } catch (error) {
      setProblem(explain(error));
    }
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: read again whenever an order came or went
  useEffect(() => void read(null), [live]);
  return (
    <>
      {problem ? <p className="callout bad">{problem}</p> : null}
      <Rows
        label="Order history"
        columns={COLUMNS}
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
