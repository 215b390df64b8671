// Wallets and keys: wallets.mjs PLAN.json
// A wallet that announces itself (EIP-6963) signs in and trades, says no, and changes account and chain; a session key of the
// browser trades without asking it, until it is revoked.
import assert from "node:assert/strict";
import { privateKeyToAccount } from "viem/accounts";
import { openPage, Person, plan, run, until, WAIT } from "./visitor.mjs";

const me = await new Person(plan.keys.traders[4]).login();
const ICON = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')}`;
const visitor = await openPage(me, ICON);
const { page, wallet } = visitor;
const open = async () => (await me.get("/orders/open")).orders;
const resting = { type: "Limit", price: "1500", quantity: "0.1" };

async function picker() {
  await me.cancelAll();
  await visitor.goto("/trade");
  const connect = page.locator("header.bar").getByRole("button", { name: "Connect wallet" });
  for (const way of ["Escape", "Enter"]) {
    await connect.focus();
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor(WAIT);
    await page.keyboard.press(way);
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    const focused = await page.evaluate(() => document.activeElement.textContent);
    assert.equal(focused, "Connect wallet", `focus goes back where a dialog was closed by ${way}`);
  }
  await connect.click();
  const choice = page.getByRole("button", { name: "Test wallet" });
  await choice.waitFor(WAIT);
  assert.equal(await choice.locator("img").getAttribute("src"), ICON);
  await visitor.shot("wallet-picker");
  wallet.refuses = true;
  await choice.click();
  await page.locator("dialog[open] [role=alert]").getByText("You declined in your wallet").waitFor(WAIT);
  assert.equal(await page.getByRole("button", { name: "Sign out" }).count(), 0);
  wallet.refuses = false;
  wallet.chainId = 1;
  await choice.click();
  await page.getByRole("button", { name: "Sign out" }).waitFor(WAIT);
  assert.equal(wallet.chainId, plan.chainId, "the wallet was asked to be on the exchange's chain");
}

async function orders() {
  wallet.refuses = true;
  await visitor.fill("Buy", resting);
  await visitor.review();
  await visitor.sign();
  await page.locator("dialog[open] [role=alert]").getByText("You declined in your wallet").waitFor(WAIT);
  assert.deepEqual(await open(), [], "nothing was placed");
  await visitor.shot("signature-declined");
  wallet.refuses = false;
  const prompts = wallet.prompts;
  await visitor.sign();
  await visitor.notice("accepted").waitFor(WAIT);
  assert.equal(wallet.prompts, prompts + 1, "one signature for one order");
  const [order] = await open();
  assert.equal(order.price, "1500");
  await page.reload();
  await page.getByRole("button", { name: "Sign out" }).waitFor(WAIT);
  await visitor.rows("Open orders").first().getByText("1,500.00").waitFor(WAIT);
  assert.equal(wallet.prompts, prompts + 1, "a reload asks for nothing");
  await visitor
    .rows("Open orders")
    .first()
    .getByRole("button", { name: /Cancel/ })
    .click();
  await page.getByText("No open orders.").waitFor(WAIT);
}

async function closed() {
  let answer;
  wallet.waits = new Promise((resolve) => {
    answer = resolve;
  });
  await visitor.fill("Buy", resting);
  await visitor.review();
  await visitor.sign();
  await until(() => wallet.asked.at(-1) === "eth_signTypedData_v4", "the wallet's prompt");
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  wallet.waits = null;
  await visitor.submit("Buy", { ...resting, price: "1501" });
  answer();
  await until(async () => (await open()).length === 2, "the order that was signed after its dialog was closed");
  wallet.waits = new Promise((resolve) => {
    answer = resolve;
  });
  await visitor.fill("Buy", resting);
  await visitor.review();
  await visitor.sign();
  await page.keyboard.press("Escape");
  wallet.refuses = true;
  answer();
  await visitor.notice("You declined in your wallet").waitFor(WAIT);
  wallet.refuses = false;
  wallet.waits = null;
  await me.cancelAll();
}

async function sessionKey() {
  await page.goto(`${plan.url}/keys`);
  await page.getByLabel("May buy for, fees included").fill("5000");
  await page.getByRole("button", { name: "Grant a session key" }).click();
  await visitor.notice("Granted").waitFor(WAIT);
  const row = visitor.rows("Session keys").first();
  await row.getByText("this browser").waitFor(WAIT);
  const [granted] = (await me.get("/account/sessions")).session_keys;
  assert.ok((await row.textContent()).includes("5,000"));
  assert.equal(granted.buy_budget, "5000");
  await visitor.shot("session-key");
  await visitor.goto("/trade");
  const prompts = wallet.prompts;
  await visitor.fill("Buy", resting);
  await visitor.review();
  await page.getByText("The session key of this browser signs it").waitFor(WAIT);
  await visitor.shot("session-key-signs");
  await visitor.sign();
  await visitor.notice("accepted").waitFor(WAIT);
  assert.equal(wallet.prompts, prompts, "the wallet was not asked");
  assert.equal((await open()).length, 1);
  const row_ = visitor.rows("Open orders").first();
  await row_.getByRole("button", { name: /Replace/ }).click();
  await page.getByLabel("New price").fill("1501");
  await page.locator("dialog[open]").getByRole("button", { name: "Replace", exact: true }).click();
  await row_.getByText("1,501.00").waitFor(WAIT);
  assert.equal(wallet.prompts, prompts, "nor for new terms");
}

async function revoked() {
  const [kept] = await page.evaluate(() => JSON.parse(localStorage.getItem("hybrid-dex.session-keys")));
  await page.goto(`${plan.url}/keys`);
  const row = visitor.rows("Session keys").first();
  wallet.refuses = true;
  await row.getByRole("button", { name: /Revoke/ }).click();
  await visitor.notice("You declined in your wallet").waitFor(WAIT);
  wallet.refuses = false;
  await row.getByRole("button", { name: /Revoke/ }).click();
  await visitor.notice("Revoked").waitFor(WAIT);
  await until(async () => (await open()).length === 0, "the cancellation of the key's orders");
  await until(
    async () => !(await me.get("/account/sessions")).session_keys.some((one) => !one.revoked),
    "the end of the key",
  );
  await assert.rejects(me.place("buy", "0.1", "1500", {}, privateKeyToAccount(kept.key)), /session|revoked|key/i);
  await visitor.goto("/trade");
  const prompts = wallet.prompts;
  await visitor.submit("Buy", resting);
  assert.equal(wallet.prompts, prompts + 1, "the wallet signs again");
  await me.cancelAll();
}

async function changes() {
  await page.evaluate(() => window.walletEmits("chainChanged", "0x1"));
  await page.locator(".notice", { hasText: "another chain" }).waitFor(WAIT);
  await page.evaluate((id) => window.walletEmits("chainChanged", id), `0x${plan.chainId.toString(16)}`);
  await page.evaluate(() => window.walletEmits("accountsChanged", ["0x000000000000000000000000000000000000dEaD"]));
  await page.locator(".notice", { hasText: "The wallet changed its account" }).waitFor(WAIT);
  await page.locator("header.bar").getByRole("button", { name: "Connect wallet" }).waitFor(WAIT);
  await page.reload();
  await page.locator("header.bar").getByRole("button", { name: "Connect wallet" }).waitFor(WAIT);
  assert.equal(await page.getByRole("button", { name: "Sign out" }).count(), 0, "nobody is signed in after it");
}

await run({ picker, orders, closed, sessionKey, revoked, changes }, () => [visitor]);
