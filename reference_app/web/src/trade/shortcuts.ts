// Keyboard shortcuts of the trading page. None works while something is typed or a dialog is open.
import { useEffect } from "react";
import { explain } from "../api/http";
import type { Market } from "../api/types";
import { cancelAll } from "../orders/entry";
import { usePreferences } from "../state/preferences";
import { notify, useStore } from "../state/store";
import { write } from "./ticket";

export function useShortcuts(market: Market | null): void {
  const wanted = usePreferences((state) => state.shortcuts);
  useEffect(() => {
    if (!wanted || !market) return;
    const pressed = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea")) return;
      // A click beside the fields of a dialog leaves the keys to the document.
      if (document.querySelector("dialog[open]")) return;
      const action = actions(market)[event.key.toLowerCase()];
      if (!action) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [market, wanted]);
}

function actions(market: Market): Record<string, () => void> {
  return {
    b: () => write({ side: "buy" }),
    s: () => write({ side: "sell" }),
    p: () => focus("price"),
    q: () => focus("quantity"),
    x: () => void cancelEverything(market),
  };
}

function focus(name: string): void {
  document.querySelector<HTMLInputElement>(`.order-form input[name="${name}"]`)?.focus();
}

async function cancelEverything(market: Market): Promise<void> {
  const count = [...useStore.getState().orders.values()].filter((order) => order.market === market.id).length;
  if (count === 0) return notify("plain", "There are no open orders in this market.");
  if (!window.confirm(`Cancel all ${count} open orders in ${market.id}?`)) return;
  try {
    const answer = await cancelAll(market.id);
    notify("plain", `${answer.canceled.length} orders are canceled.`);
  } catch (error) {
    notify("bad", explain(error));
  }
}
