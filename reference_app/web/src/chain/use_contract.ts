// The contract for whoever is connected; loaded when a page needs it.
import { useEffect, useState } from "react";
import { desk } from "../state/desk";
import { useStore } from "../state/store";
import type { Wallet } from "../wallet/wallet";
import type { Contract } from "./contract";

export async function contractOf(wallet: Wallet): Promise<Contract> {
  const { Contract: Loaded } = await import("./contract");
  return new Loaded(wallet, desk.info());
}

/** Returns the contract, or null while nobody is connected or where no chain is. */
export function useContract(): Contract | null {
  const wallet = useStore((state) => state.wallet);
  const onChain = useStore((state) => Boolean(state.info?.contract));
  const [contract, setContract] = useState<Contract | null>(null);
  useEffect(() => {
    let current = true;
    setContract(null);
    if (wallet && onChain) void contractOf(wallet).then((made) => current && setContract(made));
    return () => {
      current = false;
    };
  }, [wallet, onChain]);
  return contract;
}

/**
 * Reads something of the chain now, again every few seconds, and whenever `again` is called. What another `read` found,
 * of another asset or account, is no answer.
 */
export function useChainRead<T>(
  read: (() => Promise<T>) | null,
  everyMs = 3_000,
): { value: T | null; again: () => void } {
  const [found, setFound] = useState<{ read: () => Promise<T>; value: T } | null>(null);
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `turn` asks for a read now
  useEffect(() => {
    if (!read) return;
    let current = true;
    const once = (): void => {
      read()
        .then((value) => current && setFound({ read, value }))
        .catch(() => undefined);
    };
    once();
    const timer = setInterval(once, everyMs);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [read, everyMs, turn]);
  return {
    value: found !== null && found.read === read ? found.value : null,
    again: () => setTurn((count) => count + 1),
  };
}
