// Session keys: this browser may trade without asking the wallet, within budgets that the contract keeps.
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { explain } from "../api/http";
import type { Market, Schemas } from "../api/types";
import { useContract } from "../chain/use_contract";
import { SignedIn, shortAddress } from "../components/connect";
import { type Column, Rows } from "../components/rows";
import { timeText } from "../components/times";
import { Badge, Choice, Empty, Field, Panel, WorkButton } from "../components/ui";
import { Problem } from "../funds/page";
import { grouped, parseDecimal, tryDecimal } from "../money/decimal";
import { stepsOf } from "../money/market";
import { desk } from "../state/desk";
import { notify, useStore } from "../state/store";
import { forgetKey, keepKey, keptKeys } from "../wallet/session_keys";
import type { Hex } from "../wallet/wallet";
import { programWords } from "./programs";

type Key = Schemas["SessionKeyMessage"];
type Login = Schemas["SessionMessage"];

export default function KeysPage(): ReactNode {
  const onChain = useStore((state) => Boolean(state.info?.contract));
  return (
    <div className="page">
      <h1>Keys and logins</h1>
      <SignedIn what="your session keys and logins">
        {onChain ? (
          <SessionKeys />
        ) : (
          <p className="callout">Without a chain orders are not signed, so there are no session keys.</p>
        )}
        <Logins />
      </SignedIn>
    </div>
  );
}

export function SessionKeys(): ReactNode {
  const markets = useStore((state) => state.markets);
  const contract = useContract();
  const [keys, setKeys] = useState<readonly Key[] | null>(null);
  const [problem, setProblem] = useState("");
  const read = useCallback(() => {
    desk.http
      .get<{ session_keys: Key[] }>("/account/sessions")
      .then((answer) => {
        setKeys(answer.session_keys);
        setProblem("");
      })
      .catch((error: unknown) => setProblem(explain(error)));
  }, []);
  useEffect(() => {
    read();
    const timer = setInterval(read, 3_000);
    return () => clearInterval(timer);
  }, [read]);
  const revoke = async (key: Key): Promise<void> => {
    const market = markets.find((one) => one.id === key.market);
    if (!market || !contract) return;
    try {
      await contract.revoke(key.key as Hex, market.number);
      forgetKey(key.key);
      notify("good", "Revoked. The exchange cancels the key's orders when it sees the block.");
    } catch (error) {
      notify("bad", explain(error));
    }
  };
  const columns: readonly Column<Key>[] = [
    {
      head: "Key",
      cell: (key) => (
        <span className="row">
          <code title={key.key}>{shortAddress(key.key)}</code>
          {keptKeys().some((kept) => kept.address === key.key) ? <Badge tone="good">this browser</Badge> : null}
        </span>
      ),
    },
    { head: "Market", cell: (key) => key.market },
    { head: "May still buy for", right: true, cell: (key) => grouped(key.buy_budget) },
    { head: "May still sell", right: true, cell: (key) => grouped(key.sell_budget) },
    { head: "Until", cell: (key) => timeText(key.expiry_s * 1000) },
    {
      head: "State",
      cell: (key) =>
        key.revoked ? (
          <Badge tone="bad">revoked</Badge>
        ) : (
          <WorkButton className="tiny" label={`Revoke key ${key.key}`} work={() => revoke(key)}>
            Revoke
          </WorkButton>
        ),
    },
  ];
  return (
    <>
      <NewKey markets={markets} />
      <Panel title="Session keys on chain" flush>
        <Problem text={problem} />
        <Rows
          label="Session keys"
          columns={columns}
          rows={keys ?? []}
          height={240}
          keyOf={(key) => `${key.key} ${key.market}`}
          empty={
            <Empty>
              {keys
                ? "No session key was granted. A grant appears here once its block is final."
                : "Reading your session keys…"}
            </Empty>
          }
        />
      </Panel>
    </>
  );
}

/** Returns what is wrong with a key's budgets; zero is one, of a key that only buys or only sells. */
export function budgetProblems(market: Market, buy: string, sell: string): { buy: string | null; sell: string | null } {
  const steps = stepsOf(market);
  const [atoms, lots] = [tryDecimal(buy, steps.quoteDecimals), tryDecimal(sell, steps.quantityDecimals)];
  return {
    buy: atoms === null || atoms < 0n ? "Not an amount" : null,
    sell: lots === null || lots < 0n || lots % steps.lot !== 0n ? `A multiple of ${market.lot}` : null,
  };
}

