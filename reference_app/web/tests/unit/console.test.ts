// The console's own logic: samples and gaps, exact costs, words for every action, what may be confirmed, the pause.
import { describe, expect, it, vi } from "vitest";
import { outcomeOf, pauseData, readContract } from "../../src/admin/contract";
import * as figures from "../../src/admin/figures";
import { termsProblems } from "../../src/admin/listing";
import { type Proposal, type Told, takesTwo, wordsOf } from "../../src/admin/words";
import { Refused, Unknown } from "../../src/api/http";
import type { Info } from "../../src/api/types";
import { bodyDigest, messageProblem } from "../../src/wallet/confirmed";
import { loginText } from "../../src/wallet/session";
import type { Wallet } from "../../src/wallet/wallet";

vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => undefined });
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });

const sample = (atMs: number): figures.Sample => ({
  atMs,
  sequence: 1,
  commands: 1,
  orders: 2,
  fills: 3,
  unsettled: 0,
  recordsLag: 0,
  p50: {},
  p99: {},
});

describe("figures", () => {
  it("keeps an hour of samples in order and takes none twice", () => {
    let kept: readonly figures.Sample[] = [];
    for (const atMs of [1_000, 2_000, 2_000, 1_500, 3_602_000]) kept = figures.withSample(kept, sample(atMs));
    expect(kept.map((one) => one.atMs)).toEqual([3_602_000]);
    expect(figures.withSample([sample(5)], sample(5))).toHaveLength(1);
  });
  it("draws no line across a silence", () => {
    const points = [0, 5_000, 40_000, 41_000].map((atMs) => ({ atMs, value: 1 }));
    expect(figures.runs(points).map((run) => run.length)).toEqual([2, 2]);
    expect(figures.runs([])).toEqual([]);
  });
  it("reads rates exactly and refuses what is no rate", () => {
    expect(figures.tenths("12.3")).toBe(123);
    expect(figures.tenths("12")).toBe(120);
    for (const odd of ["", "-1", "1e9", "NaN", "1.23"]) expect(figures.tenths(odd)).toBe(0);
  });
  it("ends axes on round numbers", () => {
    expect([0, 1, 3, 6, 11, 99, 100, 101].map(figures.niceMaximum)).toEqual([1, 1, 5, 10, 20, 100, 100, 200]);
  });
  it("writes durations and ages in units that people read", () => {
    expect([950, 1_500, 15_000, 150_000, 2_500_000].map(figures.durationText)).toEqual([
      "950 µs",
      "1.50 ms",
      "15.0 ms",
      "150 ms",
      "2.50 s",
    ]);
    expect([0, 59_000, 61_000, 3_700_000, 200_000_000].map(figures.ageText)).toEqual([
      "0 s",
      "59 s",
      "1 min 1 s",
      "1 h 1 min",
      "2 days",
    ]);
  });
  it("multiplies gas and its price without losing a digit, and never rounds", () => {
    expect(figures.costText(187_654, "1000000007")).toBe("0.000187654001313578");
    expect(figures.costText(null, "1")).toBeNull();
    expect(figures.costText(1, "1.5")).toBeNull();
    expect(figures.gweiText("123456789012345678901")).toBe("123,456,789,012.345678901");
    expect(figures.cut("0.000187654001313578", 6)).toBe("0.000187…");
    expect(figures.cut("0.9999999", 2)).toBe("0.99…");
    expect(figures.cut("1.5", 6)).toBe("1.5");
  });
});

describe("the terms of a market", () => {
  const terms = {
    ...{ id: "SOL-USDC", number: "7", base_decimals: "9", quote_decimals: "6", tick: "0.01", lot: "0.001" },
    ...{ minimum_notional: "1", maker_fee_ppm: "100", taker_fee_ppm: "200", base_token: "", quote_token: "0x12" },
  };
  it("are with tokens where a chain settles, and without them where none does", () => {
    expect(termsProblems(terms, false)).toEqual({});
    expect(Object.keys(termsProblems(terms, true))).toEqual(["base_token", "quote_token"]);
    const address = `0x${"aB".repeat(20)}`;
    expect(termsProblems({ ...terms, base_token: address, quote_token: address }, true)).toEqual({});
  });
});

