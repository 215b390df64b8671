// Fees: what every market charges, may charge at most, and will charge; and what was collected.
import { type ReactNode, useState } from "react";
import type { Schemas } from "../api/types";
import { Field, Panel } from "../components/ui";
import { percentOfPpm } from "../money/decimal";
import { ActionDialog } from "./act";
import { useRead } from "./feed";
import { moment } from "./figures";
import { Amount, Figure, ReadPanel } from "./parts";
import { feeWords } from "./words";

type Tables = Schemas["FeeTablesAnswer"];
type Table = Schemas["FeeTableMessage"];
type Fees = Schemas["FeesMessage"];

export function FeesPage(): ReactNode {
  const tables = useRead<Tables>("/admin/fees");
  const [edited, setEdited] = useState<Table | null>(null);
  return (
    <>
      <ReadPanel title="Fees" reading={tables}>
        {(value) => (
          <>
            {value.markets.length === 0 ? <p className="empty">No market is listed.</p> : null}
            <div className="tiles">
              {value.markets.map((table) => (
                <Panel
                  key={table.market}
                  title={table.market}
                  label={`Fees of ${table.market}`}
                  actions={
                    <button type="button" className="button tiny" onClick={() => setEdited(table)}>
                      Change…
                    </button>
                  }
                >
                  <dl className="figures" aria-label={`Collected in ${table.quote}`}>
                    <Figure name={`Collected, ${table.quote}`} note="over all its markets">
                      <Amount text={table.collected} />
                    </Figure>
                    <Figure name="Of that, not final">
                      <Amount text={table.in_flight} />
                    </Figure>
                  </dl>
                  <FeesTable listed={table.listed} charged={table.charged} quote={table.quote} />
                  {table.planned.map((plan) =>
                    plan.fees ? (
                      <p key={plan.due_ms}>
                        From {moment(plan.due_ms)} on {feeWords(plan.fees)}.
                      </p>
                    ) : null,
                  )}
                </Panel>
              ))}
            </div>
          </>
        )}
      </ReadPanel>
      {edited ? <FeesDialog table={edited} onClose={() => setEdited(null)} /> : null}
    </>
  );
}

function FeesTable(props: { listed: Fees; charged: Fees; quote: string }): ReactNode {
  const { charged, listed } = props;
  const rows = [
    ["Charged now", charged.maker_fee_ppm, charged.taker_fee_ppm],
    ...(charged.tiers ?? []).map(
      (tier) => [`from ${tier.volume} ${props.quote}`, tier.maker_fee_ppm, tier.taker_fee_ppm] as const,
    ),
    ["Listed, at most", listed.maker_fee_ppm, listed.taker_fee_ppm],
  ] as const;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Rates</th>
          <th scope="col" className="right">
            Maker
          </th>
          <th scope="col" className="right">
            Taker
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, maker, taker]) => (
          <tr key={name}>
            <td>{name}</td>
            <td className="num">{percentOfPpm(maker)}</td>
            <td className="num">{percentOfPpm(taker)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Returns parts per million that were typed, or null where it is no whole number of them. */
export function readPpm(text: string): number | null {
  return /^-?[0-9]{1,6}$/.test(text.trim()) ? Number(text.trim()) : null;
}

function FeesDialog(props: { table: Table; onClose: () => void }): ReactNode {
  const { table } = props;
  const [maker, setMaker] = useState(String(table.charged.maker_fee_ppm));
  const [taker, setTaker] = useState(String(table.charged.taker_fee_ppm));
  const [when, setWhen] = useState("");
  const [makerPpm, takerPpm, dueMs] = [readPpm(maker), readPpm(taker), when === "" ? null : Date.parse(when)];
  const wrong = makerPpm === null || takerPpm === null || Number.isNaN(dueMs);
  return (
    <ActionDialog
      action={{
        kind: "set_fees",
        market: table.market,
        fees: {
          maker_fee_ppm: makerPpm ?? table.charged.maker_fee_ppm,
          taker_fee_ppm: takerPpm ?? table.charged.taker_fee_ppm,
          tiers: table.charged.tiers ?? [],
        },
        due_ms: wrong ? null : dueMs,
      }}
      now={feeWords(table.charged)}
      blocked={wrong ? "Enter whole parts per million first." : undefined}
      onClose={props.onClose}
    >
      <div className="fields">
        <Field
          label="Maker"
          unit="ppm"
          number
          value={maker}
          onChange={setMaker}
          hint={makerPpm === null ? "Whole parts per million" : percentOfPpm(makerPpm)}
        />
        <Field
          label="Taker"
          unit="ppm"
          number
          value={taker}
          onChange={setTaker}
          hint={takerPpm === null ? "Whole parts per million" : percentOfPpm(takerPpm)}
        />
        <div className="field">
          <label htmlFor="fees-when">From, empty for at once</label>
          <div className="input">
            <input
              id="fees-when"
              type="datetime-local"
              step={1}
              value={when}
              onChange={(event) => setWhen(event.target.value)}
            />
          </div>
        </div>
      </div>
      <p className="small soft">
        No rate may exceed the largest that was listed, and fees that rise are announced a day before. Tiers by volume
        stay as they are.
      </p>
    </ActionDialog>
  );
}
