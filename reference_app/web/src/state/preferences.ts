// What a person prefers, kept in this browser.
import { create } from "zustand";

export type Theme = "system" | "dark" | "light";

export interface Preferences {
  readonly theme: Theme;
  /** Show what is signed, in words, before each order of a wallet is signed. */
  readonly confirmOrders: boolean;
  readonly shortcuts: boolean;
  /** How far a market order's worst price may lie from the best, parts per million. */
  readonly protectionPpm: number;
  /** For how long a signed order may match, hours. */
  readonly lifetimeHours: number;
}

const KEPT = "hybrid-dex.preferences";
const FIRST: Preferences = {
  theme: "system",
  confirmOrders: true,
  shortcuts: true,
  protectionPpm: 10_000,
  lifetimeHours: 24,
};

function read(): Preferences {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Record<string, unknown>;
    const usable = Object.entries(FIRST).filter(([name, value]) => typeof kept[name] === typeof value);
    const found = { ...FIRST, ...Object.fromEntries(usable.map(([name]) => [name, kept[name]])) };
    return ["system", "dark", "light"].includes(found.theme) ? found : { ...found, theme: FIRST.theme };
  } catch {
    return FIRST;
  }
}

export const usePreferences = create<Preferences>()(read);

export function prefer(change: Partial<Preferences>): void {
  usePreferences.setState(change);
  localStorage.setItem(KEPT, JSON.stringify(usePreferences.getState()));
  applyTheme();
}

/** Puts the theme on the document, now and whenever the system's changes. */
export function applyTheme(): void {
  const { theme } = usePreferences.getState();
  const light = theme === "light" || (theme === "system" && matchMedia("(prefers-color-scheme: light)").matches);
  document.documentElement.dataset.theme = light ? "light" : "dark";
}

export function followSystemTheme(): void {
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", applyTheme);
  applyTheme();
}