function NewKey(props: { markets: readonly Market[] }): ReactNode {
  const contract = useContract();
  const [chosen, setChosen] = useState(props.markets[0]?.id ?? "");
  const [buy, setBuy] = useState("1000");
  const [sell, setSell] = useState("1");
  const [hours, setHours] = useState("24");
  const [problem, setProblem] = useState("");
  const market = props.markets.find((one) => one.id === chosen) ?? props.markets[0];
  if (!market) return null;
  const steps = stepsOf(market);
  const wrong = budgetProblems(market, buy, sell);
  const work = async (): Promise<void> => {
    setProblem("");
    try {
      if (!contract) throw new Error("The wallet is not ready yet.");
      const { keyWallet } = await import("../wallet/clients");
      const bytes = crypto.getRandomValues(new Uint8Array(32));
      const key: Hex = `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
      const { address } = keyWallet(key);
      const expiresAtS = Math.floor(Date.now() / 1000) + Number(hours) * 3_600;
      const lots = parseDecimal(sell, steps.quantityDecimals) / steps.lot;
      await contract.grant(address, market.number, parseDecimal(buy, steps.quoteDecimals), lots, expiresAtS);
      keepKey({ account: desk.wallet().address, market: market.id, key, address, expiresAtS });
      notify(
        "good",
        "Granted. Once its block is final, orders in this market are signed here without asking your wallet.",
      );
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <Panel title="Trade without a prompt for each order">
      <p className="soft">
        A session key of this browser signs orders in one market, up to what you allow. The contract keeps the limits;
        the key can never withdraw. Whoever can read this browser's storage can trade with it.
      </p>
      <div className="tiles">
        <Choice
          label="Market"
          value={market.id}
          options={props.markets.map((one) => ({ id: one.id, label: one.id }))}
          onChange={setChosen}
        />
        <Field
          label="May buy for, fees included"
          number
          unit={market.quote.id}
          value={buy}
          problem={wrong.buy}
          onChange={setBuy}
        />
        <Field label="May sell" number unit={market.base.id} value={sell} problem={wrong.sell} onChange={setSell} />
        <Choice
          label="For"
          value={hours}
          options={[
            { id: "1", label: "1 hour" },
            { id: "24", label: "1 day" },
            { id: "168", label: "7 days" },
          ]}
          onChange={setHours}
        />
      </div>
      <Problem text={problem} />
      <WorkButton className="primary" busy="Granting…" disabled={Boolean(wrong.buy || wrong.sell)} work={work}>
        Grant a session key
      </WorkButton>
    </Panel>
  );
}

export function Logins(): ReactNode {
  const [rows, setRows] = useState<readonly Login[] | null>(null);
  const [problem, setProblem] = useState("");
  const read = useCallback(async () => {
    try {
      setRows((await desk.http.get<{ sessions: Login[] }>("/auth/sessions")).sessions);
      setProblem("");
    } catch (error) {
      setProblem(explain(error));
    }
  }, []);
  useEffect(() => void read(), [read]);
  const end = async (id: string): Promise<void> => {
    try {
      await desk.http.delete(`/auth/sessions/${id}`);
      await read();
    } catch (error) {
      notify("bad", explain(error));
    }
  };
  const columns: readonly Column<Login>[] = [
    { head: "Opened", cell: (row) => timeText(row.opened_at_ms) },
    { head: "Last used", cell: (row) => timeText(row.used_at_ms) },
    { head: "From", cell: (row) => row.address },
    { head: "With", cell: (row) => <span title={row.user_agent}>{programWords(row.user_agent)}</span> },
    {
      head: "State",
      cell: (row) =>
        row.current ? (
          <Badge tone="good">this one</Badge>
        ) : (
          <WorkButton
            className="tiny"
            label={`End the login opened ${timeText(row.opened_at_ms)}`}
            work={() => end(row.id)}
          >
            End
          </WorkButton>
        ),
    },
  ];
  return (
    <Panel title="Logins" flush>
      <Problem text={problem} />
      <Rows
        label="Logins"
        columns={columns}
        rows={rows ?? []}
        height={240}
        keyOf={(row) => row.id}
        empty={<Empty>{rows ? "No other logins." : "Reading your logins…"}</Empty>}
      />
    </Panel>
  );
}
