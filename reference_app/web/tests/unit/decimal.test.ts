// Decimals are exact both ways, whatever their size, and what is no plain number is refused.
import { describe, expect, it } from "vitest";
import {
  decimalsOf,
  formatDecimal,
  grouped,
  padded,
  parseDecimal,
  percentOfPpm,
  share,
  tryDecimal,
} from "../../src/money/decimal";

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

  it("give a share of a whole that never leaves it", () => {
    expect([share(1n, 3n), share(5n, 3n), share(0n, 3n), share(1n, 0n)]).toEqual([333, 1000, 0, 0]);
  });
});
