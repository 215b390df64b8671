// What is signed is what the form says: documents, nonces and the login's text, field by field.
import { describe, expect, it } from "vitest";
import type { Info, Market, OrderRequest } from "../../src/api/types";
import { Lanes, nextRevision, packNonce, unpackNonce } from "../../src/orders/lanes";
import { difference, orderDocument } from "../../src/orders/typed_data";
import { announced } from "../../src/wallet/providers";
import { loginText } from "../../src/wallet/session";

const TOKEN = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";
const MARKET: Market = {
  id: "ETH-USDC",
  number: 1,
  base: { id: "ETH", decimals: 18, token: TOKEN },
  quote: { id: "USDC", decimals: 6, token: TOKEN },
  tick: "0.01",
  lot: "0.0001",
  tick_size: "1",
  lot_size: "100000000000000",
  maker_fee_ppm: 100,
  taker_fee_ppm: 500,
  minimum_notional: "1",
  state: "open",
};
const INFO: Info = {
  name: "x",
  version: "1",
  requires_signature: true,
  assets: [],
  login: { domain: "a", uri: "http://a", chain_id: 31337, statement: "Hello." },
  domain: { name: "hybrid-dex", version: "1", chain_id: 31337, verifying_contract: TOKEN },
};
const ORDER: OrderRequest = {
  market: "ETH-USDC",
  side: "buy",
  quantity: "1.5",
  price: "2500.01",
  post_only: true,
  max_fee_ppm: 500,
  expiry_s: 1_800_000_000,
  nonce: "16777217",
};

describe("an order's document", () => {
  it("names atoms, flags and terms", () => {
    expect(orderDocument(INFO, MARKET, TOKEN, ORDER).message).toEqual({
      trader: TOKEN,
      market: 1,
      baseToken: TOKEN,
      quoteToken: TOKEN,
      side: 0,
      flags: 1,
      baseAmount: "1500000000000000000",
      quoteAmount: "3750015000",
      maxFeePpm: 500,
      expiry: 1_800_000_000,
      nonce: "16777217",
    });
    const market = orderDocument(INFO, MARKET, TOKEN, {
      ...ORDER,
      post_only: false,
      order_type: "market",
      side: "sell",
    });
    expect([market.message.side, market.message.flags]).toEqual([1, 2]);
  });

  it("is refused where the exchange's own says something else, in any field", () => {
    const ours = orderDocument(INFO, MARKET, TOKEN, ORDER);
    expect(difference(ours, JSON.parse(JSON.stringify(ours)))).toBeNull();
    for (const name of Object.keys(ours.message)) {
      expect(difference(ours, { ...ours, message: { ...ours.message, [name]: "7" } })).toBe(name);
    }
    expect(difference(ours, { ...ours, domain: { ...ours.domain, chainId: 1 } })).toBe("chainId");
    expect(difference(ours, { ...ours, primaryType: "Permit" })).toBe("primaryType");
    expect(difference(ours, null)).toBe("primaryType");
    expect(difference(ours, { ...ours, message: { ...ours.message, more: 1 } })).toBe("more");
  });

  it("can not be made where a market has no tokens", () => {
    expect(() => orderDocument(INFO, { ...MARKET, base: { id: "ETH", decimals: 18 } }, TOKEN, ORDER)).toThrow(
      "settles on no chain",
    );
  });
});

describe("nonces", () => {
  it("pack and unpack", () => {
    const nonce = { counter: 5n, revision: 2n, lane: 65_535n };
    expect(unpackNonce(packNonce(nonce))).toEqual(nonce);
  });

  it("take a free lane of this tab, and rise though the clock does not", () => {
    const lanes = new Lanes(0);
    const first = unpackNonce(lanes.take([], 1_600_000_000_000));
    expect(first.lane).toBe(1n);
    const open = packNonce({ counter: 9n, revision: 0n, lane: 2n });
    expect(unpackNonce(lanes.take([open], 1_600_000_000_000)).lane).toBe(3n);
    lanes.release(packNonce(first));
    const again = unpackNonce(lanes.take([open], 1_600_000_000_000));
    expect([again.lane, again.counter]).toEqual([1n, first.counter + 1n]);
  });

  it("of two tabs never meet, and end with a reason", () => {
    const [left, right] = [new Lanes(0), new Lanes(0.999)];
    const taken = new Set<bigint>();
    for (let index = 0; index < 64; index++) taken.add(unpackNonce(left.take([], 0)).lane);
    expect(() => left.take([], 0)).toThrow("cancel some first");
    const last = unpackNonce(right.take([], 0)).lane;
    expect(taken.has(last)).toBe(false);
    expect(last < 65_536n).toBe(true);
  });

  it("give 255 revisions and no more", () => {
    const nonce = packNonce({ counter: 5n, revision: 254n, lane: 1n });
    expect(unpackNonce(nextRevision(nonce, 0n) ?? "0").revision).toBe(255n);
    expect(nextRevision(nonce, 255n)).toBeNull();
  });
});

describe("wallets", () => {
  it("sign in with the text of EIP-4361", () => {
    const at = new Date("2026-01-31T12:00:00.000Z");
    expect(loginText(INFO, "http://127.0.0.1:8000", TOKEN, "abcdefgh1", at)).toBe(
      `127.0.0.1:8000 wants you to sign in with your Ethereum account:\n${TOKEN}\n\nHello.\n\nURI: http://127.0.0.1:8000\nVersion: 1\nChain ID: 31337\nNonce: abcdefgh1\nIssued At: 2026-01-31T12:00:00.000Z`,
    );
  });

  it("are taken only as far as they can be shown safely", () => {
    const provider = { request: () => Promise.resolve([]) };
    const info = { rdns: "io.metamask", name: "MetaMask", icon: "data:image/png;base64,AA" };
    expect(announced({ info, provider })?.icon).toBe(info.icon);
    for (const icon of ["javascript:alert(1)", "https://example.com/x.png", "data:text/html,<script>"]) {
      expect(announced({ info: { ...info, icon }, provider })?.icon).toBe("");
    }
    for (const bad of [null, {}, { info }, { info: { name: 1, rdns: 2 }, provider }, { info, provider: {} as never }]) {
      expect(announced(bad)).toBeNull();
    }
  });
});
