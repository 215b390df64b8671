// From the form to the exchange: what is asked, what is signed, and what is never sent twice. Numbers stay exact.
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InDoubt, Refused, Unknown } from "../../src/api/http";
import type { Info, Market, Order, OrderAnswer, OrderRequest, Preview } from "../../src/api/types";
import { timeText } from "../../src/components/times";
import { floorTo, formatDecimal, grouped, padded, parseDecimal } from "../../src/money/decimal";
import { affordable, movePrice, notional, protectedPrice, stepProblem } from "../../src/money/market";
import { packNonce } from "../../src/orders/lanes";
import { orderDocument } from "../../src/orders/typed_data";
import { decoded } from "../../src/state/routes";
import { useStore } from "../../src/state/store";
import { EMPTY_TICKET, forgetSent, type Ticket, useTicket, write } from "../../src/trade/ticket";
import type { TypedData, Wallet } from "../../src/wallet/wallet";
import { below, chance, SEED } from "./chance";

const TOKEN = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";
const MARKET = {
  id: "ETH-USDC",
  number: 1,
  base: { id: "ETH", decimals: 18, token: TOKEN },
  quote: { id: "USDC", decimals: 6, token: TOKEN },
  tick: "0.01",
  lot: "0.0001",
  maker_fee_ppm: 100,
  taker_fee_ppm: 500,
} as Market;
const INFO = {
  requires_signature: true,
  domain: { name: "hybrid-dex", version: "1", chain_id: 31337, verifying_contract: TOKEN },
} as Info;
const level = (price: string): { price: string; quantity: string; key: bigint } => ({
  price,
  quantity: "1",
  key: parseDecimal(price, 18),
});

vi.stubGlobal("sessionStorage", { getItem: () => "0.5", setItem: () => undefined });
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
vi.stubGlobal("indexedDB", undefined);
let key: { expiresAtS: number } | null = null;
vi.mock("../../src/wallet/session_keys", () => ({ activeKey: () => Promise.resolve(null), keptKey: () => key }));
const { marketLimit, place, prepare, replace, requestOf } = await import("../../src/orders/entry");
const { lifetimeWords, outcomeOf, problemsOf } = await import("../../src/trade/form");
const { desk } = await import("../../src/state/desk");
const { budgetProblems, Logins, SessionKeys } = await import("../../src/keys/page");
const { BalancesTable, FillsTable } = await import("../../src/portfolio/tables");
const { OpenOrders } = await import("../../src/trade/orders");

const ticket = (fields: Partial<Ticket>): Ticket => ({ ...EMPTY_TICKET, price: "2500.01", quantity: "1.5", ...fields });
const refused = (reason: string, status: number): Refused =>
  new Refused({ title: "no", detail: "", reason, status } as never);
let signed: TypedData[];

function previewed(order: OrderRequest): Preview {
  return { typed_data: orderDocument(INFO, MARKET, TOKEN, order), words: [] } as unknown as Preview;
}

function answering(reply: (path: string, body: OrderRequest) => unknown) {
  return vi.spyOn(desk.http, "post").mockImplementation(((path: string, body: OrderRequest) => {
    try {
      return Promise.resolve(reply(path, body));
    } catch (error) {
      return Promise.reject(error);
    }
  }) as never);
}

