// A visitor's first minutes, in a real browser against a running demo: node flow.mjs URL FOLDER
// Connect, place, replace, cancel, fill against the market maker, settle, deposit, withdraw; axe on every page, no request
// to elsewhere, nothing refused by the policy; screenshots of every page, dark and light, desktop and phone.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const [url, folder] = process.argv.slice(2);
const PAGES = ["trade", "portfolio", "funds", "keys", "exit", "preferences"];
const WAIT = { timeout: 90_000 };
mkdirSync(folder, { recursive: true });

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, colorScheme: "dark" });
const page = await context.newPage();
page.setDefaultTimeout(90_000);
const faults = [];
const requests = new Set();
page.on("request", (request) => requests.add(new URL(request.url()).origin));
page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
page.on("console", (message) => {
  if (/Content Security Policy|TrustedHTML|Trusted Types/i.test(message.text())) faults.push(message.text());
});

const say = (text) => console.log(text);
const notice = (text) => page.locator(".notice", { hasText: text }).first().waitFor(WAIT);
const row = () => page.locator('section[aria-label="Open orders: rows"] tbody tr').first();

async function connect() {
  await page.goto(`${url}/`);
  await page.locator(".level.buy").first().waitFor(WAIT);
  await page.locator("header.bar").getByRole("button", { name: "Connect wallet" }).click();
  await page.getByRole("button", { name: "Use the demo wallet" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor(WAIT);
}

async function submit(side, fields) {
  await page.getByRole("button", { name: side, exact: true }).click();
  await page.getByLabel("Type").selectOption({ label: fields.type });
  for (const [name, value] of Object.entries(fields)) {
    if (name !== "type") await page.locator(`.order-form input[name="${name}"]`).fill(value);
  }
  await page.locator('[data-testid="preview"]').waitFor(WAIT);
  await page.locator(".order-form button[type=submit]").click();
  await page.locator("dialog[open]").getByText("At worst you pay").waitFor(WAIT);
  await page.getByRole("button", { name: "Sign and place" }).click();
  await notice("accepted");
}

async function resting() {
  await submit("Buy", { type: "Limit", price: "1000", quantity: "0.5" });
  await row().getByText("1,000.00").waitFor(WAIT);
  await row()
    .getByRole("button", { name: /Replace/ })
    .click();
  await page.getByLabel("New price").fill("1100");
  await page.locator("dialog[open]").getByRole("button", { name: "Replace", exact: true }).click();
  await row().getByText("1,100.00").waitFor(WAIT);
  await row()
    .getByRole("button", { name: /Cancel/ })
    .click();
  await page.getByText("No open orders.").waitFor(WAIT);
}

async function settled() {
  await page.route("**/orders/preview", (route) => route.abort(), { times: 1 }); // it is asked for again by itself
  await submit("Buy", { type: "Market", quantity: "0.1" });
  await page.getByRole("tab", { name: "Fills" }).click();
  const fill = page.locator('section[aria-label="Fills: rows"] tbody tr').first();
  await fill.waitFor(WAIT);
  await fill.getByText("final", { exact: false }).first().waitFor(WAIT);
  const shown = await fill.locator("td.num").allTextContents();
  assert.match(shown[0] ?? "", /^[0-9,]+\.[0-9]{2}$/);
}

async function bookEqualsApi() {
  for (let attempt = 0; attempt < 60; attempt++) {
    const [shown, told] = await page.evaluate(async () => {
      const answer = await (await fetch("/markets/ETH-USDC/book?depth=14")).json();
      const body = document.querySelector(".book-body");
      const read = (side) =>
        [...document.querySelectorAll(`.level.${side}`)].map((one) => [one.dataset.price, one.dataset.quantity]);
      return [{ sequence: Number(body?.dataset.sequence), bids: read("buy"), asks: read("sell").reverse() }, answer];
    });
    // The book's own sequence may be older than the exchange's: it is the levels that have to agree.
    if (
      JSON.stringify([shown.bids, shown.asks]) === JSON.stringify([told.bids, told.asks]) &&
      shown.sequence <= told.sequence
    )
      return;
    await page.waitForTimeout(250);
  }
  assert.fail("the book on screen never equalled the exchange's");
}

async function moneyInAndOut() {
  await page.goto(`${url}/funds`);
  await page.getByRole("button", { name: "Give me play money" }).click();
  await notice("Play money is in your wallet");
  await page.getByLabel("Amount to deposit").fill("2.5");
  await page.getByRole("button", { name: "Deposit", exact: true }).click();
  await notice("2.5 ETH are in the vault");
  await page.getByLabel("Amount to withdraw").fill("1");
  await page.getByRole("button", { name: "Withdraw at once" }).click();
  await notice("1 ETH are in your wallet");
}

async function pictures() {
  const problems = [];
  for (const scheme of ["dark", "light"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const [width, height, kind] of [
      [1440, 900, "desktop"],
      [390, 844, "phone"],
    ]) {
      await page.setViewportSize({ width, height });
      for (const name of PAGES) {
        await page.goto(`${url}/${name}`);
        await page.getByRole("button", { name: "Sign out" }).waitFor(WAIT);
        await page.waitForTimeout(1_200);
        await page.screenshot({ path: `${folder}/${name}-${scheme}-${kind}.png` });
        const found = await new AxeBuilder({ page }).analyze();
        for (const one of found.violations)
          problems.push(`${name} ${scheme} ${kind}: ${one.id}: ${one.nodes[0]?.html.slice(0, 160)}`);
        const wide = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        if (wide > 1) problems.push(`${name} ${kind}: ${wide} pixels too wide`);
      }
    }
  }
  assert.deepEqual(problems, []);
}

const steps = { connect, bookEqualsApi, resting, settled, moneyInAndOut, pictures };
try {
  for (const [name, step] of Object.entries(steps)) {
    await step();
    say(`passed: ${name}`);
  }
  assert.deepEqual(faults, []);
  assert.deepEqual(
    [...requests].filter((origin) => origin !== new URL(url).origin),
    [],
    "requests to elsewhere",
  );
} catch (error) {
  await page.screenshot({ path: `${folder}/failed.png` }).catch(() => undefined);
  throw error;
} finally {
  await browser.close();
}
