import { createRoot } from "react-dom/client";
import { App } from "./app";
import { followSystemTheme } from "./state/preferences";
import { ownTab } from "./state/tab";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/dialogs.css";

followSystemTheme();
const root = document.getElementById("root");
if (root)
  void ownTab()
    .catch(() => undefined)
    .then(() => createRoot(root).render(<App />));