beforeEach(() => {
  vi.useFakeTimers();
  signed = [];
  const wallet = {
    id: "demo",
    address: TOKEN,
    signTypedData: (document: TypedData) => {
      signed.push(document);
      return Promise.resolve("0xsigned");
    },
  } as unknown as Wallet;
  const book = { synced: true, sequence: 1, atMs: 1, bids: [level("2499.99")], asks: [level("2500.01")] };
  useStore.setState({ info: INFO, wallet, book, orders: new Map() });
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("the request", () => {
  it("of a limit order carries its terms and nothing of other kinds", () => {
    const request = requestOf(MARKET, ticket({ postOnly: true, budget: "5", trigger: "1", display: "1" }));
    expect(request).toMatchObject({ price: "2500.01", quantity: "1.5", order_type: "limit", post_only: true });
    for (const name of ["quote_budget", "trigger_price", "display_quantity"]) expect(request).not.toHaveProperty(name);
  });

  it("of a market order has the protected price and no time in force or post-only", () => {
    const request = requestOf(MARKET, ticket({ kind: "market", postOnly: true, price: "1" }));
    expect(request).toMatchObject({ price: "2525.01", order_type: "market" });
    expect(request).not.toHaveProperty("post_only");
    expect(request).not.toHaveProperty("time_in_force");
    expect(requestOf(MARKET, ticket({ kind: "market", side: "sell" })).price).toBe("2474.99");
  });

  it("of a market order has no price while nobody quotes the other side", () => {
    useStore.setState((state) => ({ book: { ...state.book, asks: [] } }));
    expect(marketLimit(MARKET, ticket({ kind: "market" }))).toBe("");
  });

  it("of a stop waits for its trigger; of an iceberg shows a part", () => {
    const stop = requestOf(MARKET, ticket({ kind: "stop_limit", trigger: "2600" }));
    expect(stop).toMatchObject({ order_type: "stop_limit", trigger_price: "2600" });
    expect(requestOf(MARKET, ticket({ iceberg: true, display: "0.5" })).display_quantity).toBe("0.5");
  });
});

describe("what was typed for one market", () => {
  it("is not asked of another", () => {
    const typed = { side: "sell", price: "60000", quantity: "1", takeProfit: "61000", stop: "59000" } as const;
    useStore.setState({ markets: [MARKET, { ...MARKET, id: "BTC-USDC" }], marketId: "BTC-USDC" });
    write(typed);
    desk.look("BTC-USDC");
    expect(useTicket.getState()).toMatchObject(typed);
    desk.look("ETH-USDC");
    expect(useTicket.getState()).toEqual({ ...EMPTY_TICKET, side: "sell" });
  });
});

describe("how long an order lives", () => {
  it("is told as it is signed: as set, or to the end of the key of this browser", async () => {
    useStore.setState({ account: TOKEN });
    vi.setSystemTime(1_900_000_000_000);
    const now = 1_900_000_000;
    answering((_, body) => previewed(body));
    const seconds = async (): Promise<number> => ((await prepare(MARKET, ticket({}))).requests[0]?.expiry_s ?? 0) - now;
    expect([lifetimeWords(MARKET, 24), await seconds()]).toEqual([expect.stringContaining("a day after"), 86_400]);
    key = { expiresAtS: now + 600 };
    const at = timeText((now + 600) * 1_000);
    expect([lifetimeWords(MARKET, 24), await seconds()]).toEqual([expect.stringContaining(at), 600]);
    key = { expiresAtS: now + 7 * 86_400 };
    expect([lifetimeWords(MARKET, 24), await seconds()]).toEqual([expect.stringContaining("a day after"), 86_400]);
    key = null;
    useStore.setState({ account: null });
  });
});

describe("what became of an order", () => {
  const answer = (order: object, fills?: number): OrderAnswer =>
    ({ order: { filled: "0", ...order }, fills: fills === undefined ? null : Array(fills).fill({}) }) as never;

  it("that was canceled at once is that it traded nothing, or how much", () => {
    expect(outcomeOf([answer({ status: "canceled" }, 0)])).toEqual(["plain", expect.stringContaining("nothing")]);
    expect(outcomeOf([answer({ status: "canceled", filled: "0.5" }, 2)])[1]).toContain("2 fills matched");
    // An order of which no answer came is found as it stands, without its fills.
    const [tone, words] = outcomeOf([answer({ status: "canceled", filled: "0.5" })]);
    expect([tone, words]).toEqual(["good", expect.stringContaining("0.5 traded")]);
    expect(words).not.toContain("nothing");
  });
});

describe("what was sent", () => {
  it("leaves the form, unless something else was typed since", () => {
    write({ ...EMPTY_TICKET, side: "sell", price: "2500", quantity: "1", postOnly: true });
    forgetSent(useTicket.getState());
    expect(useTicket.getState()).toEqual({ ...EMPTY_TICKET, side: "sell", price: "2500" });
    const sent = useTicket.getState();
    write({ side: "buy", quantity: "3" });
    forgetSent(sent);
    expect(useTicket.getState()).toEqual({ ...EMPTY_TICKET, side: "buy", price: "2500", quantity: "3" });
  });
});

describe("what was typed before the kind was changed", () => {
  it("neither stands in the way of an order that does not ask for it, nor goes with one", () => {
    for (const fields of [
      { side: "sell", kind: "market" },
      { kind: "stop_market", trigger: "2600" },
      { kind: "stop_limit", trigger: "2600", timeInForce: "ioc" },
      { kind: "bracket", timeInForce: "ioc", takeProfit: "2700", stop: "2400" },
    ] as const) {
      expect(problemsOf(MARKET, ticket({ ...fields, budget: "many" }))).toEqual({});
      expect(requestOf(MARKET, ticket({ ...fields, budget: "5" }))).not.toHaveProperty("quote_budget");
    }
    for (const fields of [{ kind: "market" }, { timeInForce: "ioc" }] as const) {
      expect(problemsOf(MARKET, ticket({ ...fields, budget: "many" }))).toHaveProperty("budget");
      expect(requestOf(MARKET, ticket({ ...fields, budget: "5" })).quote_budget).toBe("5");
    }
  });

  it("does not decide how long the entry of a bracket lives", () => {
    for (const timeInForce of ["gtd", "ioc", "fok"] as const)
      expect(requestOf(MARKET, ticket({ kind: "bracket", timeInForce })).time_in_force).toBe("gtc");
  });
});

describe("the desk", () => {
  const market = (id: string): Market => ({ ...MARKET, id, state: "open" });

  it("follows no account that signed out while the socket signed in", async () => {
    let ack: () => void = () => undefined;
    vi.stubGlobal("location", { origin: "http://127.0.0.1" });
    vi.spyOn(desk, "openDemo").mockResolvedValue(desk.wallet());
    vi.spyOn(desk.session, "login").mockResolvedValue();
    vi.spyOn(desk.session, "logout").mockResolvedValue();
    vi.spyOn(desk.socket, "authenticate").mockReturnValue(
      new Promise((resolve) => {
        ack = resolve;
      }),
    );
    const subscribe = vi.spyOn(desk.socket, "subscribe");
    const entering = desk.connectDemo();
    await vi.advanceTimersByTimeAsync(0);
    await desk.disconnect();
    ack();
    await entering;
    expect(subscribe).not.toHaveBeenCalled();
  });

  it("shows nobody's account from the moment of signing out, though the exchange does not answer", () => {
    vi.spyOn(desk.session, "logout").mockReturnValue(new Promise(() => undefined));
    useStore.setState({ account: TOKEN });
    void desk.disconnect("The wallet changed its account; sign in again.");
    const { account, wallet } = useStore.getState();
    expect([account, wallet]).toEqual([null, null]);
  });

  it("learns of a market that was listed while the page stood open", async () => {
    vi.stubGlobal("document", { hidden: false });
    vi.spyOn(desk.socket, "start").mockReturnValue();
    const listed = [market("ETH-USDC")];
    vi.spyOn(desk.http, "get").mockImplementation(((path: string) =>
      Promise.resolve(
        path === "/info"
          ? INFO
          : path === "/markets"
            ? { markets: [...listed] }
            : { accepting: true, markets: listed.map((one) => ({ market: one.id, state: "open" })) },
      )) as never);
    await desk.start();
    listed.push(market("SOL-USDC"));
    await vi.advanceTimersByTimeAsync(4_000);
    expect(useStore.getState().markets.map((one) => one.id)).toEqual(["ETH-USDC", "SOL-USDC"]);
  });

  it("shows nothing of another market under the name of one that is not listed yet, nor once it is", () => {
    const leave = vi.fn();
    const subscribe = vi.spyOn(desk.socket, "subscribe").mockReturnValue(leave);
    useStore.setState({ markets: [market("SUI-USDC")] });
    desk.look("SUI-USDC");
    useStore.setState({ book: { synced: true, sequence: 1, atMs: 1, bids: [level("2")], asks: [level("3")] } });
    write({ price: "2", quantity: "7" });
    leave.mockClear();
    desk.look("SEI-USDC");
    expect(leave).toHaveBeenCalledTimes(3);
    expect(useStore.getState().book).toMatchObject({ synced: false, bids: [], asks: [] });
    useStore.setState({ markets: [market("SUI-USDC"), market("SEI-USDC")] });
    desk.look("SEI-USDC");
    expect(subscribe.mock.calls.at(-1)?.[0]).toMatchObject({ market: "SEI-USDC" });
    expect(useTicket.getState()).toMatchObject({ price: "", quantity: "" });
  });

  it("takes an address that can not be decoded for a market that is not there", () => {
    expect([decoded("ETH%2DUSDC"), decoded("%E0%A4%A"), decoded("%")]).toEqual(["ETH-USDC", "%E0%A4%A", "%"]);
  });
});

describe("what was not read yet", () => {
  it("is not told as none", () => {
    for (const table of [OpenOrders, BalancesTable, FillsTable, SessionKeys, Logins]) {
      const shown = renderToString(createElement(table));
      expect(shown).toContain("Reading your");
      expect(shown).not.toMatch(/No (open orders|fills|session key|other logins)|Nothing/);
    }
  });
});

describe("the budgets of a session key", () => {
  const market = { ...MARKET, lot: "0.05" };

  it("are amounts and whole lots, or none at all", () => {
    expect(budgetProblems(market, "1000.5", "1.15")).toEqual({ buy: null, sell: null });
    expect(budgetProblems(market, "0", "0")).toEqual({ buy: null, sell: null });
    for (const sell of ["0.07", "-0.05", "1.001", ""]) expect(budgetProblems(market, "1", sell).sell).toContain("0.05");
    for (const buy of ["-1", "0.0000001", "x"]) expect(budgetProblems(market, buy, "1").buy).toBe("Not an amount");
  });
});

describe("replacing", () => {
  const order = {
    order_id: "7",
    market: "ETH-USDC",
    side: "buy",
    order_type: "limit",
    time_in_force: "gtc",
    price: "2500",
    quantity: "1",
    filled: "0",
    nonce: packNonce({ counter: 5n, revision: 0n, lane: 1n }),
  } as Order;

  it("keeps for an order when it ends only once the exchange took that", async () => {
    const kept = vi.spyOn(localStorage, "setItem");
    const wallet = desk.wallet();
    const terms = { price: "2501", quantity: "1" };
    const declines = { ...wallet, signTypedData: () => Promise.reject(new Error("declined")) };
    useStore.setState({ wallet: declines as unknown as Wallet });
    await expect(replace(MARKET, order, terms)).rejects.toThrow("declined");
    useStore.setState({ wallet });
    const post = answering(() => {
      throw refused("unknown_order", 404);
    });
    await expect(replace(MARKET, order, terms)).rejects.toThrow(Refused);
    expect(kept).not.toHaveBeenCalled();
    post.mockResolvedValue({ order, sequence: 1 });
    await replace(MARKET, order, terms);
    expect(kept).toHaveBeenCalledWith("hybrid-dex.lifetimes", expect.stringContaining(`"${TOKEN} 5 1":`));
  });
});

describe("preparing and placing", () => {
  it("signs the document made here, once, and sends that order under a name of its own", async () => {
    const post = answering((path, body) => (path === "/orders/preview" ? previewed(body) : { order: body, fills: [] }));
    const prepared = await prepare(MARKET, ticket({}));
    await place(MARKET, prepared);
    const [, sent] = post.mock.calls.at(-1) as [string, OrderRequest];
    expect(signed).toHaveLength(1);
    expect(signed[0]?.message).toMatchObject({
      trader: TOKEN,
      baseAmount: "1500000000000000000",
      quoteAmount: "3750015000",
      maxFeePpm: 500,
      nonce: sent.nonce,
    });
    expect(sent.signature).toBe("0xsigned");
    expect(sent.client_order_id).toMatch(/^web-[0-9a-f]{20}$/);
  });

  for (const [field, change] of [
    ["quoteAmount", { quoteAmount: "1" }],
    ["trader", { trader: "0x0000000000000000000000000000000000000001" }],
    ["extra", { extra: "1" }],
  ] as const) {
    it(`signs nothing when the exchange's document differs in ${field}, and gives the lane back`, async () => {
      const nonces: unknown[] = [];
      answering((_, body) => {
        nonces.push(BigInt(body.nonce ?? 0) & 0xffffn);
        const preview = previewed(body);
        const document = preview.typed_data as unknown as TypedData;
        return { ...preview, typed_data: { ...document, message: { ...document.message, ...change } } };
      });
      for (let attempt = 0; attempt < 2; attempt++) {
        await expect(prepare(MARKET, ticket({}))).rejects.toThrow(`another ${field}`);
      }
      expect(signed).toEqual([]);
      expect(nonces[0]).toBe(nonces[1]);
    });
  }

  it("asks a wallet that went to another chain back before it signs", async () => {
    answering((path, body) => (path === "/orders/preview" ? previewed(body) : { order: {}, sequence: 1 }));
    const joined: number[] = [];
    const wallet = { ...desk.wallet(), joinChain: (id: number) => Promise.resolve(joined.push(id + signed.length)) };
    useStore.setState({ info: { ...INFO, chain_id: 31337 }, wallet: wallet as unknown as Wallet });
    await place(MARKET, await prepare(MARKET, ticket({})));
    expect([joined, signed.length]).toEqual([[31337], 1]);
  });

  it("looks for an order of which no answer came by its name, and does not send it again", async () => {
    const post = answering((path, body) => {
      if (path === "/orders/preview") return previewed(body);
      throw new Unknown("no answer");
    });
    const found = { order_id: "7", status: "new" } as Order;
    const get = vi.spyOn(desk.http, "get").mockResolvedValue(found as never);
    const prepared = await prepare(MARKET, ticket({}));
    const placing = place(MARKET, prepared);
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await placing)[0]?.order).toBe(found);
    expect(get.mock.calls[0]?.[0]).toBe(`/orders/by-client-id/${prepared.requests[0]?.client_order_id}`);
    expect(post.mock.calls.filter(([path]) => path === "/orders")).toHaveLength(1);
  });

  it("looks for linked orders of which no answer came, too", async () => {
    const post = answering((path, body) => {
      if (path === "/orders/preview") return previewed(body);
      throw new Unknown("no answer");
    });
    const get = vi.spyOn(desk.http, "get").mockResolvedValue({ order_id: "7", status: "new" } as never);
    const bracket = ticket({ kind: "bracket", takeProfit: "2600", stop: "2400" });
    const prepared = await prepare(MARKET, bracket);
    const placing = place(MARKET, prepared);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await placing).toHaveLength(3);
    expect(get.mock.calls.map(([path]) => path)).toEqual(
      prepared.requests.map((order) => `/orders/by-client-id/${order.client_order_id}`),
    );
    vi.spyOn(desk.socket, "timeMs").mockReturnValue(1_900_000_000_000);
    get.mockRejectedValue(refused("unknown_order", 404));
    const failing = place(MARKET, await prepare(MARKET, bracket)).catch((error: unknown) => String(error));
    await vi.advanceTimersByTimeAsync(12_000);
    expect(await failing).toContain("did not arrive");
    expect(post.mock.calls.filter(([path]) => path === "/orders/linked")).toHaveLength(2);
  });

  it("says that an order did not arrive once it can arrive no more, and not before", async () => {
    vi.spyOn(desk.socket, "timeMs").mockReturnValue(1_900_000_000_000);
    let sent: OrderRequest | null = null;
    answering((path, body) => {
      if (path === "/orders/preview") return previewed(body);
      sent = body;
      throw new Unknown("the line fell");
    });
    const order = { order_id: "7", status: "new" } as Order;
    const get = vi.spyOn(desk.http, "get").mockRejectedValue(refused("unknown_order", 404));
    const placing = place(MARKET, await prepare(MARKET, ticket({})));
    await vi.advanceTimersByTimeAsync(6_000);
    expect(sent).toMatchObject({ sent_at_ms: 1_900_000_000_000, receive_window_ms: 10_000 });
    get.mockResolvedValue(order as never);
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await placing)[0]?.order).toBe(order);
    get.mockRejectedValue(refused("unknown_order", 404));
    const failing = place(MARKET, await prepare(MARKET, ticket({}))).catch((error: unknown) => String(error));
    await vi.advanceTimersByTimeAsync(12_000);
    expect(await failing).toContain("did not arrive");
  });

  it("says that an order did not arrive only when the exchange says so, else that it is not known", async () => {
    let lost: Error = new Unknown("no answer");
    answering((path, body) => {
      if (path === "/orders/preview") return previewed(body);
      throw lost;
    });
    const get = vi.spyOn(desk.http, "get").mockRejectedValue(refused("unknown_order", 404));
    const outcome = async (): Promise<unknown> => {
      const placing = place(MARKET, await prepare(MARKET, ticket({}))).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(60_000);
      return placing;
    };
    // Without a window it can arrive at any time, and what the exchange has in doubt can count after its restart.
    expect(String(await outcome())).toContain("not known whether the order arrived");
    vi.spyOn(desk.socket, "timeMs").mockReturnValue(1_900_000_000_000);
    expect(String(await outcome())).toContain("did not arrive");
    lost = new InDoubt("the journal failed");
    expect(String(await outcome())).toContain("not known whether the order arrived");
    lost = new Unknown("no answer");
    for (const other of [new Unknown("no answer"), refused("rate_limited", 429), refused("unavailable", 503)]) {
      get.mockRejectedValue(other);
      expect(String(await outcome())).toContain("not known whether the order arrived");
    }
  });
});

