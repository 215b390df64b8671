// Leaving without the operator: straight to the contract, with this exchange's servers off if need be.
import { type ReactNode, useCallback, useState } from "react";
import { explain } from "../api/http";
import type { Asset } from "../api/types";
import type { Contract } from "../chain/contract";
import { useChainRead, useContract } from "../chain/use_contract";
import { SignedIn } from "../components/connect";
import { Panel, WorkButton } from "../components/ui";
import { OpenRequest, Problem } from "../funds/page";
import { formatDecimal, grouped } from "../money/decimal";
import { notify, useStore } from "../state/store";

export default function ExitPage(): ReactNode {
  const info = useStore((state) => state.info);
  const contract = useContract();
  return (
    <div className="page">
      <h1>Exit without the operator</h1>
      <p className="soft">
        Your funds are in a contract, not with the operator. Nobody can stop these transactions: they go from your
        wallet to the contract. Keep its address; any wallet or block explorer can make the same calls.
      </p>
      {info && !info.contract ? (
        <p className="callout">This exchange runs without a chain, so there is no contract to leave.</p>
      ) : null}
      {info?.contract ? (
        <Panel title="The contract">
          <p>
            <code className="break">{info.contract}</code> <span className="soft">on chain {info.chain_id}</span>
          </p>
        </Panel>
      ) : null}
      {info?.contract ? (
        <SignedIn what="what you can take out">
          {contract ? <Steps contract={contract} assets={info.assets} /> : null}
        </SignedIn>
      ) : null}
    </div>
  );
}

function Steps(props: { contract: Contract; assets: readonly Asset[] }): ReactNode {
  const { contract, assets } = props;
  const [problem, setProblem] = useState("");
  const read = useCallback(() => contract.frozen(), [contract]);
  const { value: frozen } = useChainRead(read);
  const readLeft = useCallback(
    async () => (await Promise.all(assets.map((asset) => contract.vaultBalance(asset)))).some((atoms) => atoms > 0n),
    [contract, assets],
  );
  const { value: left } = useChainRead(readLeft);
  const run = (work: () => Promise<unknown>, done: string) => async (): Promise<void> => {
    setProblem("");
    try {
      await work();
      notify("good", done);
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <>
      <Panel title="1. Ask for everything">
        <p>
          One transaction asks for all of {assets.map((asset) => asset.id).join(" and ")}. The exchange stops trading
          your funds when it sees the request.
          {frozen ? " Settling has ended, so requests take effect at once." : ""}
        </p>
        <Problem text={problem} />
        <WorkButton
          className="primary"
          busy="Requesting…"
          disabled={left === false}
          work={run(() => contract.exit(assets), "Everything is requested. Take it below once it is covered.")}
        >
          {left === false ? "Nothing is left in the vault" : "Request everything"}
        </WorkButton>
      </Panel>
      <Panel title="2. Take it">
        {assets.map((asset) => (
          <div key={asset.id} className="stack">
            <InVault contract={contract} asset={asset} />
            <OpenRequest contract={contract} asset={asset} />
          </div>
        ))}
      </Panel>
      <Panel title="If the operator is gone">
        <p>
          When no batch was settled for the contract's exit delay, anyone can end settling for good. Every request then
          takes effect at once. The contract refuses it before.
        </p>
        <WorkButton
          disabled={frozen !== false}
          work={run(() => contract.freeze(), "Settling has ended for everybody.")}
        >
          {frozen ? "Settling has ended" : "End settling"}
        </WorkButton>
      </Panel>
    </>
  );
}

function InVault(props: { contract: Contract; asset: Asset }): ReactNode {
  const { contract, asset } = props;
  const read = useCallback(() => contract.vaultBalance(asset), [contract, asset]);
  const { value } = useChainRead(read);
  return (
    <p className="spread">
      <strong>{asset.id}</strong>
      <span className="mono">
        {value === null ? "reading…" : `${grouped(formatDecimal(value, asset.decimals))} in the vault`}
      </span>
    </p>
  );
}
