// The contract's calls, and what is read and sent by hooks: on the exchange's own chain, never of what was asked before, and
// what was sent is never told as if it had not been.
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Refused, Unknown } from "../../src/api/http";
import type { Asset, Info, Market, Order } from "../../src/api/types";
import { Contract } from "../../src/chain/contract";
import { withdrawAtOnce } from "../../src/funds/withdrawal";
import type { Wallet } from "../../src/wallet/wallet";

/** As much of React as a hook needs that is called again and again: state and effects, by their place. */
const hooks = vi.hoisted(() => {
  const cells: unknown[] = [];
  let at = 0;
  return {
    begin: (anew = false): void => {
      if (anew) cells.length = 0;
      at = 0;
    },
    useState: (first: unknown) => {
      const place = at++;
      if (!(place in cells)) cells[place] = first;
      const set = (next: unknown): void => {
        cells[place] = typeof next === "function" ? next(cells[place]) : next;
      };
      return [cells[place], set];
    },
    useRef: (first: unknown) => {
      const place = at++;
      cells[place] ??= { current: first };
      return cells[place];
    },
    useMemo: (work: () => unknown) => work(),
    useEffect: (work: () => (() => void) | undefined, wanted: readonly unknown[]) => {
      const place = at++;
      const before = cells[place] as { wanted: readonly unknown[]; end?: () => void } | undefined;
      if (before?.wanted.every((one, index) => one === wanted[index])) return;
      before?.end?.();
      cells[place] = { wanted, end: work() };
    },
  };
});
vi.mock("react", async (original) => ({ ...(await original<object>()), ...hooks }));
vi.mock("zustand", async () => {
  const { createStore } = await import("zustand/vanilla");
  const create = () => (first: never) => {
    const store = createStore(first);
    const all = (state: unknown): unknown => state;
    return Object.assign((select = all) => select(store.getState()), store);
  };
  return { create };
});
vi.stubGlobal("sessionStorage", { getItem: () => "0.5", setItem: () => undefined });
vi.stubGlobal("localStorage", { getItem: () => null, setItem: () => undefined });
const { useChainRead: asked } = await import("../../src/chain/use_contract");
const { useTransfers: transfersAt } = await import("../../src/funds/transfers");
const { followConsole, readAgain, useConsole: console_, useRead: readAt } = await import("../../src/admin/feed");
const { desk } = await import("../../src/state/desk");
const { useStore } = await import("../../src/state/store");
const { OrderForm: formAt } = await import("../../src/trade/form");
const { ReplaceDialog: changeAt } = await import("../../src/trade/orders");
const { EMPTY_TICKET, useTicket, write } = await import("../../src/trade/ticket");

const ADDRESS = "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2";
const HASH = `0x${"ab".repeat(32)}`;
const INFO = { contract: ADDRESS, chain_id: 31337 } as Info;
const USDC = { id: "USDC", decimals: 6, token: ADDRESS } as Asset;
const WORD = `0x${"0".repeat(63)}1`;

let did: string[];
let chain: number;
let receipt: () => Promise<unknown>;

/** A token without permits, so that a deposit approves first; on another chain there is no contract. */
const wallet = {
  address: ADDRESS,
  call: (_: string, data: string) => {
    const isAllowance = data.startsWith("0xdd62ed3e");
    if (chain === 31337) return isAllowance ? Promise.resolve(WORD) : Promise.reject(new Error("reverted"));
    return Promise.resolve("0x");
  },
  joinChain: (id: number) => {
    did.push(`join ${id}`);
    chain = id;
    return Promise.resolve();
  },
  send: () => {
    did.push("send");
    return Promise.resolve(HASH);
  },
  receipt: () => receipt(),
} as unknown as Wallet;

beforeEach(() => {
  did = [];
  chain = 31337;
  receipt = () => Promise.resolve({ hash: HASH, succeeded: true });
});

