// The operators' console in a real browser against a running exchange: console.mjs PLAN.json
// Prints what it saw as JSON; what it saw is judged by reference_app/tests/test_console_browser.py.
import { mkdirSync, readFileSync } from "node:fs";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";
import { privateKeyToAccount } from "viem/accounts";
import { announceWallet } from "./wallet.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const PATIENCE = 90_000;
const TITLES = {
  "": "Overview",
  settlement: "Settlement",
  users: "Users",
  markets: "Markets",
  risk: "Risk tiers",
  fees: "Fees",
  stops: "Stops",
  approvals: "Approvals",
  audit: "Audit log",
};
const SIZES = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
const seen = { console: [], foreign: [], axe: {}, widths: {}, executed: 0 };
const browser = await chromium.launch({ executablePath: plan.chromium, args: ["--no-sandbox"] });
const say = (text) => process.stderr.write(`${new Date().toISOString()} ${text}\n`);

/** A browser of its own whose only wallet signs with `key`. */
async function visitor(key) {
  const account = privateKeyToAccount(key);
  const context = await browser.newContext({ viewport: SIZES.desktop, reducedMotion: "reduce" });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && seen.console.push(message.text()));
  page.on("pageerror", (error) => seen.console.push(String(error)));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(plan.url) && !url.startsWith("data:")) seen.foreign.push(url);
  });
  await announceWallet(page, account);
  await page.addInitScript(() => {
    window.executed = () => {
      window.didExecute = true;
    };
  });
  return { page, context };
}

async function signIn(page, path) {
  await page.goto(plan.url + path);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Test wallet" }).click();
  const dialog = page.getByRole("dialog");
  const wrong = dialog.getByRole("alert");
  await Promise.race([dialog.waitFor({ state: "detached" }), wrong.waitFor()]);
  if (await wrong.isVisible()) throw new Error(`sign-in: ${await wrong.textContent()}`);
}

async function open(page, section) {
  const links = page.getByRole("navigation", { name: "Console" });
  await links.getByRole("link", { name: new RegExp(`^${TITLES[section]}`) }).click();
  await page.getByRole("heading", { level: 1, name: TITLES[section] }).waitFor();
}

/** Fills a dialog in, signs, and returns what it says came of it. */
async function decide(page, { reason, typed, button }) {
  const dialog = page.getByRole("dialog");
  if (reason) await dialog.getByLabel("Reason, for the audit log").fill(reason);
  if (typed) await dialog.getByLabel(/^Type /).fill(typed);
  if (reason && plan.shots) await page.screenshot({ path: `${plan.shots}/console-dialog-${button.length}.png` });
  await dialog.getByRole("button", { name: button }).click();
  const outcome = dialog.locator(".callout[role=status], .callout[role=alert]").first();
  await outcome.waitFor();
  const text = (await outcome.textContent()).replace(/\s+/g, " ");
  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
  await dialog.waitFor({ state: "detached" });
  say(text);
  return text;
}

if (plan.shots) mkdirSync(plan.shots, { recursive: true });
const foreign = await visitor(plan.keys.foreign);
await signIn(foreign.page, "/console/users");
await foreign.page.getByText("This console is not yours.").waitFor();
seen.foreignPage = await foreign.page.getByRole("main").textContent();
await foreign.context.close();
say("a stranger was told");

const first = await visitor(plan.keys.first);
const { page } = first;
await signIn(page, "/console");
await page.locator(".standing[data-source=socket]").waitFor();
const journal = page.locator(".figure", { hasText: "Journal" }).locator(".value");
const before = await journal.textContent();
while ((await journal.textContent()) === before) await page.waitForTimeout(200);
seen.journal = [before, await journal.textContent()];
say("figures move");

await open(page, "markets");
const market = page.getByRole("region", { name: plan.market, exact: true });
await market.getByRole("button", { name: "Halt…" }).click();
seen.halt = await decide(page, { reason: plan.payloads[0], button: "Sign and do it" });
await market.getByText("halted", { exact: true }).first().waitFor();
seen.markets = await (await page.request.get(`${plan.url}/markets`)).json();

