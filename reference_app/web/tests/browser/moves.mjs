// Goes from page to page as people do: moves.mjs PLAN.json. It signs in and says "ready"; then it does each step that it is
// sent by name, a line each, and says what it saw as a line of JSON. Judged by reference_app/tests/test_page_moves.py.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { privateKeyToAccount } from "viem/accounts";
import { announceWallet } from "./wallet.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const browser = await chromium.launch({
  executablePath: plan.chromium,
  args: ["--no-sandbox"],
  ignoreDefaultArgs: ["--hide-scrollbars"],
});
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
context.setDefaultTimeout(60_000);
const page = await context.newPage();
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const link = (name) => page.getByRole("link", { name, exact: true });
const book = () => page.locator(".level.sell").first().waitFor();
const soon = (locator) =>
  locator.waitFor({ timeout: 8_000 }).then(
    () => true,
    () => false,
  );

/** Holds orders back until the returned function is called. */
async function held() {
  let release = () => undefined;
  const waits = new Promise((resolve) => {
    release = resolve;
  });
  await page.route("**/orders", async (route) => {
    await waits;
    await route.continue();
  });
  return async () => {
    release();
    await page.unroute("**/orders", { behavior: "wait" });
  };
}

const steps = {
  /** Whoever followed a link to a market that is not there finds one by the way to trading. */
  async nowhere() {
    await page.goto(`${plan.url}/trade/NOPE-USDC`);
    await page.getByText("There is no such market.").waitFor();
    await link("Trade").click();
    await soon(page.getByLabel("Market", { exact: true }));
    return page.locator("main").textContent();
  },
  /** How much wider than its panel the list of trades is, with the scrollbar of more trades than there is room for. */
  async trades() {
    const list = page.locator('section[aria-label="Trades: rows"]');
    await list.locator("tbody tr").nth(5).waitFor();
    return list.evaluate((one) => [one.scrollWidth - one.clientWidth, one.scrollHeight > one.clientHeight]);
  },
  /** The lines of a market's name in the console of a phone. */
  async phone() {
    await page.setViewportSize({ width: 390, height: 844 });
    await link("Console").click();
    await link("Markets").click();
    const name = page.locator("main h2", { hasText: "ETH-USDC" });
    await name.waitFor();
    const lines = await name.evaluate((one) => {
      const range = document.createRange();
      range.selectNodeContents(one);
      return range.getClientRects().length;
    });
    const over = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    const wide = await over();
    await page.setViewportSize({ width: 335, height: 800 });
    await link("Overview").click();
    await page.getByRole("group", { name: "Time shown" }).waitFor();
    return [lines, wide, await over()];
  },
  /** What is wrong with the dialog that signs in, for those who hear it or use no pointer. */
  async connect() {
    const visitor = await (await browser.newContext()).newPage();
    await visitor.goto(`${plan.url}/trade`);
    await visitor.locator("header.bar").getByRole("button", { name: "Connect wallet" }).click();
    await visitor.getByText("No wallet was found").waitFor();
    const { violations } = await new AxeBuilder({ page: visitor }).analyze();
    await visitor.context().close();
    return violations.map((one) => one.id);
  },
  /** Who goes back from the dialog by a key is where they were: on the button that opened it. */
  async focus() {
    const form = page.locator(".order-form");
    await form.locator('input[name="price"]').fill("2000");
    await form.locator('input[name="quantity"]').fill("1");
    await form.locator("button[type=submit]").focus();
    await page.keyboard.press("Enter");
    await page.locator("dialog[open]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    return page.evaluate(() => document.activeElement?.getAttribute("type"));
  },
  /** Whether the chart stands below its tabs, as wide as its panel, for one who comes from the console. */
  async back() {
    await page.setViewportSize({ width: 1_920, height: 1_000 });
    await link("Trade").click();
    await page.locator(".chart-frame canvas").first().waitFor();
    return page.locator(".panel.charts").evaluate((panel) => {
      const [outer, head, body] = [panel, panel.querySelector("header"), panel.querySelector(".charts-body")].map(
        (one) => one.getBoundingClientRect(),
      );
      return body.top >= head.bottom - 1 && Math.min(head.width, body.width) >= outer.width - 2;
    });
  },
  /** Letters that are pressed while a dialog is busy, when its button has no focus any more, do nothing behind it. */
  async behind() {
    const form = page.locator(".order-form");
    const side = () => form.locator('[aria-pressed="true"]').first().textContent();
    await form.getByRole("button", { name: "Buy", exact: true }).click();
    await form.locator('input[name="price"]').fill("2000");
    await form.locator('input[name="quantity"]').fill("1");
    await form.locator("button[type=submit]").click();
    const answer = await held();
    await page.getByRole("button", { name: "Place", exact: true }).click();
    await page.getByRole("button", { name: "Waiting for your signature…" }).waitFor();
    await page.keyboard.press("s");
    const behind = await side();
    await answer();
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    await page.locator("main h2").first().click();
    await page.keyboard.press("s");
    return [behind, await side()];
  },
  /** What is typed while an order is sent, its dialog closed, is there after its answer. */
  async meanwhile() {
    const form = page.locator(".order-form");
    await form.getByRole("button", { name: "Buy", exact: true }).click();
    await form.locator('input[name="price"]').fill("2000");
    await form.locator('input[name="quantity"]').fill("1");
    await form.locator("button[type=submit]").click();
    const answer = await held();
    await page.getByRole("button", { name: "Place", exact: true }).click();
    await page.getByRole("button", { name: "Waiting for your signature…" }).waitFor();
    await page.keyboard.press("Escape");
    await form.getByRole("button", { name: "Sell", exact: true }).click();
    await form.locator('input[name="quantity"]').fill("3");
    const placed = page.locator(".notice", { hasText: "accepted" });
    const before = await placed.count();
    await answer();
    await placed.nth(before).waitFor();
    const side = await form.locator('[aria-pressed="true"]').first().textContent();
    return [side, await form.locator('input[name="quantity"]').inputValue()];
  },
  /** Places an order, and opens the dialog with new terms for it. */
  async begin() {
    const form = page.locator(".order-form");
    await form.locator('input[name="price"]').fill("2400");
    await form.locator('input[name="quantity"]').fill("1");
    await form.locator("button[type=submit]").click();
    await page.getByRole("button", { name: "Place", exact: true }).click();
    await page
      .getByRole("button", { name: /^Replace order/ })
      .first()
      .click();
    await page.getByLabel("New price").fill("2399");
    return true;
  },
  /** Sends them, after some of the order was filled meanwhile, and again once that was said. */
  async renew() {
    await page.locator('section[aria-label="Open orders: rows"]').getByText("0.4000 / 1.0000").waitFor();
    const dialog = page.locator("dialog[open]");
    const button = dialog.getByRole("button", { name: "Replace", exact: true });
    await button.click();
    const said = await dialog.getByRole("alert").textContent();
    await button.click();
    return [said, await soon(page.locator(".notice", { hasText: "has new terms" }))];
  },
  /** A tab that the browser copied is signed in for nobody, and the first one stays signed in. */
  async copy() {
    const [copy] = await Promise.all([context.waitForEvent("page"), page.evaluate(() => void open(location.href))]);
    await copy.locator("header.bar").getByText("Live").waitFor();
    await copy.waitForTimeout(2_500);
    const asks = await copy.locator("header.bar").getByRole("button", { name: "Connect wallet" }).isVisible();
    await copy.close();
    const stays = [];
    for (let time = 0; time < 3; time++) {
      await page.reload();
      stays.push(await soon(page.getByRole("button", { name: "Sign out" })));
    }
    return [asks, ...stays];
  },
  /** A page that can not be loaded, as after the exchange was renewed, says so, and the others are still there. */
  async lost() {
    await page.route("**/assets/*", (route) => route.abort());
    await link("Portfolio").click();
    const told = page.getByRole("main").getByRole("alert");
    const words = (await soon(told)) ? await told.textContent() : "";
    if (!words) return [words];
    await link("Trade").click();
    await book();
    await link("Portfolio").click();
    await told.waitFor();
    await link("Exit").click();
    const exit = await soon(page.getByRole("heading", { level: 1, name: "Exit without the operator" }));
    await link("Portfolio").click();
    await told.waitFor();
    await page.unroute("**/assets/*");
    await page.getByRole("button", { name: "Load it again" }).click();
    await page.getByRole("heading", { level: 1, name: "Portfolio" }).waitFor();
    return [words, exit, await soon(page.getByRole("button", { name: "Sign out" }))];
  },
};

try {
  await announceWallet(page, privateKeyToAccount(plan.key));
  await page.goto(`${plan.url}/trade/ETH-USDC`);
  await page.locator("header.bar").getByRole("button", { name: "Connect wallet" }).click();
  await page.getByRole("button", { name: "Test wallet" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  say("ready");
  for await (const line of createInterface({ input: process.stdin })) say(await steps[line]());
} finally {
  await browser.close();
}
