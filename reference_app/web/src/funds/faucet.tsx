// Play money of the local chain: the demo's wallet mints tokens and gives the coin that transactions cost.
import { type ReactNode, useState } from "react";
import { explain } from "../api/http";
import type { Asset } from "../api/types";
import { contractOf } from "../chain/use_contract";
import { Panel, WorkButton } from "../components/ui";
import { grouped, parseDecimal } from "../money/decimal";
import { desk } from "../state/desk";
import { notify } from "../state/store";
import { Problem } from "./page";

const COIN = 10n ** 18n;
const PLAY: Record<string, string> = { USDC: "25000" };
const OTHER = "10";

export function Faucet(props: { assets: readonly Asset[] }): ReactNode {
  const [problem, setProblem] = useState("");
  const work = async (): Promise<void> => {
    setProblem("");
    try {
      const to = desk.wallet().address;
      const giver = await desk.openDemo();
      const contract = await contractOf(giver);
      if ((await giver.coin(to)) < COIN && giver.address !== to)
        await giver.receipt(await giver.send({ to, value: COIN }));
      for (const asset of props.assets)
        await contract.mint(asset, to, parseDecimal(PLAY[asset.id] ?? OTHER, asset.decimals));
      notify("good", "Play money is in your wallet. Deposit it to trade.");
    } catch (error) {
      setProblem(explain(error));
    }
  };
  const addChain = async (): Promise<void> => {
    setProblem("");
    try {
      const demo = await desk.demoWallet();
      await desk.wallet().joinChain(desk.info().chain_id ?? 0, demo?.rpc_url || null);
      notify("good", "Your wallet is on the local chain.");
    } catch (error) {
      setProblem(explain(error));
    }
  };
  return (
    <Panel title="Faucet" label="Faucet">
      <p>
        Play money of this machine's own chain:{" "}
        {props.assets.map((asset) => `${grouped(PLAY[asset.id] ?? OTHER)} ${asset.id}`).join(", ")}, and the coin that
        transactions cost.
      </p>
      <Problem text={problem} />
      <WorkButton className="wide" busy="Minting…" work={work}>
        Give me play money
      </WorkButton>
      <WorkButton className="wide" work={addChain}>
        Add the local chain to my wallet
      </WorkButton>
    </Panel>
  );
}
