// How soon and how smooth the trader's pages are: speed.mjs PLAN, for benchmarks/web.py. Prints JSON. The
// browser measures itself, by its performance API and its trace; nothing here passes or fails.
import { chromium } from "playwright-core";
import { privateKeyToAccount } from "viem/accounts";
import { announceWallet } from "./wallet.mjs";

const plan = JSON.parse(process.argv[2]);
const SLOW_MS = 50;
const TURN = 180; // pixels: six rows
const WAIT = { timeout: 120_000 };
const account = privateKeyToAccount(plan.key);
const browser = await chromium.launch({ executablePath: plan.chromium, args: ["--no-sandbox"] });

/** Runs in every page before its own scripts: notes when the form and the book are there, and counts book messages. */
function watch(scripted) {
  const seen = { form: 0, book: 0, updates: 0, slow: [] };
  window.seen = seen;
  const look = () => {
    const field = document.querySelector('.order-form input[name="price"]:not([disabled])');
    const button = document.querySelector(".order-form .button.primary:not([disabled])");
    if (!seen.form && field && button) seen.form = performance.now();
    if (!seen.book && document.querySelector(".level.buy")) seen.book = performance.now();
    if (!seen.form || !seen.book) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.slow.push(entry.duration);
  }).observe({ type: "long-animation-frame" });
  window.WebSocket = class extends WebSocket {
    constructor(url) {
      super(scripted ?? url);
      this.addEventListener("message", ({ data }) => {
        if (data.startsWith('{"type":"book"')) seen.updates += 1;
      });
    }
  };
}

async function loaded() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  await page.addInitScript(watch, null);
  await page.goto(`${plan.url}/trade`);
  await page.waitForFunction(() => window.seen.form && window.seen.book, undefined, WAIT);
  const found = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    form: window.seen.form,
    book: window.seen.book,
    scripts: performance
      .getEntriesByType("resource")
      .filter((one) => one.name.endsWith(".js"))
      .map((one) => new URL(one.name).pathname),
  }));
  await context.close();
  return found;
}

const middle = (values) => [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];

async function firstLoads() {
  const all = [];
  for (let round = 0; round < plan.loads; round++) all.push(await loaded());
  const ends = (name) => [middle(all.map((one) => one[name])), Math.max(...all.map((one) => one[name]))];
  return {
    paint: ends("paint"),
    form: ends("form"),
    book: ends("book"),
    scripts: all[0].scripts,
  };
}

async function signedIn() {
  // The scripted socket has another port, which the pages' policy forbids.
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, bypassCSP: true });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT.timeout);
  await page.addInitScript(watch, plan.socket);
  await announceWallet(page, account);
  await page.goto(`${plan.url}/trade`);
  await page.locator(".level.buy").first().waitFor(WAIT);
  await page.locator("header.bar").getByRole("button", { name: "Connect wallet" }).click();
  await page.getByRole("button", { name: "Test wallet" }).click();
  await page.getByRole("button", { name: "Sign out" }).waitFor(WAIT);
  return page;
}

/** Counts frames for so long, and by how many pixels `scrolled`, if any, moved meanwhile. */
function frames(page, seconds, scrolled) {
  return page.evaluate(
    ([ms, selector]) =>
      new Promise((resolve) => {
        const gaps = [];
        const begun = performance.now();
        let [last, pixels] = [begun, 0];
        const list = selector ? document.querySelector(selector) : null;
        let top = list?.scrollTop;
        list?.addEventListener("scroll", () => {
          pixels += Math.abs(list.scrollTop - top);
          top = list.scrollTop;
        });
        window.seen.updates = 0;
        window.seen.slow = [];
        const next = (now) => {
          gaps.push(now - last);
          last = now;
          if (now - begun < ms) requestAnimationFrame(next);
          else resolve({ gaps, updates: window.seen.updates, slow: window.seen.slow, pixels, ms: now - begun });
        };
        requestAnimationFrame(next);
      }),
    [seconds * 1_000, scrolled],
  );
}

/** Turns the wheel over a list, down and up again, as fast as the browser takes it; returns how to stop. */
async function wheel(page, selector) {
  const list = page.locator(selector);
  const box = await list.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const turns = (await list.evaluate((one) => one.scrollHeight - one.clientHeight)) / TURN;
  let on = true;
  const turning = (async () => {
    for (let made = 0; on; made++) await page.mouse.wheel(0, Math.floor(made / turns) % 2 ? -TURN : TURN);
  })();
  return async () => {
    on = false;
    await turning;
  };
}

/** Tasks of the main thread that the trace names: by the clock, and by the processor time they took. */
function tasksOf(trace) {
  const { traceEvents } = JSON.parse(trace.toString());
  const mains = traceEvents.filter((one) => one.name === "thread_name" && one.args.name === "CrRendererMain");
  const isMain = (one) => mains.some((main) => main.pid === one.pid && main.tid === one.tid);
  return traceEvents
    .filter((one) => one.name === "RunTask" && one.ph === "X" && isMain(one))
    .map((one) => ({ clock: one.dur / 1_000, processor: (one.tdur ?? one.dur) / 1_000 }));
}

async function smooth(page, words, scrolled) {
  await page.waitForFunction(
    (before) => window.seen.updates > before,
    await page.evaluate(() => window.seen.updates + 100),
    WAIT,
  );
  await browser.startTracing(page, { categories: ["disabled-by-default-devtools.timeline"] });
  const stop = scrolled ? await wheel(page, scrolled) : undefined;
  const { gaps, updates, slow, pixels, ms } = await frames(page, plan.seconds, scrolled);
  await stop?.();
  const tasks = tasksOf(await browser.stopTracing());
  const most = (values) => values.reduce((top, one) => Math.max(top, one), 0);
  return {
    words,
    frames: gaps.length,
    pixels_s: (pixels * 1_000) / ms,
    longest_ms: most(gaps),
    over: gaps.filter((gap) => gap > SLOW_MS).length,
    slow_frames: slow.length,
    task_ms: most(tasks.map((task) => task.clock)),
    task_cpu_ms: most(tasks.map((task) => task.processor)),
    tasks_over: tasks.filter((task) => task.clock > SLOW_MS).length,
    tasks_cpu_over: tasks.filter((task) => task.processor > SLOW_MS).length,
    updates_s: (updates * 1_000) / ms,
  };
}

/** Opens a list of the account, and asks for older rows until so many are there. */
async function list(page, tab, label) {
  await page.getByRole("tab", { name: tab }).click();
  const table = page.locator(`section[aria-label="${label}: rows"] table`);
  await table.locator("tbody tr td.num").first().waitFor(WAIT);
  const rows = async () => Number(await table.getAttribute("aria-rowcount"));
  while ((await rows()) < plan.rows) {
    const before = await rows();
    await page.getByRole("button", { name: /^Show older/ }).click();
    while ((await rows()) === before) await page.waitForTimeout(20);
  }
  return `section[aria-label="${label}: rows"]`;
}

try {
  const load = await firstLoads();
  const page = await signedIn();
  const book = await smooth(page, "the book changes", null);
  const fills = await smooth(page, "and 2,000 fills are scrolled", await list(page, "Fills", "Fills"));
  const orders = await smooth(
    page,
    "and 2,000 orders are scrolled",
    await list(page, "Order history", "Order history"),
  );
  console.log(JSON.stringify({ load, book, fills, orders }));
} finally {
  await browser.close();
}
