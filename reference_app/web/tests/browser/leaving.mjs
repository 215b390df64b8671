// Out of the exchange without its operator: leaving.mjs PLAN.json
// The operator's process stands still; the page and the wallet ask the contract, wait until it must pay, and take the tokens.
import assert from "node:assert/strict";
import { formatUnits, parseAbi } from "viem";
import { openPage, Person, plain, plan, rpc, run, until, WAIT } from "./visitor.mjs";

const me = new Person(plan.keys.traders[5]);
const visitor = await openPage(me);
const { page } = visitor;
const ERC20 = parseAbi(["function balanceOf(address) view returns (uint256)"]);
const { assets } = await me.get("/info");
const mine = (asset) =>
  me.wallet.readContract({ address: asset.token, abi: ERC20, functionName: "balanceOf", args: [me.address] });
const stands = (asset) => page.locator("p.spread", { hasText: asset.id });
let before;

async function connect() {
  before = await Promise.all(assets.map(mine));
  await visitor.connect("/exit");
  for (const asset of assets) await stands(asset).getByText("in the vault").waitFor(WAIT);
}

async function operatorStops() {
  process.kill(plan.exchange, "SIGSTOP");
  await page.getByText("The connection to the exchange is lost").waitFor(WAIT);
  await visitor.shot("exit-operator-gone");
}

async function request() {
  await page.getByRole("button", { name: "Request everything" }).click();
  await visitor.notice("Everything is requested").waitFor(WAIT);
  await page.getByText("at the latest").first().waitFor(WAIT);
  for (const one of await page.getByRole("button", { name: "Take it" }).all()) assert.ok(await one.isDisabled());
  await visitor.shot("exit-requested");
}

async function take() {
  await rpc("evm_increaseTime", [121]);
  await rpc("evm_mine");
  await page
    .getByText("can be taken")
    .nth(assets.length - 1)
    .waitFor(WAIT);
  for (let left = assets.length; left > 0; left--) {
    await page.getByRole("button", { name: "Take it" }).first().click();
    await until(async () => (await page.getByRole("button", { name: "Take it" }).count()) < left, "the payment");
  }
  for (const [index, asset] of assets.entries()) {
    await stands(asset)
      .getByText(/^0 in the vault/)
      .waitFor(WAIT);
    const paid = formatUnits((await mine(asset)) - before[index], asset.decimals);
    assert.equal(plain(paid), { ETH: "40", USDC: "100000" }[asset.id], "all of it is in the wallet");
  }
  const ask = page.getByRole("button", { name: "Nothing is left in the vault" });
  await ask.waitFor(WAIT);
  assert.ok(await ask.isDisabled());
  await visitor.shot("exit-taken");
}

async function operatorReturns() {
  process.kill(plan.exchange, "SIGCONT");
  await page.getByText("The connection to the exchange is lost").waitFor({ state: "detached" });
  await page.goto(`${plan.url}/portfolio`);
  const row = visitor.rows("Balances").filter({ hasText: "ETH" });
  await until(async () => {
    const cells = (await row.locator("td.num").allTextContents()).map(plain);
    return cells.length > 0 && cells.every((one) => one === "0");
  }, "an exchange that knows that the funds are gone");
}

try {
  await run({ connect, operatorStops, request, take, operatorReturns }, () => [visitor]);
} finally {
  process.kill(plan.exchange, "SIGCONT");
}
