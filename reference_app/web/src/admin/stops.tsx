// Stops: everything that stands still and why, the kill switch, and the vault contract's own pause.
import { type ReactNode, useCallback, useEffect, useState } from "react";
import { explain } from "../api/http";
import type { Schemas } from "../api/types";
import { TransactionHash } from "../components/stage";
import { Badge, Dialog, Field, Panel, WorkButton } from "../components/ui";
import { desk } from "../state/desk";
import { useStore } from "../state/store";
import type { Hex } from "../wallet/wallet";
import { ActionDialog } from "./act";
import { type ContractState, outcomeOf, readContract, sendPause } from "./contract";
import { useRead } from "./feed";
import { moment, spoken } from "./figures";
import { moving } from "./markets";
import { MarketState } from "./overview";
import { Age, Facts, ReadPanel } from "./parts";
import type { Action, Proposal } from "./words";

type Halts = Schemas["HaltsAnswer"];

interface Doing {
  readonly action: Action | Proposal;
  readonly now: string;
}

export function StopsPage(): ReactNode {
  const halts = useRead<Halts>("/admin/halts");
  const [doing, setDoing] = useState<Doing | null>(null);
  return (
    <>
      <ReadPanel title="Kill switch" reading={halts} className={halts.value?.kill_switch ? "alarming" : ""}>
        {(value) => (
          <div className="lever">
            <div>
              <p className="row wrap">
                <Badge tone={value.kill_switch ? "bad" : "good"}>{value.kill_switch ? "engaged" : "not engaged"}</Badge>
                {value.kill_switch
                  ? "Nothing enters from anybody, in any market."
                  : "Orders enter from everybody that is not frozen."}
              </p>
              <p className="soft small">
                One operator engages it at once; two admins together lift it. What was traded settles on either way.
              </p>
            </div>
            {value.kill_switch ? (
              <button
                type="button"
                className="button"
                onClick={() => setDoing({ action: { kind: "release_all" }, now: "engaged" })}
              >
                Lift the kill switch…
              </button>
            ) : (
              <button
                type="button"
                className="button go-sell"
                onClick={() => setDoing({ action: { kind: "stop_all", cancel: false }, now: "not engaged" })}
              >
                Engage the kill switch…
              </button>
            )}
          </div>
        )}
      </ReadPanel>
      <ReadPanel title="What stands still" reading={halts}>
        {(value) => <HaltsView halts={value} act={setDoing} />}
      </ReadPanel>
      <ContractPanel />
      {doing ? (
        <ActionDialog
          action={doing.action}
          now={doing.now}
          canCancel={doing.action.kind === "stop_all"}
          onClose={() => setDoing(null)}
        />
      ) : null}
    </>
  );
}

