// What an answer means: a refusal is the exchange's own; of anything else nothing is assumed.
import { afterEach, describe, expect, it, vi } from "vitest";
import { exchange, Refused, Unknown } from "../../src/api/http";

function answered(status: number, body: string): Promise<unknown> {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, { status })));
  return exchange("POST", "/orders", {}).catch((error: unknown) => error);
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

  it("is a refusal where a proxy lets nothing through", async () => {
    expect(await answered(403, "<h1>Forbidden</h1>")).toBeInstanceOf(Refused);
  });
});
