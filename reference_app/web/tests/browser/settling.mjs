// What becomes of a fill, as its trader sees it: settling.mjs PLAN.json
// A partial fill, the stages of settlement in their order, a reorganization that takes a stage back, the contract's pause.
import assert from "node:assert/strict";
import { openPage, Person, plain, plan, rpc, run, until, WAIT } from "./visitor.mjs";

const me = await new Person(plan.keys.traders[2]).login();
const other = await new Person(plan.keys.traders[3]).login();
const owner = new Person(plan.keys.owner);
const visitor = await openPage(me);
const console_ = await openPage(owner);
const { page } = visitor;
const ORDER = ["matched", "submitted", "confirmed", "final"];

/** The fills that the exchange tells of, the newest first. */
const fills = async () => (await me.get("/account/fills?limit=20")).fills;

/** The newest fill once lists of the past say that it is final; they are a moment behind the page. */
const settled = () =>
  until(async () => (await fills()).find((one, index) => index === 0 && one.stage === "final"), "a final fill");

/** Notes each stage that the first row of the fills shows, in the page, as it is drawn, once there are more than `before`. */
async function watchStages(before) {
  await page.evaluate((known) => {
    window.stages = [];
    const look = () => {
      const table = document.querySelector('section[aria-label="Fills: rows"] table');
      if (!table || Number(table.getAttribute("aria-rowcount")) <= known) return;
      const badge = document.querySelector('section[aria-label="Fills: rows"] tbody tr .badge');
      const stage = badge?.firstChild?.textContent;
      if (stage && window.stages.at(-1) !== stage) window.stages.push(stage);
    };
    look();
    window.watching?.disconnect();
    window.watching = new MutationObserver(look);
    window.watching.observe(document.body, { subtree: true, childList: true, characterData: true });
  }, before);
}

const stages = () => page.evaluate(() => window.stages);
const stage = (name) => until(async () => (await stages()).at(-1) === name, `a fill that is ${name}`);

async function connect() {
  for (const one of [me, other]) await one.cancelAll();
  await visitor.connect();
}

async function partialFill() {
  await visitor.submit("Buy", { type: "Limit", price: "2500", quantity: "0.5" });
  const row = visitor.rows("Open orders").first();
  await row.getByText("0.0000 / 0.5000").waitFor(WAIT);
  await visitor.tab("Fills");
  await watchStages((await fills()).length);
  await other.place("sell", "0.2", "2500", { time_in_force: "ioc" });
  await visitor.rows("Fills").first().waitFor(WAIT);
  await visitor.tab(/Open orders/);
  await row.getByText("0.2000 / 0.5000").waitFor(WAIT);
  await row.getByText("partially filled").waitFor(WAIT);
  const [told] = (await me.get("/orders/open")).orders;
  assert.deepEqual([told.filled, told.open, told.status], ["0.2", "0.3", "partially_filled"]);
  await visitor.shot("order-partly-filled");
}

async function settles() {
  await visitor.tab("Fills");
  await stage("final");
  const seen = await stages();
  assert.deepEqual(
    seen,
    ORDER.filter((one) => seen.includes(one)),
    "stages in their order, none skipped back",
  );
  const fill = await settled();
  const row = visitor.rows("Fills").first();
  assert.deepEqual((await row.locator("td.num").allTextContents()).map(plain), [fill.price, fill.quantity, fill.fee]);
  assert.equal(await row.locator("[title^='0x']").getAttribute("title"), fill.transaction);
  assert.equal((await rpc("eth_getTransactionReceipt", [fill.transaction])).status, "0x1");
  await row.getByRole("button", { name: /Transaction/ }).click();
  const dialog = page.locator("dialog[open]");
  await dialog.getByText("in block").waitFor(WAIT);
  assert.ok((await dialog.textContent()).includes(fill.transaction));
  await visitor.shot("transaction");
  await page.keyboard.press("Escape");
}