function HaltsView(props: { halts: Halts; act: (doing: Doing) => void }): ReactNode {
  const { halts } = props;
  const rows = [
    ["The exchange", halts.exchange, "takes commands"],
    ["Matching", halts.matching, "goes on"],
    ["Vouchers for withdrawals", halts.withdrawals, "are signed"],
    ["Settlement", halts.settlement, "sends batches"],
  ] as const;
  const planned = Object.entries(halts.planned);
  return (
    <>
      <Facts
        rows={[
          ...rows.map(
            ([name, why, well]) =>
              [
                name,
                why ? (
                  <span key={name} className="sell break">
                    stands: {why}
                  </span>
                ) : (
                  well
                ),
              ] as const,
          ),
          ["Frozen accounts", String(halts.stopped_count)] as const,
        ]}
      />
      {halts.markets.length === 0 ? (
        <p className="soft">Every market is open.</p>
      ) : (
        <ul className="alarms" aria-label="Markets that are not open">
          {halts.markets.map((market) => (
            <li key={market.market}>
              <b>{market.market}</b>
              <MarketState state={market.state} />
              {market.isolated ? <Badge tone="bad">broke an invariant</Badge> : null}
              {market.state === "halted" ? (
                <button
                  type="button"
                  className="button tiny"
                  onClick={() =>
                    props.act({ action: moving(market.market, market.state, "open"), now: spoken(market.state) })
                  }
                >
                  Open again…
                </button>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      {planned.map(([market, plans]) => (
        <p key={market}>
          <b>{market}</b>:{" "}
          {plans
            .map((plan) => `${plan.state ? spoken(plan.state) : "other fees"} at ${moment(plan.due_ms)}`)
            .join("; ")}
        </p>
      ))}
    </>
  );
}

/** How often the contract is read again while it is looked at. */
const CONTRACT_MS = 8_000;

function ContractPanel(): ReactNode {
  const info = useStore((state) => state.info);
  const wallet = useStore((state) => state.wallet);
  const [state, setState] = useState<ContractState | null>(null);
  const [atMs, setAtMs] = useState(0);
  const [problem, setProblem] = useState("");
  const [open, setOpen] = useState(false);
  const contract = (info?.contract ?? null) as Hex | null;
  const read = useCallback(async (): Promise<void> => {
    if (!wallet || !contract) return;
    try {
      setState(await readContract(wallet, contract));
      setAtMs(Date.now());
      setProblem("");
    } catch (error) {
      setProblem(explain(error));
    }
  }, [wallet, contract]);
  useEffect(() => {
    void read();
    const timer = setInterval(() => void read(), CONTRACT_MS);
    return () => clearInterval(timer);
  }, [read]);
  const mine = state !== null && wallet?.address.toLowerCase() === state.pauser.toLowerCase();
  return (
    <Panel
      title="Vault contract"
      label="Vault contract"
      className={state?.paused ? "alarming" : ""}
      actions={state ? <Age atMs={atMs} /> : null}
    >
      {contract === null ? (
        <p className="soft">This exchange settles without a chain: there is no contract to pause.</p>
      ) : null}
      {problem ? (
        <p className="callout bad break" role="alert">
          {problem}
          {state ? " What follows is what was known before." : ""}
        </p>
      ) : null}
      {contract !== null && state === null && !problem ? <p className="empty">Reading the chain…</p> : null}
      {state ? (
        <>
          <div className="lever">
            <p className="row wrap">
              <Badge tone={state.paused ? "bad" : "good"}>{state.paused ? "paused" : "not paused"}</Badge>
              {state.frozen ? <Badge tone="bad">frozen for ever</Badge> : null}
              {state.paused
                ? "It takes no deposits and settles nothing. Everybody can still leave."
                : "It takes deposits and settles batches."}
            </p>
            <button
              type="button"
              className={`button ${state.paused ? "" : "go-sell"}`}
              disabled={!mine}
              onClick={() => setOpen(true)}
            >
              {state.paused ? "End the pause…" : "Pause the contract…"}
            </button>
          </div>
          <Facts
            rows={[
              ["Contract", <code key="contract">{contract}</code>],
              ["Chain", String(info?.chain_id ?? "–")],
              ["Pauser", <code key="pauser">{state.pauser}</code>],
              ["Owner, who names the pauser", <code key="owner">{state.owner}</code>],
            ]}
          />
          {mine ? null : (
            <p className="small soft">
              Only the pauser's wallet can pause it. Sign in with that wallet; a role at the exchange is not enough.
            </p>
          )}
        </>
      ) : null}
      {open && state && contract ? (
        <PauseDialog contract={contract} state={state} changed={() => void read()} onClose={() => setOpen(false)} />
      ) : null}
    </Panel>
  );
}

type Step =
  | { readonly kind: "ask" }
  | { readonly kind: "wallet" }
  | { readonly kind: "sent"; readonly hash: Hex }
  | { readonly kind: "over"; readonly hash: Hex; readonly words: string; readonly good: boolean }
  | { readonly kind: "failed"; readonly words: string; readonly hash?: Hex };

function PauseDialog(props: {
  contract: Hex;
  state: ContractState;
  changed: () => void;
  onClose: () => void;
}): ReactNode {
  const chainId = useStore((store) => store.info?.chain_id ?? null);
  const [typed, setTyped] = useState("");
  const [step, setStep] = useState<Step>({ kind: "ask" });
  // What was so when the dialog opened: reading again meanwhile must not turn the question around.
  const [pause] = useState(!props.state.paused);
  const word = pause ? "PAUSE" : "UNPAUSE";
  const act = async (): Promise<void> => {
    const wallet = desk.wallet();
    let hash: Hex | undefined;
    try {
      setStep({ kind: "wallet" });
      if (chainId !== null) await wallet.joinChain(chainId, null);
      hash = await sendPause(wallet, props.contract, pause);
      setStep({ kind: "sent", hash });
      const receipt = await wallet.receipt(hash);
      const state = await readContract(wallet, props.contract);
      const good = receipt.succeeded && state.paused === pause;
      setStep({ kind: "over", hash, words: outcomeOf(receipt, state, pause), good });
    } catch (error) {
      setStep({ kind: "failed", words: explain(error), ...(hash ? { hash } : {}) });
    } finally {
      props.changed();
    }
  };
  return (
    <Dialog title={pause ? "Pause the vault contract" : "End the contract's pause"} onClose={props.onClose}>
      <section aria-label="What will happen">
        <h3>What will happen</h3>
        <ul className="effects">
          {(pause ? PAUSING : UNPAUSING).map((effect) => (
            <li key={effect}>{effect}</li>
          ))}
        </ul>
      </section>
      <p>
        <span className="soft">Now: </span>
        {props.state.paused ? "paused" : "not paused"}, read from the chain.
      </p>
      {step.kind === "ask" ? (
        <>
          <section className="callout" aria-label="What you sign">
            <h3>What you sign</h3>
            <p>
              A transaction to the contract <code className="break">{props.contract}</code> that calls{" "}
              <code>{pause ? "pause()" : "unpause()"}</code>. It sends no coins; your wallet pays its gas. It is public,
              and the chain keeps it: the exchange's audit log does not.
            </p>
          </section>
          <Field label={`Type ${word} to go on`} value={typed} onChange={setTyped} name="typed" />
          <WorkButton
            className={`wide ${pause ? "go-sell" : "primary"}`}
            disabled={typed !== word}
            busy="Confirm in your wallet…"
            work={act}
          >
            Sign and send
          </WorkButton>
        </>
      ) : (
        <StepView step={step} chainId={chainId} />
      )}
      {step.kind === "failed" ? (
        <button type="button" className="button wide" onClick={() => setStep({ kind: "ask" })}>
          Back
        </button>
      ) : null}
    </Dialog>
  );
}

const PAUSING = [
  "The contract takes no deposit and settles no batch, from the next block on.",
  "Everything by which people leave goes on: withdrawals, exits, cancellations on chain.",
  "The exchange stops matching by itself when what it traded can not settle in time.",
  "It stays so until the pauser ends it.",
];
const UNPAUSING = [
  "The contract takes deposits and settles batches again, from the next block on.",
  "Batches that waited are sent by the exchange without further steps.",
];

function StepView(props: { step: Exclude<Step, { kind: "ask" }>; chainId: number | null }): ReactNode {
  const { step } = props;
  switch (step.kind) {
    case "wallet":
      return (
        <p className="callout" role="status">
          Confirm the transaction in your wallet…
        </p>
      );
    case "sent":
      return (
        <p className="callout warn" role="status">
          Sent, in no block yet: <TransactionHash hash={step.hash} chainId={props.chainId} />. Nothing has changed so
          far.
        </p>
      );
    case "over":
      return (
        <p className={`callout ${step.good ? "good" : "bad"}`} role="status">
          {step.words} <TransactionHash hash={step.hash} chainId={props.chainId} />
        </p>
      );
    case "failed":
      return (
        <div className="callout bad break" role="alert">
          <p>{step.words}</p>
          {step.hash ? (
            <p>
              It was sent as <TransactionHash hash={step.hash} chainId={props.chainId} /> and may still come into a
              block.
            </p>
          ) : (
            <p>Nothing was sent.</p>
          )}
        </div>
      );
  }
}
