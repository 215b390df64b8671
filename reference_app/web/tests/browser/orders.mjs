// Every kind of order through the form, and what the exchange says of it: orders.mjs PLAN.json
// What the page shows is the API's answer; what the preview says is held and charged is what the engine holds and charges.
import assert from "node:assert/strict";
import { openPage, Person, plain, plan, run, until, WAIT } from "./visitor.mjs";

const me = await new Person(plan.keys.visitor).login();
const other = await new Person(plan.keys.traders[0]).login();
const visitor = await openPage();
const { page } = visitor;

const open = async () => (await me.get("/orders/open")).orders;
const held = async (asset) => (await me.get("/account/balances")).balances.find((one) => one.asset === asset).held;
const words = (order) =>
  `${order.order_type.replaceAll("_", " ")}${order.post_only ? ", post-only" : ""}${order.display_quantity ? ", iceberg" : ""}`;

/** Asserts that the list of open orders is the API's, number by number. */
async function listEqualsApi() {
  await until(async () => {
    const [told, shown] = [await open(), await visitor.rows("Open orders").all()];
    if (told.length !== shown.length) return false;
    const cells = await Promise.all(shown.map(async (row) => (await row.locator("td").allTextContents()).slice(2)));
    const wanted = told.map((one) => [one.side, words(one), one.price, one.filled, one.quantity].join(" ")).sort();
    const seen = cells.map(([side, type, price, filled]) =>
      [side.toLowerCase(), type, plain(price), ...filled.split(" / ").map(plain)].join(" "),
    );
    return JSON.stringify(seen.sort()) === JSON.stringify(wanted);
  }, "a list of open orders that says what the API says");
}

/** Places an order that stays, asserts its terms and its hold, and takes it back. */
async function rests(side, fields, wanted) {
  const before = await held(side === "Buy" ? "USDC" : "ETH");
  assert.equal(before, "0");
  const { preview, said } = await visitor.submit(side, fields);
  const [order] = await until(async () => {
    const all = await open();
    return all.length ? all : null;
  }, "the order");
  for (const [name, value] of Object.entries(wanted)) assert.equal(order[name], value, name);
  assert.equal(order.status, "new");
  assert.match(said, order.waiting ? /accepted: it waits for its trigger/ : /accepted: it waits in the book/);
  const asset = side === "Buy" ? "USDC" : "ETH";
  assert.equal(plain(preview["Held while open"]), await held(asset));
  assert.ok(preview["Held while open"].endsWith(` ${asset}`));
  await listEqualsApi();
  const [row] = await visitor.rows("Open orders").all();
  const text = await row.textContent();
  await row.getByRole("button", { name: /Cancel/ }).click();
  await page.getByText("No open orders.").waitFor(WAIT);
  return { order, row: text };
}

async function connect() {
  for (const one of [me, other]) await one.cancelAll();
  await other.place("sell", "2", "2510");
  await other.place("buy", "2", "2490");
  await visitor.connect();
}

async function stopLimit() {
  const { row } = await rests(
    "Buy",
    { type: "Stop limit", trigger: "2600", price: "2610", quantity: "0.5" },
    { order_type: "stop_limit", trigger_price: "2600", price: "2610", waiting: true },
  );
  assert.match(row, /waits for 2,?600/);
}

async function stopMarket() {
  await rests(
    "Sell",
    { type: "Stop market", trigger: "2400", price: "2350", quantity: "0.5" },
    { order_type: "stop_market", trigger_price: "2400", price: "2350", waiting: true },
  );
}

async function takeProfit() {
  await rests(
    "Sell",
    { type: "Take-profit limit", trigger: "2700", price: "2690", quantity: "0.25" },
    { order_type: "take_profit_limit", trigger_price: "2700", price: "2690", waiting: true },
  );
  await rests(
    "Buy",
    { type: "Take-profit market", trigger: "2300", price: "2310", quantity: "0.25" },
    { order_type: "take_profit_market", trigger_price: "2300", price: "2310", waiting: true },
  );
}

async function iceberg() {
  await rests(
    "Buy",
    { type: "Limit", price: "2480", quantity: "1", check: ["Iceberg"], display: "0.2" },
    { order_type: "limit", display_quantity: "0.2", quantity: "1" },
  );
}