/** Blocks come by hand only, so that nothing is final before the chain takes a block back. */
async function reorganization() {
  await rpc("evm_setIntervalMining", [0]);
  const before = (await fills()).length;
  await other.place("sell", "0.1", "2500", { time_in_force: "ioc" });
  await until(async () => (await fills()).length > before, "the fill");
  await watchStages(before);
  await stage("submitted");
  await until(async () => (await rpc("txpool_status")).pending !== "0x0", "the batch in the node's pool");
  await rpc("evm_mine");
  await stage("confirmed");
  await visitor.shot("fill-confirmed");
  await rpc("anvil_reorg", [1, []]);
  // The node gave the new block a time of its own, and would go on from there: behind, for an exchange that looks at the clock.
  await rpc("evm_setNextBlockTimestamp", [Math.floor(Date.now() / 1000)]);
  await rpc("evm_mine");
  await page.locator(".notice", { hasText: "took back" }).waitFor(WAIT);
  await until(
    async () => (await stages()).lastIndexOf("confirmed") < (await stages()).lastIndexOf("submitted"),
    "a step back",
  );
  await visitor.shot("fill-taken-back");
  const [fill] = await fills();
  assert.notEqual(fill.stage, "final");
  await rpc("evm_setIntervalMining", [1]);
  await stage("final");
  const seen = await stages();
  assert.deepEqual(seen.filter((one) => one === "final").length, 1, "final is said once, in the end");
  assert.ok(!seen.slice(0, seen.lastIndexOf("submitted")).includes("final"));
  assert.equal((await rpc("eth_getTransactionReceipt", [(await settled()).transaction])).status, "0x1");
}

async function onChain() {
  await page.goto(`${plan.url}/portfolio`);
  const row = visitor.rows("Balances").filter({ hasText: "USDC" });
  await row.waitFor(WAIT);
  const told = (await me.get("/account/balances")).balances.find((one) => one.asset === "USDC");
  await until(async () => {
    const cells = (await row.locator("td.num").allTextContents()).map(plain);
    return (
      cells.at(-1) === told.total &&
      cells.slice(0, -1).join() ===
        [
          told.available,
          told.held,
          told.in_flight_in,
          told.in_flight_out,
          told.withdrawing,
          told.vouchers ?? "0",
          told.total,
        ].join()
    );
  }, "a balance on chain that is the exchange's once all is final");
  await visitor.shot("portfolio-on-chain");
}

async function pause() {
  await console_.goto("/console/stops");
  await console_.page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await console_.page.getByRole("button", { name: "Test wallet" }).click();
  await console_.page.getByRole("button", { name: "Pause the contract…" }).click();
  const dialog = console_.page.getByRole("dialog");
  await dialog.getByLabel(/^Type PAUSE/).fill("PAUSE");
  const prompts = console_.wallet.prompts;
  console_.wallet.refuses = true;
  await dialog.getByRole("button", { name: "Sign and send" }).click();
  await dialog.getByText("You declined in your wallet").waitFor(WAIT);
  console_.wallet.refuses = false;
  await dialog.getByRole("button", { name: "Back" }).click();
  await dialog.getByRole("button", { name: "Sign and send" }).click();
  await dialog.getByText("The contract is paused.").waitFor(WAIT);
  assert.equal(console_.wallet.prompts, prompts + 2, "the wallet was asked each time");
  await visitor.goto("/trade");
  await page.getByText("The contract is paused on chain").waitFor(WAIT);
  await page.getByText("The exchange takes no new orders now").waitFor(WAIT);
  await assert.rejects(other.placeNow("sell", "0.1", "2500", { time_in_force: "ioc" }), /the contract is paused/);
  await visitor.shot("trade-contract-paused");
  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
  await console_.page.getByRole("button", { name: "End the pause…" }).click();
  await dialog.getByLabel(/^Type UNPAUSE/).fill("UNPAUSE");
  await dialog.getByRole("button", { name: "Sign and send" }).click();
  await dialog.getByText("The contract is no longer paused.").waitFor(WAIT);
  for (const told of ["The contract is paused on chain", "The exchange takes no new orders now"])
    await page.getByText(told).waitFor({ state: "detached" });
  await visitor.tab("Fills");
  await watchStages((await fills()).length);
  await other.place("sell", "0.1", "2500", { time_in_force: "ioc" });
  await stage("final");
}

async function roles() {
  const links = (one) => one.page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Console" });
  assert.equal(await links(visitor).count(), 0, "a trader sees no way to the console");
  await console_.goto("/trade");
  await links(console_).click();
  await console_.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor(WAIT);
  assert.match(await console_.page.title(), /^Console · /);
  await me.cancelAll();
}

await run({ connect, partialFill, settles, reorganization, onChain, pause, roles }, () => [visitor, console_]);