describe("words", () => {
  it("knows what takes two admins", () => {
    expect(takesTwo({ kind: "release_all" })).toBe(true);
    expect(takesTwo({ kind: "stop_all", cancel: false })).toBe(false);
  });
  it("says of a stop what happens to orders that rest, and that two lift it", () => {
    const kept = wordsOf({ kind: "stop_all", cancel: false }).effects.join(" ");
    const gone = wordsOf({ kind: "stop_all", cancel: true }).effects.join(" ");
    expect(kept).toContain("Orders that rest stay");
    expect(gone).toContain("Every open order is canceled");
    expect(kept).toContain("Only two admins");
    expect(wordsOf({ kind: "stop_all", cancel: false }).typed).toBe("STOP");
    expect(wordsOf({ kind: "delist_market", market: "ETH-USDC", due_ms: null }).typed).toBe("ETH-USDC");
  });
  it("names the market on chain that is listed, where there is a chain", () => {
    const terms = { id: "SOL-USDC", number: 7, tick: "0.01", lot: "0.001", base_token: "0xB", quote_token: "0xQ" };
    const listing = (market: object) => wordsOf({ kind: "list_market", market } as Proposal).effects.join(" ");
    expect(listing(terms)).toContain("On chain it is market 7, of 0xB and 0xQ.");
    expect(listing({ ...terms, base_token: null, quote_token: null })).not.toContain("On chain");
    const more = {
      base_decimals: 9,
      quote_decimals: 6,
      maker_fee_ppm: 100,
      taker_fee_ppm: 90_000,
      minimum_notional: "7",
    };
    const said = listing({ ...terms, ...more, maximum_quantity: null });
    for (const told of ["9 decimals", "takers 9%", "Least order: 7 of quote"]) expect(said).toContain(told);
    expect(said).not.toContain("Greatest");
  });
  it("says every limit of a tier that is set", () => {
    const limits = {
      order_notional: 11,
      open_orders: 12,
      daily_volume: 13,
      orders_per_second: 14,
      position: 15,
      price_band_ppm: 160_000,
      unsettled_fills: 17,
      unsettled_age_s: 18,
    };
    const words = wordsOf({ kind: "set_risk_tier", tier: "small", limits }).effects.join(" ");
    for (const told of ["11", "12", "13", "14", "15", "16%", "17", "18"]) expect(words).toContain(` ${told}`);
  });
  it("says what fees become, in percent", () => {
    const fees = { maker_fee_ppm: -50, taker_fee_ppm: 250, tiers: [] };
    const words = wordsOf({ kind: "set_fees", market: "ETH-USDC", fees, due_ms: null });
    expect(words.effects[0]).toBe("At once makers pay -0.005% and takers 0.025%.");
  });
});

describe("what the wallet signs for", () => {
  const address = "0x00000000000000000000000000000000000000AA";
  const request = { method: "POST", path: "/admin/actions", body: { id: "a" } } as const;
  const message = [
    "dex.example wants you to sign in with your Ethereum account:",
    address,
    "",
    "Confirm this one request and no other: POST",
    "",
    "URI: https://dex.example/admin/actions",
    `Request ID: ${bodyDigest(request.body)}`,
  ].join("\n");
  it("digests the body as it is sent", () => {
    expect(bodyDigest(undefined)).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });
  it("is taken when it names this request", () => {
    expect(messageProblem(message, address, "https://dex.example", request)).toBeNull();
  });
  it.each([
    ["another path", { ...request, path: "/admin/roles/x" }],
    ["another body", { ...request, body: { id: "b" } }],
    ["another method", { ...request, method: "PUT" as const }],
  ])("is refused for %s", (_, other) => {
    expect(messageProblem(message, address, "https://dex.example", other)).toContain("Nothing was signed");
  });
  it("is refused for another origin or account", () => {
    expect(messageProblem(message, address, "https://evil.example", request)).not.toBeNull();
    expect(messageProblem(message, "0x01", "https://dex.example", request)).not.toBeNull();
  });
});

