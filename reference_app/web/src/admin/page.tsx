// The operators' console: a chunk of its own, which a trader never loads.
import { type ReactNode, useEffect, useState } from "react";
import { explain } from "../api/http";
import type { Schemas } from "../api/types";
import { Badge, Panel } from "../components/ui";
import { desk } from "../state/desk";

type Status = Schemas["StatusAnswer"];

const EVERY_MS = 3_000;

export default function AdminPage(_props: { section: string }): ReactNode {
  const [status, setStatus] = useState<Status | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const read = (): void => {
      desk.http
        .get<Status>("/status")
        .then((answer) => {
          setStatus(answer);
          setProblem("");
        })
        .catch((error: unknown) => setProblem(explain(error)));
    };
    read();
    const timer = setInterval(read, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="page">
      <h1>Console</h1>
      {problem ? (
        <p className="callout bad" role="alert">
          {problem}
        </p>
      ) : null}
      <Panel title="Exchange">
        {status ? (
          <dl className="facts">
            <dt>Takes orders</dt>
            <dd>
              <Badge tone={status.accepting ? "good" : "bad"}>{status.accepting ? "yes" : "no"}</Badge>
            </dd>
            <dt>Commands applied</dt>
            <dd>{status.sequence}</dd>
            <dt>Records behind by</dt>
            <dd>{status.records_lag}</dd>
            {status.markets.map((market) => (
              <div key={market.market} style={{ display: "contents" }}>
                <dt>{market.market}</dt>
                <dd>
                  <Badge tone={market.state === "open" ? "good" : "wait"}>{market.state}</Badge>
                </dd>
              </div>
            ))}
          </dl>
        ) : (
          <p className="soft">Reading…</p>
        )}
      </Panel>
    </div>
  );
}
