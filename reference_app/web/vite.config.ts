import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Everything is served from the app's own origin under a strict policy: nothing is inlined.
export default defineConfig({
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      output: {
        manualChunks: { react: ["react", "react-dom/client", "zustand"], charts: ["lightweight-charts"] },
      },
    },
  },
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(
      [
        "/account",
        "/admin",
        "/auth",
        "/demo",
        "/health",
        "/info",
        "/markets",
        "/orders",
        "/receipts",
        "/status",
        "/tickers",
        "/time",
        "/ws",
      ].map((path) => [path, { target: "http://127.0.0.1:8000", ws: path === "/ws" }]),
    ),
  },
  test: { include: ["tests/unit/**/*.test.ts"], environment: "node" },
});
