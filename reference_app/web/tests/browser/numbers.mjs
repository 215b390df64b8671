// Reads every number off the trader's pages: numbers.mjs PLAN.json. It signs in and says "ready"; then, for each line it
// is sent, it says what stands on the screen, as a line of JSON. Judged by reference_app/tests/test_page_numbers.py.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { privateKeyToAccount } from "viem/accounts";
import { announceWallet } from "./wallet.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const browser = await chromium.launch({ executablePath: plan.chromium, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1600, height: 1400 } });
context.setDefaultTimeout(90_000);
const page = await context.newPage();
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const texts = (root, selector) => root.locator(selector).evaluateAll((all) => all.map((one) => one.textContent.trim()));
const cells = (selector, inner) =>
  page
    .locator(selector)
    .evaluateAll(
      (all, within) => all.map((one) => [...one.querySelectorAll(within)].map((cell) => cell.textContent.trim())),
      inner,
    );
const rows = (label) => cells(`section[aria-label="${label}: rows"] tbody tr`, "td");

async function tab(name, label) {
  await page.getByRole("tab", { name }).click();
  await page.locator('.account-body [aria-busy="true"]').waitFor({ state: "detached" });
  return rows(label);
}

/** Fills in the form, and returns what it shows beside what the exchange answered to the form's own request. */
async function preview() {
  const form = page.locator(".order-form");
  await form.getByRole("button", { name: "Sell", exact: true }).click();
  await form.locator('input[name="quantity"]').fill("");
  await form.locator('input[name="price"]').fill("2700.5");
  const answered = page.waitForResponse(
    (reply) => reply.url().endsWith("/orders/preview") && reply.request().postDataJSON().quantity === "1.25",
  );
  await form.locator('input[name="quantity"]').fill("1.25");
  const answer = await (await answered).json();
  await form.locator('[data-testid="preview"]').waitFor();
  return { shown: await texts(form, '[data-testid="preview"] dd'), answer };
}

async function look() {
  const found = {
    bids: await cells(".level.buy", ":scope > span"),
    asks: (await cells(".level.sell", ":scope > span")).reverse(),
    own: await page.locator(".level:has(.own)").evaluateAll((all) => all.map((one) => one.dataset.price)),
    sequence: Number(await page.locator(".book-body").getAttribute("data-sequence")),
    spread: await page.locator(".spread-line").textContent(),
    trades: await rows("Trades"),
    last: await page.locator('[data-testid="last"]').textContent(),
    facts: await texts(page, ".market-fact > span:last-child"),
    open: await tab(/^Open orders/, "Open orders"),
    openCount: await page.getByRole("tab", { name: /^Open orders/ }).textContent(),
    fills: await tab("Fills", "Fills"),
    history: await tab("Order history", "Order history"),
    balances: await tab("Balances", "Balances"),
    preview: await preview(),
  };
  await page.getByRole("tab", { name: "Depth" }).click();
  found.depth = await texts(page, ".depth figcaption span");
  await page.getByRole("tab", { name: "Candles" }).click();
  await page.getByRole("link", { name: "Portfolio" }).click();
  await page.getByRole("heading", { level: 1, name: "Portfolio" }).waitFor();
  found.portfolio = { balances: await rows("Balances"), fills: await rows("Fills") };
  await page.getByRole("link", { name: "Trade", exact: true }).click();
  await page.locator(".level.buy").first().waitFor();
  return found;
}

try {
  await announceWallet(page, privateKeyToAccount(plan.key));
  await page.goto(`${plan.url}/trade/ETH-USDC`);
  await page.locator("header.bar").getByRole("button", { name: "Connect wallet" }).click();
  await page.getByRole("button", { name: "Test wallet" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  say("ready");
  for await (const _ of createInterface({ input: process.stdin })) say(await look());
} finally {
  await browser.close();
}
