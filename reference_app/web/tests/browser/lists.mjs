// Reads long lists the way a person does, by scrolling: lists.mjs PLAN.json. It signs in and says "ready"; then it
// answers each line of JSON that it is sent with a line of its own. Judged by reference_app/tests/test_long_lists.py.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { privateKeyToAccount } from "viem/accounts";
import { announceWallet } from "./wallet.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const browser = await chromium.launch({ executablePath: plan.chromium, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
context.setDefaultTimeout(90_000);
const page = await context.newPage();
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const section = (label) => page.locator(`section[aria-label="${label}: rows"]`);
const count = async (label) => Number(await section(label).locator("table").getAttribute("aria-rowcount"));

/** Returns the rows that are wholly in sight, by number, with where the first of them stands. */
function inSight(label) {
  return section(label).evaluate((frame) => {
    const box = frame.getBoundingClientRect();
    const top = frame.querySelector("thead").getBoundingClientRect().bottom;
    const all = [...frame.querySelectorAll("tbody tr[aria-rowindex]")];
    const seen = all.filter((row) => {
      const { top: begins, bottom: ends } = row.getBoundingClientRect();
      return begins >= top - 1 && ends <= box.top + frame.clientHeight + 1;
    });
    const cells = (row) => [...row.querySelectorAll("td")].map((cell) => cell.textContent.trim());
    return {
      rows: seen.map((row) => [Number(row.getAttribute("aria-rowindex")), cells(row)]),
      at: seen[0] ? seen[0].getBoundingClientRect().top - box.top : null,
      drawn: all.length,
      end: frame.scrollTop + frame.clientHeight >= frame.scrollHeight - 1,
    };
  });
}

/** Waits until what was scrolled to is drawn: two frames after it was asked for. */
const drawn = () =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

async function scrollTo(label, top) {
  await section(label).evaluate((frame, px) => {
    frame.scrollTop = px;
  }, top);
  await drawn();
  await drawn();
}

const tasks = {
  async open({ label }) {
    await page.getByRole("tab", { name: label }).click();
    await section(label).locator("tbody tr[aria-rowindex]").first().waitFor();
    return count(label);
  },
  /** Asks for older rows until there are none; a button that works has another name until it is done. */
  async older({ label }) {
    const button = page.getByRole("button", { name: /^Show older/ });
    const working = page.locator("button[aria-busy=true]");
    while (await button.count()) {
      await button.click();
      await working.waitFor({ state: "detached" });
    }
    return count(label);
  },
  /** Scrolls from the top to the end, and tells every row that was in sight. */
  async walk({ label }) {
    const [found, most] = [new Map(), { drawn: 0 }];
    for (let top = 0; ; top += 120) {
      await scrollTo(label, top);
      const seen = await inSight(label);
      for (const [index, cells] of seen.rows) found.set(index, cells);
      most.drawn = Math.max(most.drawn, seen.drawn);
      if (seen.end) return { rows: [...found].sort(([one], [other]) => one - other), drawn: most.drawn };
    }
  },
  async scroll({ label, to }) {
    await scrollTo(label, to);
    return inSight(label);
  },
  /** Waits until there are so many rows. */
  async until({ label, rows }) {
    while ((await count(label)) < rows) await page.waitForTimeout(20);
    await drawn();
    return inSight(label);
  },
};

try {
  await announceWallet(page, privateKeyToAccount(plan.key));
  await page.goto(`${plan.url}/trade/ETH-USDC`);
  await page.locator("header.bar").getByRole("button", { name: "Connect wallet" }).click();
  await page.getByRole("button", { name: "Test wallet" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor();
  say("ready");
  for await (const line of createInterface({ input: process.stdin })) {
    const task = JSON.parse(line);
    say(await tasks[task.do](task));
  }
} finally {
  await browser.close();
}
