// What stands between a trader and a trade, on every page: the exchange takes no orders, or the contract is paused or has
// ended settling. The contract's part is read from the chain through the wallet, so it needs nobody's word.
import { type ReactNode, useCallback } from "react";
import { useChainRead, useContract } from "../chain/use_contract";
import { useStore } from "../state/store";

const ASK_MS = 4_000;

export function Standing(): ReactNode {
  const accepting = useStore((state) => state.accepting);
  const contract = useContract();
  const read = useCallback(
    () => (contract ? Promise.all([contract.paused(), contract.frozen()]) : Promise.resolve([false, false])),
    [contract],
  );
  const { value } = useChainRead(contract ? read : null, ASK_MS);
  const [paused = false, frozen = false] = (contract && value) || [];
  return (
    <>
      {frozen ? (
        <div className="banner" role="alert">
          Settling has ended for good. What was not settled will not be; everything in the vault can be taken out on the
          exit page.
        </div>
      ) : paused ? (
        <div className="banner" role="alert">
          The contract is paused on chain: deposits and settlement wait until the pause ends. Withdrawals and exits go
          on, and no fill becomes final meanwhile.
        </div>
      ) : null}
      {accepting === false && !frozen ? (
        <div className="banner" role="alert">
          The exchange takes no new orders now. Open orders can be canceled, and funds withdrawn.
        </div>
      ) : null}
    </>
  );
}