describe(`money, by chance (seed ${SEED})`, () => {
  const random = chance(SEED);
  const whole = (digits: number): bigint =>
    BigInt(Array.from({ length: 1 + below(random, digits) }, () => below(random, 10)).join(""));

  it("survives text and back at any size, and is never a float", () => {
    for (let round = 0; round < 2_000; round++) {
      const [value, decimals] = [whole(40), below(random, 19)];
      const text = formatDecimal(value, decimals);
      expect(parseDecimal(text, decimals)).toBe(value);
      expect(parseDecimal(grouped(padded(text, decimals)).replaceAll(",", ""), decimals)).toBe(value);
    }
  });

  it("in a document is ticks times lots, exactly", () => {
    for (let round = 0; round < 500; round++) {
      const [ticks, lots] = [whole(12) + 1n, whole(12) + 1n];
      const order = {
        market: "ETH-USDC",
        side: "buy",
        price: formatDecimal(ticks, 2),
        quantity: formatDecimal(lots, 4),
      };
      const { message } = orderDocument(INFO, MARKET, TOKEN, order as OrderRequest);
      expect(message.baseAmount).toBe(String(lots * 10n ** 14n));
      expect(message.quoteAmount).toBe(String(ticks * lots));
      expect(notional(order.price, order.quantity)).toBe(formatDecimal(ticks * lots, 6));
    }
  });

  it("that is affordable is covered with its fee, and one lot more is not", () => {
    for (let round = 0; round < 500; round++) {
      const [funds, price] = [whole(14), whole(7) + 1n];
      const text = affordable(MARKET, formatDecimal(funds, 6), formatDecimal(price, 2), 500);
      const lots = parseDecimal(text ?? "0", 4);
      expect(price * lots * 1_000_500n <= funds * 1_000_000n).toBe(true);
      expect(price * (lots + 1n) * 1_000_500n > funds * 1_000_000n).toBe(true);
    }
  });

  it("moved or protected lies on a tick, on the safe side", () => {
    for (let round = 0; round < 500; round++) {
      const price = whole(9) + 100n;
      const text = formatDecimal(price, 2);
      const [buy, sell] = (["buy", "sell"] as const).map((side) =>
        parseDecimal(protectedPrice(MARKET, text, side, 10_000n) ?? "0", 2),
      ) as [bigint, bigint];
      expect(buy >= price && buy * 1_000_000n <= price * 1_010_000n + 1_000_000n).toBe(true);
      expect(sell <= price && sell * 1_000_000n >= floorTo(price * 990_000n, 1n) - 1_000_000n).toBe(true);
      expect(movePrice(MARKET, text, 3n)).toBe(formatDecimal(price + 3n, 2));
      expect(stepProblem(MARKET, text, "price")).toBeNull();
      expect(
        stepProblem(MARKET, `${formatDecimal(price, 2)}${text.includes(".") ? "00001" : ".00001"}`, "price"),
      ).not.toBeNull();
    }
  });
});
