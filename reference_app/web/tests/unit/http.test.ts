// What an answer means: a refusal is the exchange's own; of anything else nothing is assumed.
import type { ReactElement } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { exchange, Http, InDoubt, Refused, Unknown } from "../../src/api/http";
import { Boundary } from "../../src/components/boundary";

function answered(status: number, body: string, method = "POST", path = "/orders"): Promise<unknown> {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, { status })));
  return exchange(method, path).catch((error: unknown) => error);
}

const problem = (reason: string, status: number): string =>
  JSON.stringify({ type: "", title: "No", status, code: 1, reason, detail: "why", field: "", valid: "" });

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("an answer", () => {
  it("is a refusal where the exchange wrote it", async () => {
    for (const [reason, status] of [
      ["insufficient_funds", 422],
      ["unavailable", 503],
    ] as const) {
      const error = await answered(status, problem(reason, status));
      expect(error).toBeInstanceOf(Refused);
      expect((error as Refused).problem.reason).toBe(reason);
    }
  });

  it("leaves unknown what was done where a proxy answers for the exchange, or the exchange says so", async () => {
    for (const body of ["<h1>502 Bad Gateway</h1>", "", "null", "{}"])
      expect(await answered(502, body)).toBeInstanceOf(Unknown);
    const untold = await answered(504, problem("unknown_outcome", 504));
    expect(untold).toBeInstanceOf(Unknown);
    expect(String(untold)).toContain("why");
  });

  it("leaves unknown whether orders were entered or changed where something broke at the exchange", async () => {
    for (const [method, path] of [
      ["POST", "/orders"],
      ["POST", "/orders/linked"],
      ["POST", "/orders/7/replace"],
      ["DELETE", "/orders/7"],
      ["DELETE", "/orders?market=ETH-USDC"],
    ] as const) {
      const untold = await answered(500, problem("internal", 500), method, path);
      expect(untold).toBeInstanceOf(InDoubt);
      expect(String(untold)).toContain("why. Look at your orders");
    }
    for (const [method, path] of [
      ["GET", "/orders/7"],
      ["POST", "/orders/preview"],
      ["POST", "/account/withdrawals"],
    ] as const)
      expect(await answered(500, problem("internal", 500), method, path)).toBeInstanceOf(Refused);
  });

  it("is a refusal where a proxy lets nothing through", async () => {
    expect(await answered(403, "<h1>Forbidden</h1>")).toBeInstanceOf(Refused);
  });
});

describe("a page that is loaded again", () => {
  it("stays while the exchange is out of reach, since the browser's own error would take its place", async () => {
    const reload = vi.fn();
    vi.stubGlobal("location", { href: "http://dex.example/portfolio", reload });
    const page = new Boundary({ children: null });
    vi.spyOn(page, "setState").mockImplementation((state) => Object.assign(page.state, state));
    page.setState({ failed: true });
    const pressed = async (): Promise<string> => {
      const drawn = page.render() as ReactElement<{ children: [unknown, ReactElement<{ work(): Promise<void> }>] }>;
      await drawn.props.children[1].props.work();
      return renderToString(page.render());
    };
    for (const answer of [
      () => Promise.reject(new TypeError()),
      () => Promise.resolve(new Response("", { status: 502 })),
    ]) {
      vi.stubGlobal("fetch", answer);
      expect(await pressed()).toContain("does not answer");
      expect(reload).not.toHaveBeenCalled();
    }
    const fetched = vi.fn(() => Promise.resolve(new Response("<html>")));
    vi.stubGlobal("fetch", fetched);
    await pressed();
    expect(fetched).toHaveBeenCalledWith(
      "http://dex.example/portfolio",
      expect.objectContaining({ cache: "no-store" }),
    );
    expect(reload).toHaveBeenCalledOnce();
  });
});

describe("a token that the exchange refuses", () => {
  const ended = problem("unauthenticated", 401);

  /** Answers by who asks; tokens are given in turn, as a session gives them. */
  function asking(tokens: (string | null)[]): { http: Http; sent: string[]; refused: (string | undefined)[] } {
    const [sent, refused]: [string[], (string | undefined)[]] = [[], []];
    vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
      const who = (init.headers as Record<string, string>).authorization ?? "";
      sent.push(who);
      return Promise.resolve(
        new Response(who === "Bearer new" ? "{}" : ended, { status: who === "Bearer new" ? 200 : 401 }),
      );
    });
    const token = (one?: string): Promise<string | null> => {
      refused.push(one);
      return Promise.resolve(tokens.shift() ?? null);
    };
    return { http: new Http({ token }), sent, refused };
  }

  it("is renewed, and the request made again with the new one", async () => {
    const { http, sent, refused } = asking(["old", "new"]);
    expect(await http.post("/orders", {})).toEqual({});
    expect([sent, refused]).toEqual([
      ["Bearer old", "Bearer new"],
      [undefined, "old"],
    ]);
  });

  it("is not sent again where there is no other, nor a third time", async () => {
    for (const [tokens, times] of [
      [["old", null], 1],
      [["old", "older"], 2],
    ] as const) {
      const { http, sent } = asking([...tokens]);
      await expect(http.post("/orders", {})).rejects.toBeInstanceOf(Refused);
      expect(sent).toHaveLength(times);
    }
  });
});
