// Somebody who was never here trades with the demo's wallet, by the obvious clicks alone: first.mjs URL. The last line
// tells, as JSON, what was clicked, how long it took from the first paint, and what was filled.
import { chromium } from "playwright-core";

const [url] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
page.setDefaultTimeout(240_000);
const clicks = [];

/** Clicks what a person would see and could click now. */
async function click(locator) {
  clicks.push((await locator.textContent()).trim());
  await locator.click();
}

try {
  await page.goto(url);
  await click(page.getByRole("button", { name: "Trade with the demo wallet" }));
  // The market maker quotes anew now and then; who sees no offer waits for one, or is told to enter a price.
  await page.locator(".level.sell").first().waitFor();
  await click(page.getByRole("button", { name: "25%" }));
  await click(page.locator(".order-form button[type=submit]"));
  await click(page.getByRole("button", { name: "Sign and place" }));
  await click(page.getByRole("tab", { name: "Fills" }));
  const fill = page.locator('section[aria-label="Fills: rows"] tbody tr').first();
  await fill.waitFor();
  const seconds = await page.evaluate(
    () => (performance.now() - performance.getEntriesByName("first-contentful-paint")[0].startTime) / 1_000,
  );
  console.log(JSON.stringify({ clicks, seconds, fill: (await fill.locator("td").allTextContents()).join(" ") }));
} finally {
  await browser.close();
}
