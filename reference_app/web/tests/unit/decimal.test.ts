// Decimals are exact both ways, whatever their size, and what is no plain number is refused.
import { describe, expect, it } from "vitest";
import type { Market } from "../../src/api/types";
import {
  decimalsOf,
  formatDecimal,
  grouped,
  padded,
  parseDecimal,
  percentOfPpm,
  share,
  tryDecimal,
  typedNumber,
} from "../../src/money/decimal";
import { shownIn } from "../../src/money/market";

describe("decimals", () => {
  it("keep every digit both ways", () => {
    for (const text of ["0", "1", "0.000000000000000001", "123456789012345678901234567890.123456789012345678"]) {
      expect(formatDecimal(parseDecimal(text, 18), 18)).toBe(text);
    }
    expect(parseDecimal("-1.5", 2)).toBe(-150n);
    expect(formatDecimal(-150n, 2)).toBe("-1.5");
  });

  it("refuse what is no plain number", () => {
    for (const text of [
      "",
      " 1",
      "+1",
      "1e3",
      "1_000",
      "01",
      ".5",
      "1.",
      "NaN",
      "Infinity",
      "0x10",
      "1,5",
      "١",
      `${"9".repeat(90)}`,
    ]) {
      expect(() => parseDecimal(text, 18), text).toThrow();
    }
  });

  it("refuse finer text than there are decimals, but not zeros behind it", () => {
    expect(() => parseDecimal("1.23", 1)).toThrow("at most 1 decimals");
    expect(parseDecimal("1.20", 1)).toBe(12n);
    expect(tryDecimal("1.23", 1)).toBeNull();
  });

  it("are shown with thousands apart and digits in line, none lost", () => {
    expect(grouped("1234567.0001")).toBe("1,234,567.0001");
    expect(grouped("-1000")).toBe("-1,000");
    expect(padded("1.5", 4)).toBe("1.5000");
    expect(padded("1.23456", 2)).toBe("1.23456");
    expect(padded("7", 0)).toBe("7");
    expect(decimalsOf("0.01")).toBe(2);
    expect(percentOfPpm(500)).toBe("0.05%");
    expect(percentOfPpm(-100)).toBe("-0.01%");
  });

  it("are never made a thousandth by a comma between thousands, and a comma that is typed is a point", () => {
    const typed = [..."12,5"].reduce((before, letter) => typedNumber(before, before + letter, false), "");
    expect(typed).toBe("12.5");
    for (const text of ["25,000", "1,234,567", "60,123.45"]) {
      const pasted = typedNumber("", ` ${text} `, true);
      expect(tryDecimal(pasted, 6)).toBeNull();
      expect(tryDecimal(typedNumber(pasted, `${pasted}0`, false), 6)).toBeNull();
      expect(tryDecimal(typedNumber(pasted, pasted.slice(0, -1), false), 6)).toBeNull();
    }
    expect(typedNumber("25,000", "25000", false)).toBe("25000");
  });

  it("give a share of a whole that never leaves it", () => {
    expect([share(1n, 3n), share(5n, 3n), share(0n, 3n), share(1n, 0n)]).toEqual([333, 1000, 0, 0]);
  });
});

describe("a market's numbers", () => {
  const market = {
    id: "ETH-USDC",
    tick: "0.01",
    lot: "0.0001",
    quote: { decimals: 6 },
    base: { decimals: 18 },
  } as Market;

  it("line up at its tick and its lot, with every digit that they have", () => {
    const shown = shownIn([market]);
    expect(shown.price({ market: "ETH-USDC" }, "2500")).toBe("2,500.00");
    expect(shown.quantity({ market: "ETH-USDC" }, "12345.5")).toBe("12,345.5000");
    expect(shown.price({ market: "ETH-USDC" }, "2500.12345")).toBe("2,500.12345");
  });

  it("stay as the exchange wrote them where the market is not known", () => {
    expect(shownIn([]).price({ market: "ETH-USDC" }, "2500")).toBe("2500");
    expect(shownIn([market]).quantity({ market: "BTC-USDC" }, "1234.5")).toBe("1234.5");
  });
});
