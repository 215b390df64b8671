// Session keys of this browser: a key that the account granted on chain signs orders here without asking the wallet.
// It can never withdraw. It is kept in this browser's storage for as long as the person wants to trade with it.
import type { Hex, TypedData } from "./wallet";

const KEPT = "hybrid-dex.session-keys";
const MARGIN_S = 60;

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

/** Returns the key that this browser keeps for orders of a market, while it lasts a little longer. */
export function keptKey(account: string, market: string): KeptKey | null {
  const soon = Date.now() / 1000 + MARGIN_S;
  return keptKeys().find((one) => one.account === account && one.market === market && one.expiresAtS > soon) ?? null;
}

/** What the exchange knows of a key that was granted on chain. */
interface Granted {
  readonly key: string;
  readonly market: string;
  readonly revoked: boolean;
}

/**
 * Returns what signs in the wallet's place, or null when the account trades with its wallet. A grant counts once the
 * exchange knows of it, and until it knows of its end; `granted` asks, where there is a key to ask about. A key signs no
 * order that ends after its grant: the exchange would refuse that.
 */
export async function activeKey(
  account: string,
  market: string,
  endsAtS: number,
  granted: () => Promise<readonly Granted[]>,
): Promise<{ address: Hex; signTypedData(document: TypedData): Promise<Hex> } | null> {
  const found = keptKey(account, market);
  if (!found || endsAtS > found.expiresAtS) return null;
  const known = (await granted()).find((one) => one.key === found.address && one.market === market);
  if (!known || known.revoked) return null;
  const { keyWallet } = await import("./clients");
  return keyWallet(found.key);
}
