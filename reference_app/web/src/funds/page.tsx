// Deposits and withdrawals: the vault's money in and out, and what is under way.
import { type ReactNode, useCallback, useMemo, useState } from "react";
import { explain, Unknown } from "../api/http";
import type { Asset, Transfer } from "../api/types";
import type { Contract } from "../chain/contract";
import { useChainRead, useContract } from "../chain/use_contract";
import { SignedIn } from "../components/connect";
import { type Column, Rows } from "../components/rows";
import { timeText } from "../components/times";
import { Badge, Choice, Empty, Field, Panel, WorkButton } from "../components/ui";
import { formatDecimal, grouped, parseDecimal, tryDecimal } from "../money/decimal";
import { BalancesTable } from "../portfolio/tables";
import { desk } from "../state/desk";
import { notify, useStore } from "../state/store";
import { isDemo } from "../wallet/wallet";
import { Faucet } from "./faucet";
import { transferKey, useTransfers } from "./transfers";
import { withdrawAtOnce } from "./withdrawal";

export default function FundsPage(): ReactNode {
  const info = useStore((state) => state.info);
  const contract = useContract();
  return (
    <div className="page">
      <h1>Deposit and withdraw</h1>
      {info && !info.contract ? (
        <p className="callout">
          This exchange runs without a chain: its funds are play money, given at the start. There is nothing to deposit
          or withdraw.
        </p>
      ) : null}
      <SignedIn what="your funds">
        <Panel title="Balances on the exchange" flush>
          <BalancesTable />
        </Panel>
        {info?.contract && contract ? <Doors contract={contract} assets={info.assets} /> : null}
        <Transfers />
      </SignedIn>
    </div>
  );
}

function Doors(props: { contract: Contract; assets: readonly Asset[] }): ReactNode {
  const { contract, assets } = props;
  const [chosen, setChosen] = useState(assets[0]?.id ?? "");
  const asset = assets.find((one) => one.id === chosen) ?? assets[0];
  if (!asset) return null;
  const choice = (
    <Choice
      label="Asset"
      value={asset.id}
      options={assets.map((one) => ({ id: one.id, label: one.id }))}
      onChange={setChosen}
    />
  );
  return (
    <div className="tiles">
      <Deposit contract={contract} asset={asset} choice={choice} />
      <Withdraw contract={contract} asset={asset} choice={choice} />
      {isDemo() ? <Faucet assets={assets} /> : null}
    </div>
  );
}

/** What is wrong with an amount, or null. */
export function amountProblem(text: string, asset: Asset, most: bigint | null): string | null {
  if (!text) return null;
  try {
    const value = parseDecimal(text, asset.decimals);
    if (value <= 0n) return "Must be above zero";
    return most !== null && value > most
      ? `You have ${grouped(formatDecimal(most, asset.decimals))} ${asset.id}`
      : null;
  } catch (error) {
    return explain(error);
  }
}

function Deposit(props: { contract: Contract; asset: Asset; choice: ReactNode }): ReactNode {
  const { contract, asset } = props;
  const [amount, setAmount] = useState("");
  const [step, setStep] = useState("");
  const [problem, setProblem] = useState("");
  const read = useCallback(() => contract.walletBalance(asset), [contract, asset]);
  const { value: mine, again } = useChainRead(read);
  const wrong = amountProblem(amount, asset, mine);
  const work = async (): Promise<void> => {
    setProblem("");
    try {
      await contract.deposit(asset, parseDecimal(amount, asset.decimals), setStep);
      notify("good", `${amount} ${asset.id} are in the vault. They can be traded once their block is final.`);
      setAmount("");
      again();
    } catch (error) {
      setProblem(explain(error));
      // What was sent is not sent again by the same press of a button.
      if (error instanceof Unknown) setAmount("");
    } finally {
      setStep("");
    }
  };
  return (
    <Panel title="Deposit" label="Deposit">
      {props.choice}
      <Field
        label="Amount to deposit"
        number
        value={amount}
        unit={asset.id}
        problem={wrong}
        onChange={setAmount}
        hint={
          mine === null
            ? "Reading your wallet…"
            : `In your wallet: ${grouped(formatDecimal(mine, asset.decimals))} ${asset.id}`
        }
      />
      <p className="small soft">
        One transaction with a permit where the token takes one; the vault is never allowed more than this amount.
      </p>
      {step ? <p className="callout">{step}…</p> : null}
      <Problem text={problem} />
      <WorkButton className="primary wide" busy="Depositing…" disabled={!amount || wrong !== null} work={work}>
        Deposit
      </WorkButton>
    </Panel>
  );
}