describe("the contract's pause", () => {
  const word = (digits: string): `0x${string}` => `0x${digits.padStart(64, "0")}`;
  const answering = (answers: Record<string, `0x${string}`>): Pick<Wallet, "call"> => ({
    call: (_, data) => Promise.resolve(answers[data] ?? "0x"),
  });
  const answers = {
    "0x5c975abb": word("1"),
    "0x054f7d9c": word("0"),
    "0x9fd0506d": word("aa"),
    "0x8da5cb5b": word("bb"),
  };
  it("is read from the chain", async () => {
    const state = await readContract(answering(answers), "0x00000000000000000000000000000000000000cc");
    expect(state.paused).toBe(true);
    expect(state.frozen).toBe(false);
    expect(state.pauser.toLowerCase()).toBe("0x00000000000000000000000000000000000000aa");
  });
  it("is not made up where no contract answers, or one that says something else", async () => {
    await expect(readContract(answering({}), "0x00")).rejects.toThrow("no such contract");
    const odd = answering({ ...answers, "0x5c975abb": word("2") });
    await expect(readContract(odd, "0x00")).rejects.toThrow("never says");
  });
  it("calls pause and unpause, and nothing else", () => {
    expect([pauseData(true), pauseData(false)]).toEqual(["0x8456cb59", "0x3f4ba83a"]);
  });
  it("says what came of it by receipt and state together", () => {
    const state = { paused: true, frozen: false, pauser: "0x0", owner: "0x0" } as const;
    expect(outcomeOf({ hash: "0x1", succeeded: true }, state, true)).toBe("The contract is paused.");
    expect(outcomeOf({ hash: "0x1", succeeded: true }, state, false)).toContain("otherwise");
    expect(outcomeOf({ hash: "0x1", succeeded: false }, state, true)).toContain("changed nothing");
  });
});

describe("what is known after a failure", () => {
  const refused = (status: number, reason: string): Refused =>
    new Refused({ type: "about:blank", title: "no", status, code: 1, reason, detail: "no" } as never);
  it("is nothing after silence or a fault, and a refusal otherwise", async () => {
    const { failed } = await import("../../src/admin/outcome");
    expect(failed(new Unknown("silence")).kind).toBe("unknown");
    expect(failed(refused(409, "UNKNOWN_OUTCOME")).kind).toBe("unknown");
    expect(failed(refused(500, "INTERNAL")).kind).toBe("unknown");
    expect(failed(refused(403, "FORBIDDEN")).kind).toBe("refused");
  });
  it("stays unknown while the action is told as being done, which lasts where nobody could write down its end", async () => {
    const { asked } = await import("../../src/admin/act");
    const told = (state: string) => asked(() => Promise.resolve({ state } as Told));
    expect((await told("done")).kind).toBe("done");
    expect((await told("refused")).kind).toBe("refused");
    const running = await told("running");
    expect(running).toMatchObject({ kind: "unknown", why: expect.stringContaining("still being done") });
    expect(running).toMatchObject({ why: expect.stringContaining("until the exchange starts again") });
    expect(await told("unknown")).toMatchObject({ kind: "unknown", why: expect.stringContaining("written down") });
  });
  it("is told as a notice where the dialog was closed before the wallet signed", async () => {
    const { noticeOf } = await import("../../src/admin/outcome");
    const told = (state: string) => noticeOf("Halt", { kind: "done", told: { state } as Told });
    expect(told("done")).toEqual(["good", "Halt: done."]);
    expect(told("proposed")).toEqual(["good", "Halt: it is proposed."]);
    expect(noticeOf("Halt", { kind: "refused", why: "No." })).toEqual(["bad", "Halt: it was not done. No."]);
    expect(noticeOf("Halt", { kind: "unknown", why: "" })[1]).toContain("not known whether it was done");
  });
  it("keeps an expired or own proposal from being confirmed", async () => {
    const { confirmProblem } = await import("../../src/admin/outcome");
    const told = { state: "proposed", proposer: "0xAA", expires_at_ms: 10 } as Told;
    expect(confirmProblem(told, "0xbb", 5)).toBeNull();
    expect(confirmProblem(told, "0xaa", 5)).toContain("another admin");
    expect(confirmProblem(told, "0xbb", 10)).toContain("expired");
    expect(confirmProblem({ ...told, state: "done" }, "0xbb", 5)).toContain("decided");
  });
});

describe("a login", () => {
  it("without a statement keeps the two empty lines that EIP-4361 wants", () => {
    const info = { login: { chain_id: 1, statement: null } } as unknown as Info;
    const text = loginText(info, "https://dex.example", "0xAA", "n", new Date(0));
    expect(text).toContain("0xAA\n\n\nURI: https://dex.example\n");
  });
});
