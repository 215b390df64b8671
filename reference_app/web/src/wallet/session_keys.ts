// Session keys of this browser: a key that the account granted on chain signs orders here without asking the wallet.
// It can never withdraw. It is kept in this browser's storage for as long as the person wants to trade with it.
import type { Hex, TypedData } from "./wallet";

const KEPT = "hybrid-dex.session-keys";

export interface KeptKey {
  readonly account: string;
  readonly market: string;
  readonly key: Hex;
  readonly address: string;
  readonly expiresAtS: number;
}

export function keptKeys(): KeptKey[] {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "[]") as unknown;
    return Array.isArray(kept) ? (kept as KeptKey[]).filter((one) => typeof one?.key === "string") : [];
  } catch {
    return [];
  }
}

export function keepKey(key: KeptKey): void {
  const others = keptKeys().filter((one) => one.account !== key.account || one.market !== key.market);
  localStorage.setItem(KEPT, JSON.stringify([...others, key]));
}

export function forgetKey(address: string): void {
  localStorage.setItem(KEPT, JSON.stringify(keptKeys().filter((one) => one.address !== address)));
}

/** Returns what signs in the wallet's place, or null when the account trades with its wallet. */
export async function activeKey(
  account: string,
  market: string,
): Promise<{ address: Hex; signTypedData(document: TypedData): Promise<Hex> } | null> {
  const found = keptKeys().find(
    (one) => one.account === account && one.market === market && one.expiresAtS > Date.now() / 1000,
  );
  if (!found) return null;
  const { keyWallet } = await import("./clients");
  return keyWallet(found.key);
}
