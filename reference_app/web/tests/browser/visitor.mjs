// What the trader's browser tests share: pages whose wallet signs with a key of the test, people without a browser who trade
// against them, and the chain's node. Each script gets the path of its plan: NAME.mjs PLAN.json
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { chromium } from "playwright-core";
import { createWalletClient, defineChain, http, publicActions } from "viem";
import { privateKeyToAccount } from "viem/accounts";

export const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
export const PATIENCE = plan.patience ?? 90_000;
export const WAIT = { timeout: PATIENCE };
const POLL_MS = 150;
const EPOCH_MS = 1_577_836_800_000;
const FIRST_LANE = 60_000;

mkdirSync(plan.shots, { recursive: true });
const chain = defineChain({
  id: plan.chainId,
  name: "local",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [plan.rpc] } },
});

/** Asks the chain's node. Throws with its code where it refuses. */
export async function rpc(method, params = []) {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
  const reply = await fetch(plan.rpc, { method: "POST", headers: { "content-type": "application/json" }, body });
  const { result, error } = await reply.json();
  if (error) throw Object.assign(new Error(error.message), { code: error.code });
  return result;
}

/** Waits until `work` returns something true, and returns that. */
export async function until(work, what) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await work();
    if (found) return found;
    if (Date.now() > end) throw new Error(`it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Somebody who trades by the API alone. */
export class Person {
  constructor(key) {
    this.account = privateKeyToAccount(key);
    this.wallet = createWalletClient({ account: this.account, chain, transport: http(plan.rpc) }).extend(publicActions);
    this.address = this.account.address;
    // Above all that a page chooses, and other ones when a script is run again.
    this.lane = FIRST_LANE + (Math.floor(Date.now() / 1000) % 5_000);
  }

  async login() {
    const { nonce } = await this.send("POST", "/auth/nonce");
    const info = await this.send("GET", "/info");
    const message = [
      `${plan.url.replace("http://", "")} wants you to sign in with your Ethereum account:`,
      this.address,
      `\n${info.login.statement}\n`,
      `URI: ${plan.url}`,
      "Version: 1",
      `Chain ID: ${info.login.chain_id}`,
      `Nonce: ${nonce}`,
      `Issued At: ${new Date().toISOString()}`,
    ].join("\n");
    const signature = await this.account.signMessage({ message });
    this.token = (await this.send("POST", "/auth/login", { message, signature })).access_token;
    return this;
  }

  /** Sends a request and returns the answer. Throws the problem document's words, with the document. */
  async send(method, path, body) {
    const headers = this.token ? { authorization: `Bearer ${this.token}` } : {};
    if (body) headers["content-type"] = "application/json";
    const reply = await fetch(plan.url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    const text = await reply.text();
    const answer = text ? JSON.parse(text) : null;
    if (!reply.ok)
      throw Object.assign(new Error(answer?.detail || answer?.title || `HTTP ${reply.status}`), { answer });
    return answer;
  }

  get(path) {
    return this.send("GET", path);
  }

  /** Places a signed order once the exchange sees new blocks: on a busy machine they may be late for a moment. */
  place(...terms) {
    return until(
      () =>
        this.placeNow(...terms).catch((error) => {
          if (error.answer?.reason !== "settlement_backlog") throw error;
          return null;
        }),
      "an exchange that takes orders",
    );
  }

  /** Places a signed order; `sign` stands in for the wallet. */
  async placeNow(side, quantity, price, fields = {}, sign = null) {
    const nonce = (BigInt(Date.now() - EPOCH_MS) << 24n) | BigInt(this.lane++);
    const terms = { max_fee_ppm: 1_000, expiry_s: Math.floor(Date.now() / 1000) + 86_400, nonce: nonce.toString() };
    const order = { market: plan.market, side, quantity, price, ...terms, ...fields };
    const { typed_data: document } = await this.send("POST", "/orders/preview", order);
    const { EIP712Domain: _, ...types } = document.types;
    const typed = { domain: document.domain, types, primaryType: document.primaryType, message: document.message };
    const signer = sign ?? this.account;
    const kind = sign ? { signature_kind: "session" } : {};
    return this.send("POST", "/orders", { ...order, ...kind, signature: await signer.signTypedData(typed) });
  }

  cancelAll() {
    return this.send("DELETE", `/orders?market=${plan.market}`);
  }
}

/** What a test's wallet was asked, in order, and what it does with it. */
class TestWallet {
  asked = [];
  refuses = false;
  /** What a prompt waits for, as for somebody who reads it first. */
  waits = null;
  chainId = plan.chainId;

  constructor(person) {
    this.person = person;
  }

  async request(method, params) {
    this.asked.push(method);
    try {
      return { result: await this.answer(method, params) };
    } catch (error) {
      return { error: { code: error.code ?? -32603, message: error.message } };
    }
  }

  async answer(method, params) {
    const { account, wallet } = this.person;
    const prompts = /^(eth_requestAccounts|personal_sign|eth_signTypedData_v4|eth_sendTransaction)$/.test(method);
    if (prompts) await this.waits;
    if (prompts && this.refuses) throw Object.assign(new Error("User rejected the request."), { code: 4001 });
    switch (method) {
      case "eth_requestAccounts":
      case "eth_accounts":
        return [account.address];
      case "eth_chainId":
        return `0x${this.chainId.toString(16)}`;
      case "wallet_switchEthereumChain":
        this.chainId = Number(params[0].chainId);
        return null;
      case "personal_sign":
        return account.signMessage({ message: { raw: params[0] } });
      case "eth_signTypedData_v4": {
        const { EIP712Domain: _, ...types } = JSON.parse(params[1]).types;
        return account.signTypedData({ ...JSON.parse(params[1]), types });
      }
      case "eth_sendTransaction": {
        const { to, data, value } = params[0];
        return wallet.sendTransaction({ to, data, value: BigInt(value ?? 0) });
      }
      default:
        return rpc(method, params);
    }
  }

  get prompts() {
    return this.asked.filter((one) => /sign|sendTransaction/i.test(one)).length;
  }
}

export const browser = await chromium.launch({ executablePath: plan.chromium, args: ["--no-sandbox"] });
const faults = [];
const origins = new Set();

/** A page of a browser of its own. With a person, a wallet that announces itself (EIP-6963) is theirs. */
export async function openPage(person = null, icon = "") {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    colorScheme: "dark",
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) origins.add(new URL(request.url()).origin);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    faults.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML|Trusted Types/i.test(message.text())) faults.push(message.text());
  });
  const wallet = person ? new TestWallet(person) : null;
  if (wallet) {
    await page.exposeFunction("walletRequest", (method, params) => wallet.request(method, params));
    await page.addInitScript((image) => {
      const listeners = new Map();
      const provider = {
        request: async ({ method, params }) => {
          const { result, error } = await window.walletRequest(method, params ?? []);
          if (error) throw Object.assign(new Error(error.message), { code: error.code });
          return result;
        },
        on: (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]),
        removeListener: (event, listener) =>
          listeners.set(
            event,
            (listeners.get(event) ?? []).filter((one) => one !== listener),
          ),
      };
      window.walletEmits = (event, value) => {
        for (const listener of listeners.get(event) ?? []) listener(value);
      };
      const info = {
        uuid: "350670db-19fa-4704-a166-e52e178b59d2",
        name: "Test wallet",
        icon: image,
        rdns: "test.wallet",
      };
      const detail = Object.freeze({ info, provider });
      const announce = () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
      window.addEventListener("eip6963:requestProvider", announce);
      announce();
    }, icon);
  }
  return new Visitor(page, wallet);
}

/** Somebody at a page, and what they do there. */
export class Visitor {
  constructor(page, wallet) {
    this.page = page;
    this.wallet = wallet;
  }

  async goto(path) {
    await this.page.goto(plan.url + path);
    await this.page.locator("header.bar").getByText("Live").waitFor(WAIT);
  }

  async connect(path = "/trade", name = this.wallet ? "Test wallet" : "Use the demo wallet") {
    await this.goto(path);
    await this.page.locator("header.bar").getByRole("button", { name: "Connect wallet" }).click();
    await this.page.getByRole("button", { name }).click();
    await this.page.getByRole("button", { name: "Sign out" }).waitFor(WAIT);
    return this;
  }

  notice(text) {
    return this.page.locator(".notice", { hasText: text }).first();
  }

  rows(label) {
    return this.page.locator(`section[aria-label="${label}: rows"] tbody tr`);
  }

  tab(name) {
    return this.page.getByRole("tab", { name }).click();
  }

  /** Fills in the order form: `type` and `time` by their labels, `check` boxes, the rest by the fields' names. */
  async fill(side, { type, time, check = [], uncheck = [], ...fields }) {
    const form = this.page.locator(".order-form");
    await form.getByRole("button", { name: side, exact: true }).click();
    await form.getByLabel("Type").selectOption({ label: type });
    if (time) await form.getByLabel("Time in force").selectOption({ label: time });
    for (const one of check) await form.getByLabel(one).check();
    for (const one of uncheck) await form.getByLabel(one).uncheck();
    for (const [name, value] of Object.entries(fields)) await form.locator(`input[name="${name}"]`).fill(value);
  }

  /** Returns the facts of the preview once it is of these fields, by their labels. */
  async preview() {
    const box = this.page.locator('[data-testid="preview"]');
    await box.waitFor(WAIT);
    await this.page.waitForTimeout(600);
    return facts(box);
  }

  /** Goes to the dialog with what is signed, and returns its text. */
  async review() {
    await this.page.locator(".order-form button[type=submit]").click();
    const dialog = this.page.locator("dialog[open]");
    await dialog.getByText("At worst you pay").first().waitFor(WAIT);
    return (await dialog.textContent()).replace(/\s+/g, " ");
  }

  async sign() {
    await this.page.getByRole("button", { name: /Sign and place|Place/ }).click();
  }

  /** Places an order through the form and returns what is said of it, and what was signed in words. */
  async submit(side, fields) {
    await this.fill(side, fields);
    const preview = await this.preview();
    const words = await this.review();
    await this.sign();
    const notice = this.notice("accepted");
    await notice.waitFor(WAIT);
    const said = await notice.textContent();
    await notice.getByRole("button", { name: "Dismiss" }).click();
    await notice.waitFor({ state: "detached" });
    return { preview, words, said };
  }

  shot(name) {
    return this.page.screenshot({ path: `${plan.shots}/${name}.png` });
  }
}

/** The terms of a description list with what each says. */
export function facts(list) {
  return list.evaluate((element) => {
    const found = {};
    for (const term of element.querySelectorAll("dt")) {
      found[term.textContent.trim()] = term.nextElementSibling.textContent.trim().replace(/\s+/g, " ");
    }
    return found;
  });
}

/** Numbers as the API writes them, from text with grouped thousands and padded decimals. */
export function plain(text) {
  const number = text.replaceAll(",", "").split(" ")[0];
  return number.includes(".") ? number.replace(/\.?0+$/, "") : number;
}

/** Runs the steps in order, says which passed, and closes the browser; what the policy refused is a failure. */
export async function run(steps, pages) {
  try {
    for (const [name, step] of Object.entries(steps)) {
      const began = Date.now();
      await step();
      console.log(`passed: ${name} (${Date.now() - began} ms)`);
    }
    assert.deepEqual(faults, []);
    assert.deepEqual(
      [...origins].filter((origin) => origin !== plan.url),
      [],
      "requests to elsewhere",
    );
  } catch (error) {
    for (const [index, one] of pages().entries()) await one.shot(`failed-${index}`).catch(() => undefined);
    throw error;
  } finally {
    await browser.close();
  }
}
