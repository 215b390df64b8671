// A session ends when the exchange says so, and not while it can not be asked.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Info } from "../../src/api/types";
import { ownTab } from "../../src/state/tab";
import { Session } from "../../src/wallet/session";
import type { Wallet } from "../../src/wallet/wallet";

const NOW = 1_900_000_000_000;
const WALLET = { id: "demo", address: "0x1", signText: () => Promise.resolve("0x") } as unknown as Wallet;
let kept: Map<string, string>;
let answers: Record<string, () => Response>;

const json = (status: number, body: unknown): Response => new Response(JSON.stringify(body), { status });
const refusing = (status: number) => () => json(status, { title: "No", status, reason: "no", detail: "" });
const opened = (name: string, endsMs: number) => () =>
  json(200, { account: "0x1", access_token: name, access_expires_at_ms: endsMs, refresh_token: `${name}-refresh` });

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  kept = new Map();
  vi.stubGlobal("sessionStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
  answers = { "/auth/nonce": () => json(200, { nonce: "n" }), "/auth/login": opened("first", NOW + 60_000) };
  vi.stubGlobal("fetch", (path: string) => Promise.resolve(answers[path]?.()));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function signedIn(): Promise<{ session: Session; ended: ReturnType<typeof vi.fn<() => void>> }> {
  const [session, ended] = [new Session(), vi.fn<() => void>()];
  session.ended = ended;
  await session.login(WALLET, { login: { chain_id: 1 } } as Info, "https://exchange.example");
  return { session, ended };
}

describe("a session", () => {
  for (const status of [429, 500, 503])
    it(`goes on after its renewal was answered with ${status}`, async () => {
      const { session, ended } = await signedIn();
      answers["/auth/refresh"] = refusing(status);
      vi.setSystemTime(NOW + 40_000);
      expect(await session.token()).toBe("first");
      vi.setSystemTime(NOW + 61_000);
      expect(await session.token()).toBeNull();
      expect(session.account).toBe("0x1");
      answers["/auth/refresh"] = opened("second", NOW + 600_000);
      expect(await session.token()).toBe("second");
      expect(ended).not.toHaveBeenCalled();
    });

  it("ends where its renewal is refused", async () => {
    const { session, ended } = await signedIn();
    answers["/auth/refresh"] = refusing(401);
    vi.setSystemTime(NOW + 40_000);
    expect(await session.token()).toBeNull();
    expect([session.account, kept.size, ended.mock.calls.length]).toEqual([null, 0, 1]);
  });

  for (const [name, answer] of [
    ["is answered", opened("late", NOW + 600_000)],
    ["is refused", refusing(401)],
  ] as const)
    it(`that was left does not come back when its renewal ${name} late`, async () => {
      const { session, ended } = await signedIn();
      let arrive: (reply: Response) => void = () => undefined;
      const reply = new Promise<Response>((resolve) => {
        arrive = resolve;
      });
      answers["/auth/refresh"] = () => reply as unknown as Response;
      answers["/auth/logout"] = () => json(200, {});
      vi.setSystemTime(NOW + 40_000);
      const asked = session.token();
      await session.logout();
      expect([session.account, kept.size]).toEqual([null, 0]);
      answers["/auth/login"] = opened("other", NOW + 600_000);
      await session.login(WALLET, { login: { chain_id: 1 } } as Info, "https://exchange.example");
      arrive(answer());
      expect(await asked).toBeNull();
      expect(await session.token()).toBe("other");
      expect([...kept.values()].join()).toContain("other-refresh");
      expect(ended).not.toHaveBeenCalled();
    });

  it("renews a token that the exchange refused, whatever this machine's clock says", async () => {
    const { session, ended } = await signedIn();
    answers["/auth/refresh"] = opened("second", NOW + 60_000);
    expect(await session.token("first")).toBe("second");
    expect(await session.token("first")).toBe("second");
    expect(await session.token("of another account")).toBeNull();
    answers["/auth/refresh"] = refusing(503);
    expect(await session.token("second")).toBeNull();
    answers["/auth/refresh"] = refusing(401);
    expect(await session.token("second")).toBeNull();
    expect([session.account, ended.mock.calls.length]).toEqual([null, 1]);
  });
});

describe("a tab", () => {
  const named = (entries: Record<string, string>): Storage =>
    Object.defineProperties(entries, {
      getItem: { value: (key: string) => entries[key] ?? null },
      setItem: {
        value: (key: string, value: string) => {
          entries[key] = value;
        },
      },
      removeItem: {
        value: (key: string) => {
          delete entries[key];
        },
      },
    }) as unknown as Storage;
  const locks = (taken: boolean): Pick<LockManager, "request"> =>
    ({
      request: (_: string, __: object, hold: () => Promise<unknown>) =>
        taken ? Promise.reject(new DOMException("signal timed out")) : hold(),
    }) as never;

  it("that is loaded again keeps its session and its lanes", async () => {
    const entries = { "hybrid-dex.tab": "1", "hybrid-dex.session": "mine", "hybrid-dex.lanes": "0.5" };
    await ownTab(locks(false), named(entries));
    expect(entries).toEqual({ "hybrid-dex.tab": "1", "hybrid-dex.session": "mine", "hybrid-dex.lanes": "0.5" });
  });

  it("that is a copy of one that is open keeps neither, and has a name of its own", async () => {
    const entries = { "hybrid-dex.tab": "1", "hybrid-dex.session": "its", "hybrid-dex.lanes": "0.5", other: "stays" };
    await ownTab(locks(true), named(entries));
    expect(entries).toEqual({ "hybrid-dex.tab": expect.stringMatching(/^[0-9-]+$/), other: "stays" });
    expect(entries["hybrid-dex.tab"]).not.toBe("1");
  });

  it("keeps what it has where the browser has no locks", async () => {
    const entries = { "hybrid-dex.tab": "1", "hybrid-dex.session": "mine" };
    await ownTab(null, named(entries));
    expect(entries).toHaveProperty(["hybrid-dex.session"], "mine");
  });
});
