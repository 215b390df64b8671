// When signed orders of this browser end. The expiry is a term that is signed, and the exchange's list of orders does not
// repeat it; so what was signed here is kept here, until it has passed.
import { unpackNonce } from "./lanes";

const KEPT = "hybrid-dex.lifetimes";
const MOST = 500;

type Kept = Record<string, number>;

function read(): Kept {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Kept | null;
    return kept && typeof kept === "object" && !Array.isArray(kept) ? kept : {};
  } catch {
    return {};
  }
}

/** An order keeps its lane and counter through all its revisions. */
function nameOf(account: string, nonce: string): string {
  const { counter, lane } = unpackNonce(nonce);
  return `${account} ${counter} ${lane}`;
}

/** Keeps when an order ends, Unix seconds, in place of what was known of it. */
export function keepLifetime(account: string, nonce: string, expiryS: number): void {
  const now = Date.now() / 1000;
  const kept = Object.entries(read()).filter(([, at]) => typeof at === "number" && at > now);
  const all = Object.fromEntries([...kept, [nameOf(account, nonce), expiryS]].slice(-MOST));
  localStorage.setItem(KEPT, JSON.stringify(all));
}

/** Returns when an order ends, Unix seconds; null when it was signed elsewhere. */
export function lifetimeOf(account: string, nonce: string): number | null {
  const found = read()[nameOf(account, nonce)];
  return typeof found === "number" ? found : null;
}
