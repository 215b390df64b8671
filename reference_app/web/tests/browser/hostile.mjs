// Texts of strangers and of a hostile exchange, in every place where the trader's pages show them: hostile.mjs PLAN.json
// Nothing of them may run, load, or leave the page; each has to stand there as the text that it is.
import assert from "node:assert/strict";
import { openPage, Person, plan, run, until, WAIT } from "./visitor.mjs";

const { payloads } = plan;
const me = await new Person(plan.keys.visitor).login();
const visitor = await openPage(me);
const { page } = visitor;
const copies = (one, change) => payloads.map((text, index) => ({ ...one, ...change(text, index) }));
let refusal = null;

/** Stands between the page and the exchange, and puts the payloads into what is answered. */
async function spoil(path, change) {
  await page.route(
    (url) => url.origin === plan.url && url.pathname === path,
    async (route) => {
      const reply = await route.fetch();
      await route.fulfill({ response: reply, json: change(await reply.json()) });
    },
  );
}

async function plant() {
  await me.cancelAll();
  for (const [index, text] of payloads.entries())
    await me.place("buy", "0.01", String(1_000 + index), {
      client_order_id: `${text.slice(0, 46)}-${Date.now()}${index}`,
    });
  await page.addInitScript(() => {
    window.executed = () => {
      window.didExecute = true;
    };
  });
  await page.addInitScript((texts) => {
    const provider = { request: () => new Promise(() => {}) };
    window.addEventListener("eip6963:requestProvider", () => {
      for (const [index, text] of texts.entries()) {
        const info = { uuid: String(index), name: text, icon: text, rdns: `${text}${index}` };
        window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: { info, provider } }));
      }
    });
  }, payloads);
  const order = (await me.get("/orders/open")).orders[0];
  const market = (await me.get("/markets")).markets[0];
  await spoil("/markets", (answer) => ({
    markets: [
      ...answer.markets,
      ...copies(market, (id) => ({ id, base: { ...market.base, id }, quote: { ...market.quote, id } })),
    ],
  }));
  await spoil("/info", (answer) => ({ ...answer, name: payloads[0] }));
  const many = (text, index) => ({
    order_id: `9-${index}`,
    market: text,
    client_order_id: text,
    trigger_price: text,
    waiting: true,
  });
  await spoil("/orders/open", () => ({ orders: copies(order, many) }));
  await spoil("/orders", () => ({ orders: copies(order, many), next: null }));
  const fill = {
    type: "fill",
    fill_id: "9-1",
    order_id: "9-1",
    market: "X",
    side: "buy",
    price: "1",
    quantity: "1",
    liquidity: "maker",
    fee: "0",
    fee_asset: "X",
    at_ms: 1,
    stage: "matched",
    batch: 0,
    transaction: "",
    failure: 0,
  };
  await spoil("/account/fills", () => ({
    fills: copies(fill, (text, index) => ({
      fill_id: `9-${index}`,
      market: text,
      fee_asset: text,
      transaction: text,
      liquidity: text,
    })),
    next: null,
  }));
  const transfer = { sequence: 1, at_ms: 1, kind: "deposit", asset: "X", amount: "1", available: "1" };
  for (const kind of ["deposits", "withdrawals"])
    await spoil(`/account/${kind}`, () => ({
      transfers: copies(transfer, (asset, sequence) => ({ asset, sequence })),
    }));
  const key = { key: "0x", market: "X", buy_budget: "1", sell_budget: "1", expiry_s: 1, revoked: false };
  await spoil("/account/sessions", () => ({ session_keys: copies(key, (text) => ({ key: text, market: text })) }));
  await spoil("/auth/sessions", (answer) => ({
    sessions: copies(answer.sessions[0], (text, index) => ({
      id: String(index),
      address: text,
      user_agent: text,
      current: false,
    })),
  }));
  await page.route(`${plan.url}/orders/preview`, (route) =>
    refusal === null
      ? route.continue()
      : route.fulfill({
          status: 422,
          contentType: "application/problem+json",
          body: JSON.stringify({
            type: "about:blank",
            title: refusal,
            status: 422,
            code: 1,
            reason: "x",
            detail: refusal,
            valid: refusal,
          }),
        }),
  );
}

async function shown(path, label) {
  await visitor.goto(path);
  await page.getByRole("button", { name: "Sign out" }).waitFor(WAIT);
  if (label) await until(async () => (await visitor.rows(label).count()) >= payloads.length / 2, label);
}

async function wallets() {
  await visitor.goto("/trade");
  await page.locator("header.bar").getByRole("button", { name: "Connect wallet" }).click();
  await page.locator("dialog[open]").getByText(payloads[0]).first().waitFor(WAIT);
  assert.equal(await page.locator("dialog[open] img").count(), 0, "an icon that is no image is none");
  await visitor.shot("hostile-wallets");
  await page.getByRole("button", { name: "Test wallet" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor(WAIT);
}

async function pages() {
  assert.ok((await page.title()).endsWith(payloads[0]), "the name of the exchange is text");
  await until(
    async () => (await page.getByLabel("Market", { exact: true }).locator("option").count()) > payloads.length,
    "markets",
  );
  await shown("/trade", "Open orders");
  await visitor.tab("Fills");
  await until(async () => (await visitor.rows("Fills").count()) >= payloads.length / 2, "fills");
  await visitor.tab("Order history");
  await until(async () => (await visitor.rows("Order history").count()) >= payloads.length / 2, "history");
  await visitor.shot("hostile-trade");
  await shown("/portfolio", "Fills");
  await shown("/funds", "Deposits and withdrawals");
  await shown("/keys", "Session keys");
  await until(async () => (await visitor.rows("Logins").count()) >= payloads.length / 2, "logins");
  await visitor.shot("hostile-keys");
  await shown("/exit");
  await shown("/preferences");
  for (const text of payloads.slice(0, 4)) await shown(`/trade/${encodeURIComponent(text)}`);
}

async function refusals() {
  await shown("/trade");
  for (const [index, text] of payloads.entries()) {
    refusal = text;
    await visitor.fill("Buy", { type: "Limit", price: String(1_000 + index), quantity: "0.1" });
    await page.locator(".order-form .warn").getByText(text).first().waitFor(WAIT);
  }
  await page.locator(".order-form button[type=submit]").click();
  await page.locator(".order-form [role=alert]").getByText(payloads.at(-1)).waitFor(WAIT);
  refusal = null;
}

async function nothingRan() {
  assert.equal(await page.evaluate(() => window.didExecute === true), false, "a payload ran");
  const foreign = await page.evaluate(
    () => document.querySelectorAll("script:not([src^='/assets/']), iframe, object, embed, base").length,
  );
  assert.equal(foreign, 0, "a payload became an element");
  await me.cancelAll();
}

await run({ plant, wallets, pages, refusals, nothingRan }, () => [visitor]);
