// Long lists: which rows are in the document, and times and bars that are drawn without asking for them again.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Order, Transfer } from "../../src/api/types";
import { placeOf, windowOf } from "../../src/components/rows";
import { axisText, clockText, timeText } from "../../src/components/times";
import { together, withNewest } from "../../src/funds/transfers";
import { programWords } from "../../src/keys/programs";
import { eachFrame } from "../../src/state/feeds";
import { barsPath, ownPrices } from "../../src/trade/book";
import { below, chance, SEED } from "./chance";

describe("the window of a list", () => {
  it(`holds every row in sight wherever it is scrolled to, and never many more (seed ${SEED})`, () => {
    const random = chance(SEED);
    for (let round = 0; round < 2_000; round++) {
      const [count, seen] = [below(random, 3_000), 1 + below(random, 60)];
      const top = below(random, Math.max(1, count - seen + 1));
      const [first, last] = windowOf(top, seen, count);
      expect(first).toBeGreaterThanOrEqual(0);
      expect(first).toBeLessThanOrEqual(top);
      expect(last).toBeGreaterThanOrEqual(Math.min(count, top + seen));
      expect(last).toBeLessThanOrEqual(count);
      expect(last - first).toBeLessThanOrEqual(seen + 13);
    }
  });

  it("is never turned round, not even while the list became shorter than where it was scrolled to", () => {
    expect(windowOf(500, 10, 3)).toEqual([0, 3]);
    expect(windowOf(0, 10, 0)).toEqual([0, 0]);
  });

  it("moves on by what came before the row that was first, and stays where that is gone", () => {
    const rows = ["e", "d", "c"];
    const key = (row: string): string => row;
    expect(placeOf(rows, "c", key)).toBe(2);
    expect(placeOf(rows, "e", key)).toBe(0);
    expect(placeOf(rows, "a", key)).toBe(0);
    expect(placeOf([], "a", key)).toBe(0);
  });
});