describe("a transaction", () => {
  const contract = new Contract(wallet, INFO);

  it("that was sent is told as sent where nothing is heard of it", async () => {
    receipt = () => Promise.reject(new Error("HTTP request failed."));
    const error = await contract.requestWithdrawal(USDC, 5n).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(Unknown);
    expect(String(error)).toContain(HASH);
    expect(String(error)).toContain("HTTP request failed.");
  });

  it("that the contract refused is told as refused", async () => {
    receipt = () => Promise.resolve({ hash: HASH, succeeded: false });
    await expect(contract.freeze()).rejects.toThrow("The contract refused");
  });

  it("of a deposit begins on the exchange's chain, wherever the wallet went", async () => {
    chain = 1;
    await contract.deposit(USDC, 1n, () => undefined);
    expect(did[0]).toBe("join 31337");
    expect(did.filter((one) => one === "send")).toHaveLength(1);
  });
});

describe("a withdrawal at once", () => {
  const refused = (reason: string, field = ""): Refused =>
    new Refused({ title: "no", detail: "", reason, field, status: 422 } as never);

  /** Withdraws with what the exchange and then the wallet answer, and returns the salts that were asked for. */
  async function asking(...answers: [post: Error | null, redeem: Error | null][]): Promise<(string | undefined)[]> {
    const salts: (string | undefined)[] = [];
    for (const [post, redeem] of answers) {
      const told = (error: Error | null): Promise<never> =>
        error ? Promise.reject(error) : Promise.resolve({} as never);
      const http = {
        post: (_: string, body?: unknown) => {
          const { salt } = body as { salt?: string };
          salts.push(salt);
          return told(salt === undefined ? null : post);
        },
      };
      await withdrawAtOnce(http, { redeem: () => told(redeem) }, ADDRESS, USDC, "5").catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return salts;
  }

  it("that was declined, or not heard of, is tried again with the same voucher", async () => {
    const salts = await asking(
      [new Unknown("silence"), null],
      [null, new Error("declined")],
      [null, null],
      [null, null],
    );
    expect(new Set(salts.slice(0, 3)).size).toBe(1);
    expect(BigInt(salts[0] ?? 0) > 2n ** 40n).toBe(true);
    expect(salts[3]).not.toBe(salts[2]);
  });

  it("that is over is another one", async () => {
    const [first, again, next] = await asking(
      [null, new Error("declined")],
      [refused("invalid_voucher", "salt"), null],
      [null, null],
    );
    expect(again).toBe(first);
    expect(next).not.toBe(first);
  });

  it("goes without a name where a program counts higher", async () => {
    const [named, unnamed] = await asking([refused("invalid_voucher", "salt"), null]);
    expect([typeof named, unnamed]).toEqual(["string", undefined]);
  });
});

describe("what is read of the chain", () => {
  it("is of what is asked for now, never of what was asked before", async () => {
    const [dollars, ether] = [() => Promise.resolve(25_000n), () => Promise.reject(new Error("no answer"))];
    const shown = async (read: () => Promise<bigint>): Promise<(bigint | null)[]> => {
      const values: (bigint | null)[] = [];
      for (let turn = 0; turn < 2; turn++) {
        hooks.begin();
        values.push(asked(read, 60_000).value);
        await new Promise((resolve) => setTimeout(resolve));
      }
      return values;
    };
    expect(await shown(dollars)).toEqual([null, 25_000n]);
    expect(await shown(ether)).toEqual([null, null]);
  });
});

describe("what was deposited and withdrawn", () => {
  it("is read though the balances change all the time, and is not told as nothing before", async () => {
    vi.useFakeTimers();
    hooks.begin(true);
    const get = vi.spyOn(desk.http, "get").mockResolvedValue({ transfers: [{ at_ms: 1 }] } as never);
    try {
      const shown = [];
      for (let change = 0; change < 20; change++) {
        hooks.begin();
        shown.push(transfersAt([]).rows?.length ?? null);
        await vi.advanceTimersByTimeAsync(100);
      }
      expect(shown[0]).toBeNull();
      expect(shown.at(-1)).toBe(2);
      expect(get.mock.calls.length).toBeLessThanOrEqual(8);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("an older list of what was deposited and withdrawn", () => {
  it("is not taken after a newer one, nor is its failure told", async () => {
    vi.useFakeTimers();
    hooks.begin(true);
    const asked: { resolve(answer: unknown): void; reject(error: Error): void }[] = [];
    const get = vi.spyOn(desk.http, "get");
    get.mockImplementation((() => new Promise((resolve, reject) => asked.push({ resolve, reject }))) as never);
    const page = (sequence: number) => ({ transfers: [{ sequence, at_ms: sequence }], next: "further" });
    const shown = () => {
      hooks.begin();
      const { rows, problem } = transfersAt([]);
      return [rows?.map((row) => row.sequence), problem];
    };
    try {
      for (let change = 0; change < 4; change++) {
        shown();
        await vi.advanceTimersByTimeAsync(600);
      }
      for (const one of asked.slice(4, 6)) one.resolve(page(2));
      await vi.advanceTimersByTimeAsync(0);
      expect(shown()).toEqual([[2, 2], ""]);
      for (const one of asked.slice(0, 2)) one.resolve(page(1));
      asked[2]?.reject(new Error("away"));
      await vi.advanceTimersByTimeAsync(0);
      expect(shown()).toEqual([[2, 2], ""]);
      for (const one of asked.slice(6, 8)) one.resolve(page(3));
      await vi.advanceTimersByTimeAsync(0);
      expect(shown()).toEqual([[3, 3], ""]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("the order form", () => {
  interface Drawn {
    readonly props: {
      readonly children: readonly [Drawn, Drawn];
      onSubmit(event: object): void;
      onSign(): Promise<void>;
    };
  }

  it("is emptied by the answer to the order that it describes, not by that to one before", async () => {
    hooks.begin(true);
    const market = { id: "ETH-USDC", tick: "1", lot: "1", base: { decimals: 0 }, quote: { decimals: 0 } } as Market;
    useStore.setState({ info: { requires_signature: false } as Info, wallet });
    const answer = { order: { status: "new", filled: "0" }, sequence: 1 };
    let told: (answer: unknown) => void = () => undefined;
    vi.spyOn(desk.http, "post").mockImplementation(((path: string) =>
      path === "/orders/preview" ? Promise.resolve({}) : new Promise((resolve) => (told = resolve))) as never);
    const drawn = (): Drawn["props"]["children"] => {
      hooks.begin();
      return (formAt({ market }) as unknown as Drawn).props.children;
    };
    const reviewed = async (quantity: string): Promise<Drawn> => {
      write({ ...EMPTY_TICKET, price: "5", quantity });
      drawn()[0].props.onSubmit({ preventDefault: () => undefined });
      await new Promise((resolve) => setTimeout(resolve));
      return drawn()[1];
    };
    const placing = (await reviewed("1")).props.onSign();
    await reviewed("2");
    told(answer);
    await placing;
    expect(useTicket.getState().quantity).toBe("2");
    const next = drawn()[1].props.onSign();
    await new Promise((resolve) => setTimeout(resolve));
    told(answer);
    await next;
    expect(useTicket.getState().quantity).toBe("");
  });
});

describe("new terms", () => {
  const market = { id: "ETH-USDC", tick: "1", lot: "0.1", base: { decimals: 1 }, quote: { decimals: 0 } } as Market;
  const order = { order_id: "7", market: "ETH-USDC", price: "5", quantity: "1", filled: "0" } as Order;
  const now = { ...order, filled: "0.4" };
  const meanwhile = new Refused({ title: "no", detail: "", reason: "filled_meanwhile", status: 409 } as never);

  it("are of the order as it was last told: what traded since is taken in only once a refusal said so", async () => {
    hooks.begin(true);
    useStore.setState({ info: { requires_signature: false } as Info, wallet, markets: [market] });
    const expected: unknown[] = [];
    const attempt = async (error: unknown): Promise<void> => {
      vi.spyOn(desk.http, "post").mockImplementation(((_: string, body: { expected_filled: string }) => {
        expected.push(body.expected_filled);
        return Promise.reject(error);
      }) as never);
      hooks.begin();
      const drawn = changeAt({ order, onClose: () => undefined }) as { props: { children: unknown[] } } | null;
      const button = drawn?.props.children.at(-1) as { props: { work(): Promise<void> } };
      await button.props.work();
    };
    const get = vi.spyOn(desk.http, "get").mockRejectedValue(new Unknown("no answer"));
    useStore.setState({ orders: new Map([["7", now]]) });
    await attempt({ code: 4001 });
    await attempt(new Unknown("no answer"));
    // The refusal comes before the report of the fill, or while there is no line that it could come by.
    useStore.setState({ orders: new Map([["7", order]]) });
    await attempt(meanwhile);
    get.mockResolvedValue(now as never);
    await attempt(meanwhile);
    await attempt(meanwhile);
    expect(expected).toEqual(["0", "0", "0", "0", "0.4"]);
    expect(get).toHaveBeenLastCalledWith("/orders/7");
  });
});

describe("what the console reads", () => {
  it("is the newest answer though an older one comes later, and a failure is of its own address", async () => {
    hooks.begin(true);
    const answers: ((value: unknown) => void)[] = [];
    vi.spyOn(desk.http, "get").mockImplementation((() => new Promise((resolve) => answers.push(resolve))) as never);
    const shown = async (path: string) => {
      hooks.begin();
      const { value, problem } = readAt<string>(path);
      await new Promise((resolve) => setTimeout(resolve));
      return [value, problem];
    };
    await shown("/admin/risk");
    readAgain();
    await shown("/admin/risk");
    answers[1]?.("after the action");
    await shown("/admin/risk");
    answers[0]?.("before it");
    await shown("/admin/risk");
    expect(await shown("/admin/risk")).toEqual(["after the action", ""]);
    await shown("/admin/users");
    answers[2]?.(Promise.reject(new Error("away")));
    await shown("/admin/users");
    expect(await shown("/admin/users")).toEqual([null, "away"]);
    expect(await shown("/admin/risk")).toEqual(["after the action", ""]);
  });
});

describe("the console", () => {
  it("says that a wallet has no role only where the exchange says so", async () => {
    vi.spyOn(desk.socket, "subscribe").mockReturnValue(() => undefined);
    const get = vi.spyOn(desk.http, "get");
    for (const [status, access] of [
      [401, "asking"],
      [403, "refused"],
    ] as const) {
      get.mockRejectedValue(new Refused({ title: "Unauthenticated", detail: "", reason: "", status } as never));
      const leave = followConsole();
      await new Promise((resolve) => setTimeout(resolve));
      const { access: found, problem, statistics } = console_.getState();
      expect([found, problem, statistics]).toEqual([access, status === 401 ? "Unauthenticated" : "", null]);
      leave();
    }
  });

  it("that is refused, or whose exchange is away, asks again every few seconds, not every one", async () => {
    vi.useFakeTimers();
    vi.spyOn(desk.socket, "subscribe").mockReturnValue(() => undefined);
    const get = vi.spyOn(desk.http, "get").mockClear();
    const refused = new Refused({ title: "Forbidden", detail: "", reason: "", status: 403 } as never);
    try {
      for (const error of [refused, new Error("away")]) {
        get.mockClear().mockRejectedValue(error);
        const leave = followConsole();
        await vi.advanceTimersByTimeAsync(20_000);
        leave();
        expect(get.mock.calls.length).toBeGreaterThan(1);
        expect(get.mock.calls.length).toBeLessThanOrEqual(6);
      }
    } finally {
      vi.useRealTimers();
    }
  });
});