async function postOnly() {
  await rests("Buy", { type: "Limit", price: "2505", quantity: "0.1", check: ["Post-only"] }, { post_only: true });
  await visitor.fill("Buy", { type: "Limit", price: "2511", quantity: "0.1", check: ["Post-only"] });
  await page.getByText("It would be refused now").first().waitFor(WAIT);
  assert.match(await visitor.review(), /It would be refused now/);
  await visitor.sign();
  const alert = page.locator("dialog[open] [role=alert]");
  await alert.waitFor(WAIT);
  assert.match(await alert.textContent(), /would trade at 2510/);
  assert.deepEqual(await open(), []);
  await page.keyboard.press("Escape");
}

/** Returns the newest order of the history with its fills. */
async function newest() {
  const [order] = (await me.get("/orders?limit=1")).orders;
  const fills = (await me.get("/account/fills?limit=20")).fills.filter((one) => one.order_id === order.order_id);
  return { order, fills };
}

async function immediate() {
  const fee = (found) => Object.entries(found).find(([name]) => name.startsWith("Fee as taker"))[1];
  await visitor.fill("Buy", { type: "Limit", time: "Immediate or cancel" });
  assert.ok(await page.getByLabel("Post-only").isDisabled(), "an order that never rests can not be post-only");
  const one = await visitor.submit("Buy", {
    type: "Limit",
    time: "Immediate or cancel",
    price: "2510",
    quantity: "0.1",
  });
  assert.match(one.said, /accepted: filled, 1 fill matched, not yet settled/);
  const bought = await until(async () => ((await newest()).fills.length ? newest() : null), "the fill");
  assert.equal(bought.order.time_in_force, "ioc");
  assert.equal(plain(fee(one.preview)), bought.fills[0].fee, "the fee of the preview is what was charged");
  await visitor.tab("Fills");
  const shown = await visitor.rows("Fills").first().locator("td.num").allTextContents();
  assert.deepEqual(shown.map(plain), [bought.fills[0].price, bought.fills[0].quantity, bought.fills[0].fee]);
  const part = await visitor.submit("Buy", {
    type: "Limit",
    time: "Immediate or cancel",
    price: "2510",
    quantity: "5",
  });
  assert.match(part.said, /accepted: canceled, 1 fill matched/);
  await until(async () => (await newest()).order.filled === "1.9", "what there was");
  await other.place("sell", "2", "2510");
}

async function allOrNothing() {
  const none = await visitor.submit("Buy", { type: "Limit", time: "Fill or kill", price: "2510", quantity: "5" });
  assert.match(none.said, /canceled at once: there was nothing/);
  // The order before it was canceled, too, and is the newest one until the records have followed.
  const killed = await until(async () => {
    const { order } = await newest();
    return order.time_in_force === "fok" && order.status === "canceled" ? order : null;
  }, "the end of the order");
  assert.equal(killed.filled, "0");
  await visitor.tab("Order history");
  const row = visitor.rows("Order history").filter({ hasText: killed.order_id });
  await row.getByText("canceled").waitFor(WAIT);
  const whole = await visitor.submit("Buy", { type: "Limit", time: "Fill or kill", price: "2510", quantity: "0.2" });
  assert.match(whole.said, /accepted: filled/);
  await visitor.tab(/Open orders/);
}

/** Local time as a date field takes it. */
function local(ms) {
  const at = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return at.toISOString().slice(0, 19);
}