describe("times", () => {
  it(`are what the browser's own formats say, to the second (seed ${SEED})`, () => {
    const random = chance(SEED);
    const day = new Intl.DateTimeFormat([], { month: "short", day: "numeric" });
    const clock = new Intl.DateTimeFormat([], {
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    });
    for (let round = 0; round < 2_000; round++) {
      const ms = below(random, 4_000_000_000) * 1_000 + below(random, 1_000);
      expect(clockText(ms)).toBe(clock.format(ms));
      expect(timeText(ms)).toBe(`${day.format(ms)}, ${clock.format(ms)}`);
    }
  });

  it("keep two days apart that have one number in two months, or one name in two years", () => {
    const shown = [new Date(2026, 0, 31), new Date(2026, 1, 28), new Date(2027, 0, 31)].map((day) => timeText(+day));
    expect(new Set(shown).size).toBe(2);
    expect(shown[0]).toBe(shown[2]);
  });

  it("below a chart are the browser's, too, not UTC", () => {
    const zone = process.env.TZ;
    const at = Date.UTC(2026, 11, 24, 2, 30);
    try {
      process.env.TZ = "America/New_York";
      expect(axisText(at, "minute")).toBe("21:30");
      expect(axisText(at, "minute")).toBe(clockText(at).slice(0, 5));
      expect(timeText(at).startsWith(axisText(at, "day"))).toBe(true);
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it("have one form on every page", () => {
    const sources = import.meta.glob<string>("../../src/**/*.{ts,tsx}", {
      query: "?raw",
      import: "default",
      eager: true,
    });
    expect(Object.keys(sources).length).toBeGreaterThan(40);
    for (const [name, text] of Object.entries(sources)) expect(text, name).not.toMatch(/toLocale(Date|Time)?String/);
  });
});

describe("a program that logged in", () => {
  const chrome =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";

  it("is named by its browser and its system, where they are known", () => {
    expect(programWords(chrome)).toBe("Chrome on Linux");
    expect(programWords(`${chrome} Edg/142.0`)).toBe("Edge on Linux");
    const safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1";
    expect(programWords(safari)).toBe("Safari on iPhone");
    expect(programWords("Firefox/140.0")).toBe("Firefox");
  });

  it("is shown as it names itself otherwise, and not for ever", () => {
    expect(programWords("python-httpx/0.28.1")).toBe("python-httpx/0.28.1");
    expect(programWords("")).toBe("");
    expect(programWords("<b>".repeat(100))).toHaveLength(41);
  });
});

describe("deposits and withdrawals", () => {
  const row = (at: number, kind = "deposit"): Transfer =>
    ({ sequence: at, kind, asset: "ETH", amount: "1", available: "1", at_ms: at }) as Transfer;
  const times = (rows: readonly Transfer[]): number[] => rows.map((one) => one.at_ms);

  it("are one list as far back as both were read, so that neither seems to have begun later than it did", () => {
    const deposits = { rows: [row(90), row(80)], next: "80" };
    const withdrawals = { rows: [row(95, "withdrawal"), row(85, "withdrawal"), row(10, "withdrawal")], next: null };
    expect(times(together([deposits, withdrawals]))).toEqual([95, 90, 85, 80]);
    expect(times(together([{ rows: [...deposits.rows, row(5)], next: null }, withdrawals]))).toEqual([
      95, 90, 85, 80, 10, 5,
    ]);
    expect(together([{ rows: [], next: null }])).toEqual([]);
  });

  it("stay as far back as they were read when newer ones come, and begin anew where some are missing between", () => {
    const known = { rows: [row(90), row(80), row(70)], next: "70" };
    const joined = withNewest(known, { transfers: [row(95), row(90)], next: "90" });
    expect([times(joined.rows), joined.next]).toEqual([[95, 90, 80, 70], "70"]);
    const anew = withNewest(known, { transfers: [row(99), row(98)], next: "98" });
    expect([times(anew.rows), anew.next]).toEqual([[99, 98], "98"]);
    expect(withNewest(undefined, { transfers: [row(1)] })).toEqual({ rows: [row(1)], next: null });
  });
});

describe("own orders in the book", () => {
  const order = (price: string, fields: object): Order =>
    ({ market: "M", side: "sell", price, open: "1", asleep: "0", waiting: false, ...fields }) as Order;

  it("are marked where they stand, and not where an exit waits for its entry or its trigger", () => {
    const orders = [
      order("1", {}),
      order("2", { asleep: "1" }),
      order("3", { asleep: "0.5" }),
      order("4", { waiting: true }),
      order("5", { market: "N" }),
    ];
    expect([...ownPrices(orders, "M").sell]).toEqual(["1", "3"]);
  });
});

describe("the bars of a side", () => {
  it("end at the right edge, each as long as its part, a line between them", () => {
    expect(barsPath([{ part: 1_000 }, { part: 250 }])).toBe("M1000 1h-1000v19h1000zM1000 22h-250v19h250z");
    expect(barsPath([])).toBe("");
  });
});

describe("work that rests", () => {
  let frames: (() => void)[];
  let ran: number;
  const frame = (): void => {
    for (const work of frames.splice(0)) work();
  };

  beforeEach(() => {
    vi.useFakeTimers();
    frames = [];
    ran = 0;
    vi.stubGlobal("requestAnimationFrame", (work: () => void) => frames.push(work));
    vi.stubGlobal("document", { hidden: false });
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it("runs at once, then not before its rest is over, and never loses the last call", () => {
    const ask = eachFrame(() => {
      ran += 1;
    }, 25);
    ask();
    ask();
    frame();
    expect(ran).toBe(1);
    ask();
    vi.advanceTimersByTime(24);
    frame();
    expect(ran).toBe(1);
    vi.advanceTimersByTime(1);
    frame();
    expect(ran).toBe(2);
    vi.advanceTimersByTime(1_000);
    frame();
    expect(ran).toBe(2);
  });

  it("takes turns with other work, a frame each and in order, but what rests waits for no other", () => {
    const told: string[] = [];
    const work = (name: string, restMs?: number): (() => void) =>
      eachFrame(() => {
        told.push(name);
        if (name === "broken") throw new Error(name);
      }, restMs);
    const all = [work("fills"), work("broken"), work("trades"), work("book", 25)];
    for (const ask of [...all, ...all]) ask();
    frame();
    expect(told).toEqual(["fills", "book"]);
    all[0]?.();
    expect(frame).toThrow("broken");
    frame();
    frame();
    frame();
    expect(told).toEqual(["fills", "book", "broken", "trades", "fills"]);
  });

  it("runs with every frame where none is asked for", () => {
    const ask = eachFrame(() => {
      ran += 1;
    });
    for (let round = 0; round < 3; round++) {
      ask();
      frame();
    }
    expect(ran).toBe(3);
  });
});
