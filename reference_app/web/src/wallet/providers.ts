// Finds wallets by EIP-6963: each announces itself, and nobody overwrites another. `window.ethereum` is taken only
// where nothing was announced.
import type { Provider } from "./wallet";

export interface Announced {
  readonly id: string;
  readonly name: string;
  /** A data: URI, or empty. Shown as an image only. */
  readonly icon: string;
  readonly provider: Provider;
}

interface Detail {
  readonly info?: { readonly rdns?: unknown; readonly name?: unknown; readonly icon?: unknown };
  readonly provider?: Provider;
}

const WAIT_MS = 150;
const MAX_NAME = 40;

/** Asks every wallet to announce itself and returns those that did. */
export async function findWallets(target: Window = window): Promise<Announced[]> {
  const found = new Map<string, Announced>();
  const hear = (event: Event): void => {
    const one = announced((event as CustomEvent<Detail>).detail);
    if (one && !found.has(one.id)) found.set(one.id, one);
  };
  target.addEventListener("eip6963:announceProvider", hear);
  target.dispatchEvent(new Event("eip6963:requestProvider"));
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  target.removeEventListener("eip6963:announceProvider", hear);
  const legacy = (target as { ethereum?: Provider }).ethereum;
  if (found.size === 0 && legacy && typeof legacy.request === "function") {
    found.set("injected", { id: "injected", name: "Browser wallet", icon: "", provider: legacy });
  }
  return [...found.values()];
}

/** Returns what a wallet said of itself, as far as it can be shown safely; null when it is none. */
export function announced(detail: Detail | null | undefined): Announced | null {
  const info = detail?.info;
  const provider = detail?.provider;
  if (!info || typeof provider?.request !== "function") return null;
  if (typeof info.rdns !== "string" || typeof info.name !== "string") return null;
  const icon =
    typeof info.icon === "string" && /^data:image\/(png|svg\+xml|webp|jpeg|gif)[;,]/.test(info.icon) ? info.icon : "";
  return { id: info.rdns.slice(0, 100), name: info.name.slice(0, MAX_NAME) || "Wallet", icon, provider };
}
