// Settings of the person at this browser.
import type { ReactNode } from "react";
import { Check, Choice, Panel } from "../components/ui";
import { prefer, type Theme, usePreferences } from "../state/preferences";

export const SHORTCUTS: readonly (readonly [string, string])[] = [
  ["B S", "Buy or sell"],
  ["P Q", "To the price or the quantity"],
  ["↑ ↓", "In a price: one tick up or down; with Shift, ten"],
  ["Enter", "In the form: review or place the order"],
  ["Esc", "Close a dialog"],
  ["X", "Cancel all open orders of this market, after asking"],
];

export default function PreferencesPage(): ReactNode {
  const own = usePreferences();
  return (
    <div className="page">
      <h1>Settings</h1>
      <div className="tiles">
        <Panel title="Appearance">
          <Choice<Theme>
            label="Theme"
            value={own.theme}
            options={[
              { id: "system", label: "As the system" },
              { id: "dark", label: "Dark" },
              { id: "light", label: "Light" },
            ]}
            onChange={(theme) => prefer({ theme })}
          />
        </Panel>
        <Panel title="Orders">
          <Check
            label="Show what is signed before each order"
            checked={own.confirmOrders}
            onChange={(confirmOrders) => prefer({ confirmOrders })}
          />
          <Choice
            label="Market orders stop at a price this far from the best"
            value={String(own.protectionPpm)}
            options={[
              { id: "2500", label: "0.25%" },
              { id: "5000", label: "0.5%" },
              { id: "10000", label: "1%" },
              { id: "30000", label: "3%" },
            ]}
            onChange={(value) => prefer({ protectionPpm: Number(value) })}
          />
          <Choice
            label="A signed order may match for"
            value={String(own.lifetimeHours)}
            options={[
              { id: "1", label: "1 hour" },
              { id: "24", label: "1 day" },
              { id: "168", label: "7 days" },
              { id: "696", label: "29 days" },
            ]}
            onChange={(value) => prefer({ lifetimeHours: Number(value) })}
          />
        </Panel>
        <Panel title="Keyboard">
          <Check
            label="Use shortcuts on the trading page"
            checked={own.shortcuts}
            onChange={(shortcuts) => prefer({ shortcuts })}
          />
          <dl className="facts keys">
            {SHORTCUTS.map(([keys, words]) => (
              <div key={keys} style={{ display: "contents" }}>
                <dt>{words}</dt>
                <dd>
                  {keys.split(" ").map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
        </Panel>
      </div>
    </div>
  );
}
