// Risk tiers: what accounts of each may do, and who is frozen.
import { type ReactNode, useState } from "react";
import type { Schemas } from "../api/types";
import { Badge, Check, Field, Panel } from "../components/ui";
import { grouped, percentOfPpm } from "../money/decimal";
import { navigate } from "../state/routes";
import { ActionDialog } from "./act";
import { useRead } from "./feed";
import { Account, Facts, ReadPanel } from "./parts";
import { limitWords } from "./words";

type Risk = Schemas["RiskAnswer"];
type Tier = Schemas["RiskTierMessage"];
type Limits = Schemas["LimitsMessage"];
type Amounts = Exclude<keyof Limits, "refuse_self_trade" | "prefunded">;

const AMOUNTS: readonly (readonly [Amounts, string, string])[] = [
  ["order_notional", "Largest order", "quote"],
  ["open_orders", "Open orders", "orders"],
  ["daily_volume", "Volume a UTC day", "quote"],
  ["orders_per_second", "Orders a second", "orders"],
  ["position", "Largest position", "base"],
  ["price_band_ppm", "Price band", "ppm"],
  ["unsettled_fills", "Fills not final, of all accounts", "fills"],
  ["unsettled_age_s", "Age of the oldest of them", "s"],
];
const MOST = 2 ** 53 - 1;

export function limitText(name: Amounts, value: number | null | undefined): string {
  if (value == null) return "no limit";
  return name === "price_band_ppm" ? percentOfPpm(value) : grouped(String(value));
}

export function RiskPage(): ReactNode {
  const risk = useRead<Risk>("/admin/risk");
  const [edited, setEdited] = useState<Tier | null>(null);
  const [name, setName] = useState("");
  const wanted = name.trim();
  const known = risk.value?.tiers.some((tier) => tier.tier === wanted) ?? false;
  return (
    <>
      <ReadPanel title="Risk tiers" reading={risk}>
        {(value) => (
          <>
            <div className="tiles">
              {value.tiers.map((tier) => (
                <TierView key={tier.tier} tier={tier} edit={() => setEdited(tier)} />
              ))}
            </div>
            <div className="seek">
              <Field
                label="A new tier's name"
                value={name}
                onChange={setName}
                problem={known ? "There is a tier of this name" : undefined}
              />
              <button
                type="button"
                className="button"
                disabled={!/^[ -~]{1,64}$/.test(wanted) || known}
                onClick={() =>
                  setEdited({
                    tier: wanted,
                    limits: value.tiers[0]?.limits ?? NO_LIMITS,
                    accounts: 0,
                    configured: false,
                  })
                }
              >
                Make a tier…
              </button>
            </div>
          </>
        )}
      </ReadPanel>
      <ReadPanel title="Frozen accounts" reading={risk}>
        {(value) =>
          value.stopped_count === 0 ? (
            <p className="soft">No account is frozen one by one.</p>
          ) : (
            <>
              <ul className="accounts">
                {value.stopped.map((account) => (
                  <li key={account}>
                    <Account
                      account={account}
                      onOpen={() => {
                        navigate("/console/users");
                        location.hash = account;
                      }}
                    />
                  </li>
                ))}
              </ul>
              {value.stopped_count > value.stopped.length ? (
                <p className="soft small">
                  {value.stopped.length} of {value.stopped_count} are shown.
                </p>
              ) : null}
            </>
          )
        }
      </ReadPanel>
      {edited ? <LimitsDialog tier={edited} onClose={() => setEdited(null)} /> : null}
    </>
  );
}

function TierView(props: { tier: Tier; edit: () => void }): ReactNode {
  const { tier } = props;
  return (
    <Panel
      title={
        <span className="row wrap">
          <h2 className="break">{tier.tier}</h2>
          {tier.configured ? <Badge tone="plain">from the settings</Badge> : null}
        </span>
      }
      label={`Tier ${tier.tier}`}
      actions={
        <button type="button" className="button tiny" onClick={props.edit}>
          Change…
        </button>
      }
    >
      <p className="soft small">
        {tier.accounts == null ? "Everybody that is in no other tier" : `${tier.accounts} accounts`}
      </p>
      <Facts
        rows={[
          ...AMOUNTS.map(([name, words]) => [words, limitText(name, tier.limits[name])] as const),
          ["Final funds only", tier.limits.prefunded ? "yes" : "no"] as const,
          ["Refuses self-trades", tier.limits.refuse_self_trade ? "yes" : "no"] as const,
        ]}
      />
    </Panel>
  );
}

const NO_LIMITS: Limits = {
  order_notional: null,
  open_orders: null,
  daily_volume: null,
  refuse_self_trade: false,
  prefunded: false,
  price_band_ppm: null,
  orders_per_second: null,
  position: null,
  unsettled_fills: null,
  unsettled_age_s: null,
};

/** Returns a limit that was typed, null for none, or what is wrong with it. */
export function readLimit(text: string): { value: number | null } | { problem: string } {
  const trimmed = text.trim();
  if (trimmed === "") return { value: null };
  if (!/^[0-9]{1,16}$/.test(trimmed) || Number(trimmed) > MOST)
    return { problem: "A whole number, or nothing for no limit" };
  return { value: Number(trimmed) };
}

function LimitsDialog(props: { tier: Tier; onClose: () => void }): ReactNode {
  const { tier } = props;
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(AMOUNTS.map(([name]) => [name, tier.limits[name] == null ? "" : String(tier.limits[name])])),
  );
  const [prefunded, setPrefunded] = useState(tier.limits.prefunded ?? false);
  const [refuses, setRefuses] = useState(tier.limits.refuse_self_trade ?? false);
  const read = Object.fromEntries(AMOUNTS.map(([name]) => [name, readLimit(texts[name] ?? "")]));
  const values = Object.fromEntries(
    Object.entries(read).map(([name, found]) => [name, "value" in found ? found.value : null]),
  );
  const limits = { ...NO_LIMITS, ...values, prefunded, refuse_self_trade: refuses } as Limits;
  const wrong = Object.values(read).some((found) => "problem" in found);
  return (
    <ActionDialog
      action={{ kind: "set_risk_tier", tier: tier.tier, limits }}
      now={limitWords(tier.limits).join(" ")}
      blocked={wrong ? "Correct the limits first." : undefined}
      onClose={props.onClose}
    >
      <div className="fields">
        {AMOUNTS.map(([name, words, unit]) => {
          const found = read[name];
          return (
            <Field
              key={name}
              label={words}
              unit={unit}
              number
              value={texts[name] ?? ""}
              problem={found && "problem" in found ? found.problem : undefined}
              onChange={(text) => setTexts({ ...texts, [name]: text })}
            />
          );
        })}
      </div>
      <Check label="Cover orders with final funds only" checked={prefunded} onChange={setPrefunded} />
      <Check label="Refuse orders that would meet its own" checked={refuses} onChange={setRefuses} />
    </ActionDialog>
  );
}
