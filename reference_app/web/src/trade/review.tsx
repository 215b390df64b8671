// What is signed, in plain words, before it is signed: the exchange's words beside a document made in this page.
import { type ReactNode, useEffect, useRef, useState } from "react";
import { explain, refusal } from "../api/http";
import type { Market } from "../api/types";
import { Dialog, WorkButton } from "../components/ui";
import { grouped } from "../money/decimal";
import { showPrice, showQuantity } from "../money/market";
import { type Prepared, sessionKey } from "../orders/entry";
import { notify, useStore } from "../state/store";

export function Review(props: {
  market: Market;
  prepared: Prepared;
  onClose: () => void;
  onSign: () => Promise<void>;
}): ReactNode {
  const { market, prepared } = props;
  const [problem, setProblem] = useState("");
  const signs = useStore((state) => state.info?.requires_signature === true);
  const [signer, setSigner] = useState("");
  useEffect(() => {
    if (!signs) return;
    let current = true;
    sessionKey(market, Math.max(...prepared.requests.map((order) => order.expiry_s ?? 0)))
      .then((key) => {
        if (!current) return;
        setSigner(
          key ? "The session key of this browser signs it; your wallet is not asked." : "Your wallet signs it.",
        );
      })
      .catch(() => undefined);
    return () => {
      current = false;
    };
  }, [signs, market, prepared]);
  const open = useRef(true);
  useEffect(() => {
    open.current = true;
    return () => {
      open.current = false;
    };
  }, []);
  const sign = async (): Promise<void> => {
    setProblem("");
    try {
      await props.onSign();
      if (open.current) props.onClose();
    } catch (error) {
      if (open.current) setProblem(explain(error));
      else notify("bad", explain(error));
    }
  };
  return (
    <Dialog title={signs ? "Check what you sign" : "Check your order"} onClose={props.onClose}>
      {prepared.requests.map((order, index) => {
        const preview = prepared.previews[index];
        const kind = (order.order_type ?? "limit").replaceAll("_", " ");
        return (
          <section key={order.client_order_id ?? index} className="stack">
            <h3>
              <span className={order.side}>{order.side === "buy" ? "Buy" : "Sell"}</span>{" "}
              {showQuantity(market, order.quantity)} {market.base.id}, {kind},{" "}
              {order.order_type?.endsWith("market") ? "no worse than" : "at"} {showPrice(market, order.price)}{" "}
              {market.quote.id}
            </h3>
            {preview ? (
              <dl className="facts">
                {preview.words?.map((word) => (
                  <div key={word.label} style={{ display: "contents" }}>
                    <dt>{word.label}</dt>
                    <dd>{word.text}</dd>
                  </div>
                ))}
                <dt>At worst you pay</dt>
                <dd>
                  {grouped(preview.worst_case.pays_at_most)} {preview.worst_case.pays_asset}
                </dd>
                <dt>and receive at least</dt>
                <dd>
                  {grouped(preview.worst_case.receives_at_least)} {preview.worst_case.receives_asset}
                </dd>
              </dl>
            ) : null}
            {order.trigger_price ? (
              <p className="small soft">
                It waits until a trade reaches {showPrice(market, order.trigger_price)}. The exchange keeps this
                promise; it is not part of the signature.
              </p>
            ) : null}
            {preview?.problem ? (
              <p className="callout warn">It would be refused now. {refusal(preview.problem)}</p>
            ) : null}
          </section>
        );
      })}
      {signs ? <p className="small soft">{signer}</p> : null}
      {problem ? (
        <p className="callout bad" role="alert">
          {problem}
        </p>
      ) : null}
      <WorkButton className="primary wide" work={sign} busy="Waiting for your signature…">
        {signs ? "Sign and place" : "Place"}
      </WorkButton>
    </Dialog>
  );
}
