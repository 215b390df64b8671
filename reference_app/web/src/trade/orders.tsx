// Open orders, with cancel and replace; the list follows the exchange's reports, never what was clicked.
import { type ReactNode, useMemo, useState } from "react";
import { explain, Refused } from "../api/http";
import type { Market, Order } from "../api/types";
import { type Column, Rows } from "../components/rows";
import { timeText } from "../components/times";
import { Badge, Dialog, Empty, Field, WorkButton } from "../components/ui";
import { type Shown, shownIn, stepProblem } from "../money/market";
import { cancel, endsAtMs, replace } from "../orders/entry";
import { desk } from "../state/desk";
import { notify, useStore } from "../state/store";

const FILLED_MEANWHILE = "filled_meanwhile";

export function typeWords(order: Pick<Order, "order_type" | "post_only" | "display_quantity">): string {
  const words = order.order_type.replaceAll("_", " ");
  return `${words}${order.post_only ? ", post-only" : ""}${order.display_quantity ? ", iceberg" : ""}`;
}

export function OpenOrders(props: { market?: string | null }): ReactNode {
  const orders = useStore((state) => state.orders);
  const isRead = useStore((state) => state.ordersBegun > 0);
  const markets = useStore((state) => state.markets);
  const [changing, setChanging] = useState<Order | null>(null);
  const rows = [...orders.values()]
    .filter((order) => !props.market || order.market === props.market)
    .sort((left, right) => right.accepted_at_ms - left.accepted_at_ms);
  const columns = useMemo(() => orderColumns(markets, setChanging), [markets]);
  return (
    <>
      <Rows
        label="Open orders"
        columns={columns}
        rows={rows}
        keyOf={(order) => order.order_id}
        empty={
          <Empty>
            {isRead ? "No open orders. Click a price in the book to begin one." : "Reading your open orders…"}
          </Empty>
        }
      />
      {changing ? <ReplaceDialog order={changing} onClose={() => setChanging(null)} /> : null}
    </>
  );
}

/** What an order is: the columns that every list of orders begins with. */
export function termColumns(shown: Shown): readonly Column<Order>[] {
  return [
    { head: "Time", width: 136, cell: (order) => <span className="soft">{timeText(order.accepted_at_ms)}</span> },
    { head: "Market", width: 90, cell: (order) => order.market },
    {
      head: "Side",
      width: 50,
      cell: (order) => <span className={order.side}>{order.side === "buy" ? "Buy" : "Sell"}</span>,
    },
    { head: "Type", width: 126, cell: (order) => typeWords(order) },
    { head: "Price", width: 100, right: true, cell: (order) => shown.price(order, order.price) },
    {
      head: "Filled / total",
      width: 170,
      right: true,
      cell: (order) => `${shown.quantity(order, order.filled)} / ${shown.quantity(order, order.quantity)}`,
    },
  ];
}

function orderColumns(markets: readonly Market[], change: (order: Order) => void): readonly Column<Order>[] {
  const shown = shownIn(markets);
  return [
    ...termColumns(shown),
    { head: "Ends", width: 136, cell: (order) => <Ends order={order} /> },
    { head: "State", width: 130, cell: (order) => <OrderState order={order} shown={shown} /> },
    {
      head: "Actions",
      width: 150,
      cell: (order) => (
        <span className="row">
          <button
            type="button"
            className="button tiny"
            aria-label={`Replace order ${order.order_id}`}
            onClick={() => change(order)}
          >
            Replace
          </button>
          <WorkButton className="tiny" label={`Cancel order ${order.order_id}`} busy="…" work={() => cancelOne(order)}>
            Cancel
          </WorkButton>
        </span>
      ),
    },
  ];
}

export function OrderState(props: { order: Order; shown: Shown }): ReactNode {
  const { order, shown } = props;
  if (order.asleep !== "0" && order.asleep === order.open) return <Badge tone="wait">waits for its entry</Badge>;
  if (order.waiting && order.trigger_price)
    return <Badge tone="wait">waits for {shown.price(order, order.trigger_price)}</Badge>;
  return <Badge tone={order.status === "filled" ? "good" : "plain"}>{order.status.replace("_", " ")}</Badge>;
}

/** When it ends by itself; of an order that was signed in another browser that is not known here. */
function Ends(props: { order: Order }): ReactNode {
  const atMs = endsAtMs(props.order);
  return <span className="soft">{atMs === null ? "–" : timeText(atMs)}</span>;
}

async function cancelOne(order: Order): Promise<void> {
  try {
    await cancel(order.order_id);
    notify("plain", `Order ${order.order_id} is canceled.`);
  } catch (error) {
    notify("bad", explain(error));
  }
}

/** Reads an order of which a refusal told more than is known; its report may come later, or not at all. */
async function readAgain(known: Order): Promise<Order> {
  return desk.http.get<Order>(`/orders/${known.order_id}`).catch(() => known);
}

export function ReplaceDialog(props: { order: Order; onClose: () => void }): ReactNode {
  const { order } = props;
  const market = useStore((state) => state.markets.find((one) => one.id === order.market));
  const [price, setPrice] = useState(order.price);
  const [quantity, setQuantity] = useState(order.quantity);
  const [trigger, setTrigger] = useState(order.trigger_price ?? "");
  const [problem, setProblem] = useState("");
  // New terms are of the order as the person last knew it: only a refusal tells of what traded since.
  const [known, setKnown] = useState(order);
  if (!market) return null;
  const problems = [
    stepProblem(market, price, "price"),
    stepProblem(market, quantity, "quantity"),
    trigger ? stepProblem(market, trigger, "price") : null,
  ];
  const work = async (): Promise<void> => {
    setProblem("");
    try {
      await replace(market, known, { price, quantity, trigger });
      notify("good", `Order ${order.order_id} has new terms.`);
      props.onClose();
    } catch (error) {
      setProblem(explain(error));
      if (error instanceof Refused && error.problem.reason === FILLED_MEANWHILE) setKnown(await readAgain(known));
    }
  };
  return (
    <Dialog title="Replace order" onClose={props.onClose}>
      <p className="soft">The order keeps its id. Its place in the queue is kept only where just the quantity falls.</p>
      <Field label="New price" number value={price} unit={market.quote.id} problem={problems[0]} onChange={setPrice} />
      <Field
        label="New total quantity, fills included"
        number
        value={quantity}
        unit={market.base.id}
        problem={problems[1]}
        onChange={setQuantity}
      />
      {order.trigger_price ? (
        <Field
          label="New trigger price"
          number
          value={trigger}
          unit={market.quote.id}
          problem={problems[2]}
          onChange={setTrigger}
        />
      ) : null}
      {problem ? (
        <p className="callout bad" role="alert">
          {problem}
        </p>
      ) : null}
      <WorkButton className="primary wide" work={work} disabled={problems.some(Boolean)} busy="Replacing…">
        Replace
      </WorkButton>
    </Dialog>
  );
}