function Withdraw(props: { contract: Contract; asset: Asset; choice: ReactNode }): ReactNode {
  const { contract, asset } = props;
  const balance = useStore((state) => state.balances.find((one) => one.asset === asset.id));
  const [amount, setAmount] = useState("");
  const [problem, setProblem] = useState("");
  const most = useMemo(() => (balance ? tryDecimal(balance.available, asset.decimals) : null), [balance, asset]);
  const wrong = amountProblem(amount, asset, most);
  const run = (work: () => Promise<void>) => async (): Promise<void> => {
    setProblem("");
    try {
      await work();
    } catch (error) {
      setProblem(explain(error));
    }
  };
  const atOnce = run(async () => {
    await withdrawAtOnce(desk.http, contract, desk.wallet().address, asset, amount);
    notify("good", `${amount} ${asset.id} are in your wallet.`);
    setAmount("");
  });
  const byRequest = run(async () => {
    await contract.requestWithdrawal(asset, parseDecimal(amount, asset.decimals));
    notify("good", "Requested on chain. Take it below once the request is covered.");
    setAmount("");
  });
  return (
    <Panel title="Withdraw" label="Withdraw">
      {props.choice}
      <Field
        label="Amount to withdraw"
        number
        value={amount}
        unit={asset.id}
        problem={wrong}
        onChange={setAmount}
        hint={`Available: ${grouped(balance?.available ?? "0")} ${asset.id}`}
      />
      <p className="small soft">
        At once: the operator co-signs, and the vault pays in your own transaction. Only settled funds can go at once.
      </p>
      <Problem text={problem} />
      <WorkButton className="primary wide" busy="Withdrawing…" disabled={!amount || wrong !== null} work={atOnce}>
        Withdraw at once
      </WorkButton>
      <WorkButton className="wide" busy="Requesting…" disabled={!amount || wrong !== null} work={byRequest}>
        Request on chain, without the operator
      </WorkButton>
      <OpenRequest contract={contract} asset={asset} />
    </Panel>
  );
}

/** A request that waits on chain, with what can be done about it. */
export function OpenRequest(props: { contract: Contract; asset: Asset }): ReactNode {
  const { contract, asset } = props;
  const read = useCallback(() => contract.pending(asset), [contract, asset]);
  const { value: pending, again } = useChainRead(read);
  if (!pending) return null;
  const everything = pending.amount === 2n ** 112n - 1n;
  const run = (work: () => Promise<unknown>, done: string) => async (): Promise<void> => {
    try {
      await work();
      notify("good", done);
      again();
    } catch (error) {
      notify("bad", explain(error));
    }
  };
  return (
    <div className="callout stack">
      <p>
        Requested: {everything ? "everything" : grouped(formatDecimal(pending.amount, asset.decimals))} {asset.id}{" "}
        <Badge tone={pending.effective ? "good" : "wait"}>
          {pending.effective ? "can be taken" : `at the latest ${timeText(pending.latestAtS * 1000)}`}
        </Badge>
      </p>
      <div className="row wrap">
        <WorkButton
          className="primary"
          disabled={!pending.effective}
          work={run(() => contract.withdraw(asset), `${asset.id} was paid to your wallet.`)}
        >
          Take it
        </WorkButton>
        <WorkButton work={run(() => contract.cancelRequest(asset), "The request is taken back.")}>
          Take the request back
        </WorkButton>
      </div>
    </div>
  );
}

export function Problem(props: { text: string }): ReactNode {
  return props.text ? (
    <p className="callout bad" role="alert">
      {props.text}
    </p>
  ) : null;
}

const KINDS: Record<Transfer["kind"], string> = {
  deposit: "Deposit",
  withdrawal: "Withdrawal",
  withdrawal_request: "Withdrawal requested",
  voucher: "Voucher issued",
  voucher_redeemed: "Voucher paid",
  voucher_expired: "Voucher expired",
};

const COLUMNS: readonly Column<Transfer>[] = [
  { head: "Time", cell: (row) => <span className="soft">{timeText(row.at_ms)}</span> },
  { head: "What", cell: (row) => KINDS[row.kind] },
  { head: "Asset", cell: (row) => row.asset },
  { head: "Amount", right: true, cell: (row) => grouped(row.amount) },
  { head: "Available after", right: true, cell: (row) => grouped(row.available) },
];

function Transfers(): ReactNode {
  const { rows, problem, older } = useTransfers(useStore((state) => state.balances));
  return (
    <Panel title="Deposits and withdrawals" flush>
      <Problem text={problem} />
      <Rows
        label="Deposits and withdrawals"
        columns={COLUMNS}
        rows={rows ?? []}
        height={300}
        keyOf={transferKey}
        empty={<Empty>{rows ? "Nothing was deposited or withdrawn yet." : "Reading what came and went…"}</Empty>}
      />
      {older ? (
        <WorkButton className="quiet" work={older}>
          Show older ones
        </WorkButton>
      ) : null}
    </Panel>
  );
}