await open(page, "users");
await page.getByLabel("Find an account").fill(plan.user);
await page.getByRole("button", { name: "Open", exact: true }).click();
const account = page.getByRole("region", { name: "Account", exact: true });
await account.getByRole("button", { name: "Freeze…" }).click();
seen.freeze = await decide(page, { reason: plan.payloads[1], button: "Sign and do it" });
await account.getByText("frozen").waitFor();
await account.getByRole("button", { name: "Release…" }).click();
seen.release = await decide(page, { reason: plan.payloads[2], button: "Sign and propose" });

await open(page, "stops");
await page.getByRole("button", { name: "Engage the kill switch…" }).click();
seen.killNeedsWords = await page.getByRole("dialog").getByRole("button", { name: "Sign and do it" }).isDisabled();
seen.kill = await decide(page, { reason: "tried by the test", typed: "STOP", button: "Sign and do it" });
await page.locator(".standing").getByText("kill switch engaged").waitFor();
await page.getByRole("button", { name: "Lift the kill switch…" }).click();
seen.lift = await decide(page, { reason: "over", button: "Sign and propose" });

await open(page, "approvals");
await page.locator(".proposal").nth(2).waitFor();
const confirms = page.locator(".proposal").getByRole("button", { name: "Confirm…" });
seen.ownProposals = await confirms.evaluateAll((all) => all.map((one) => one.disabled));
const actions = page.getByRole("region", { name: "Actions, newest first" });
await actions.getByRole("button", { name: "Older" }).click();
await actions.getByText("the action 0").waitFor();
seen.oldest = await actions.textContent();
await actions.getByRole("button", { name: "Newer" }).click();

for (const theme of ["dark", "light"]) {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: "reduce" });
  for (const section of Object.keys(TITLES)) {
    await page.setViewportSize(SIZES.desktop);
    await open(page, section);
    await page.locator("main .panel").first().waitFor();
    await page.getByText("Reading…").first().waitFor({ state: "detached" });
    if (section === "users") await page.getByRole("button", { name: `Account ${plan.user}` }).click();
    if (section === "users") await account.getByText("Address").waitFor();
    const found = await new AxeBuilder({ page }).analyze();
    const key = `${section || "overview"} ${theme}`;
    seen.axe[key] = found.violations.map(
      (one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`,
    );
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      seen.widths[`${key} ${size}`] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      const path = `${plan.shots}/console-${section || "overview"}-${theme}-${size}.png`;
      if (plan.shots) await page.screenshot({ path });
    }
    say(`${key}: ${seen.axe[key].length}`);
  }
}
await page.setViewportSize(SIZES.desktop);
seen.executed += (await page.evaluate(() => window.didExecute === true)) ? 1 : 0;

const second = await visitor(plan.keys.second);
await signIn(second.page, "/console/approvals");
seen.confirms = [];
for (let left = 2; left > 0; left--) {
  const waiting = second.page.locator(".proposal");
  await waiting.nth(left).waitFor(); // those of the first admin, and an old one behind them
  await waiting.first().getByRole("button", { name: "Confirm…" }).click();
  seen.confirms.push(await decide(second.page, { button: "Sign and confirm; it is done at once" }));
  await waiting.nth(left).waitFor({ state: "detached" });
}
await second.page.locator(".standing").getByText("kill switch engaged").waitFor({ state: "detached" });
await open(second.page, "audit");
const log = second.page.getByRole("region", { name: "Audit log" }).first();
await log.locator("tbody tr").first().waitFor();
seen.audit = await log.textContent();
seen.executed += (await second.page.evaluate(() => window.didExecute === true)) ? 1 : 0;
await second.context.close();

await first.context.setOffline(true);
await page.locator(".standing .stale").waitFor();
seen.stale = await page.locator(".standing").textContent();
await browser.close();
process.stdout.write(JSON.stringify(seen));
