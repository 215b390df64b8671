// What the contract says an account has in the vault, read from the chain through the wallet; not the exchange's word.
import { type ReactNode, useCallback } from "react";
import { useChainRead, useContract } from "../chain/use_contract";
import { formatDecimal, grouped } from "../money/decimal";
import { useStore } from "../state/store";

const ASK_MS = 4_000;

export function OnChain(props: { asset: string }): ReactNode {
  const contract = useContract();
  const asset = useStore((state) => state.info?.assets.find((one) => one.id === props.asset));
  const read = useCallback(
    () => (contract && asset?.token ? contract.vaultBalance(asset) : Promise.resolve(null)),
    [contract, asset],
  );
  const { value } = useChainRead(contract ? read : null, ASK_MS);
  if (!contract || !asset || value === null) return <span className="faint">–</span>;
  return grouped(formatDecimal(value, asset.decimals));
}