async function untilADate() {
  const time = "Until a date";
  const button = page.locator(".order-form button[type=submit]");
  await visitor.fill("Buy", {
    type: "Limit",
    time,
    price: "2400",
    quantity: "0.1",
    until: local(Date.now() - 3_600_000),
  });
  await page.getByText("This time has passed").waitFor(WAIT);
  assert.ok(await button.isDisabled());
  const tomorrow = Math.floor(Date.now() / 60_000) * 60_000 + 26 * 3_600_000;
  const placed = await visitor.submit("Buy", {
    type: "Limit",
    time,
    price: "2400",
    quantity: "0.1",
    until: local(tomorrow),
  });
  assert.ok(placed.words.includes(new Date(tomorrow).toISOString().slice(0, 10)), placed.words);
  const row = visitor.rows("Open orders").first();
  const ends = await row.locator("td").nth(6).textContent();
  await row.getByRole("button", { name: /Replace/ }).click();
  await page.getByLabel("New price").fill("2401");
  await page.locator("dialog[open]").getByRole("button", { name: "Replace", exact: true }).click();
  await row.getByText("2,401.00").waitFor(WAIT);
  assert.equal(await row.locator("td").nth(6).textContent(), ends, "new terms end when the old ones did");
  await row.getByRole("button", { name: /Cancel/ }).click();
  await page.getByText("No open orders.").waitFor(WAIT);
  const soon = Math.floor(Date.now() / 1000) * 1000 + 25_000;
  await visitor.submit("Buy", { type: "Limit", time, price: "2400", quantity: "0.1", until: local(soon) });
  await listEqualsApi();
  await visitor.shot("order-until-a-date");
  await page.getByText("No open orders.").waitFor(WAIT);
  await until(async () => (await newest()).order.status === "expired", "the end of the order");
  assert.ok(Date.now() >= soon, "it ended before its time");
}

async function bracket() {
  const fields = { type: "Bracket / OCO", check: ["With an entry order first"], price: "2500", quantity: "0.2" };
  await visitor.fill("Buy", { ...fields, takeProfit: "2550", stop: "2450" });
  await page.getByText("Three orders: the entry").waitFor(WAIT);
  const words = await visitor.review();
  assert.match(words, /Buy 0\.2000 ETH, limit, at 2,500\.00 USDC/);
  assert.match(words, /Sell 0\.2000 ETH, stop market, no worse than/);
  await visitor.shot("bracket-before-signing");
  await visitor.sign();
  await visitor.notice("3 linked orders accepted").waitFor(WAIT);
  await listEqualsApi();
  assert.equal((await open()).length, 3);
  await visitor.shot("bracket-asleep");
  await other.cancelAll();
  await other.place("sell", "0.2", "2500");
  await until(async () => (await open()).length === 2, "the exits");
  await listEqualsApi();
  assert.deepEqual(
    (await open()).map((one) => one.asleep),
    ["0", "0"],
  );
  await other.place("buy", "0.2", "2550");
  await page.getByText("No open orders.").waitFor(WAIT);
  assert.deepEqual(await open(), []);
}

async function oneCancelsOther() {
  const fields = { type: "Bracket / OCO", uncheck: ["With an entry order first"], quantity: "0.3" };
  await visitor.fill("Sell", { ...fields, takeProfit: "2560", stop: "2440" });
  await page.getByText("Two orders: what one of them fills").waitFor(WAIT);
  await visitor.review();
  await visitor.sign();
  await visitor.notice("2 linked orders accepted").waitFor(WAIT);
  await listEqualsApi();
  const [first, second] = await open();
  assert.deepEqual([first.linked_to, second.linked_to], [second.order_id, first.order_id]);
  await visitor
    .rows("Open orders")
    .first()
    .getByRole("button", { name: /Cancel/ })
    .click();
  await page.getByText("No open orders.").waitFor(WAIT);
  assert.equal(await held("ETH"), "0");
}

async function stopFires() {
  await other.place("sell", "1", "2600");
  await visitor.submit("Buy", { type: "Stop limit", trigger: "2590", price: "2600", quantity: "0.1" });
  await listEqualsApi();
  const third = await new other.constructor(plan.keys.traders[1]).login();
  await third.place("buy", "0.1", "2600");
  await page.getByText("No open orders.").waitFor(WAIT);
  const { order, fills } = await until(async () => ((await newest()).fills.length ? newest() : null), "the fill");
  assert.deepEqual([order.order_type, order.status, fills[0].price], ["stop_limit", "filled", "2600"]);
  await other.cancelAll();
}

const steps = {
  connect,
  stopLimit,
  stopMarket,
  takeProfit,
  iceberg,
  postOnly,
  immediate,
  allOrNothing,
  untilADate,
  bracket,
  oneCancelsOther,
  stopFires,
};
await run(steps, () => [visitor]);
