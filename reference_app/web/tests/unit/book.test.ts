// The replica shows the exchange's book or none: gaps, wrong checksums and crossed books empty it.
import { describe, expect, it } from "vitest";
import { BookReplica, checksum, crc32 } from "../../src/api/book";
import type { BookUpdate } from "../../src/api/types";

function update(fields: Partial<BookUpdate>): BookUpdate {
  return { type: "book", kind: "delta", market: "ETH-USDC", sequence: 1, at_ms: 1, bids: [], asks: [], ...fields };
}

const SNAPSHOT = update({
  kind: "snapshot",
  sequence: 10,
  bids: [
    ["99", "1"],
    ["98.5", "2"],
  ],
  asks: [["101", "3"]],
});

describe("the replica", () => {
  it("takes a snapshot and the deltas that follow it", () => {
    const book = new BookReplica();
    expect(book.apply(SNAPSHOT)).toBe("applied");
    expect(
      book.apply(
        update({
          sequence: 12,
          previous: 10,
          bids: [
            ["99", "0"],
            ["98.75", "4"],
          ],
        }),
      ),
    ).toBe("applied");
    expect(book.bids.map((level) => [level.price, level.quantity])).toEqual([
      ["98.75", "4"],
      ["98.5", "2"],
    ]);
    expect(book.apply(update({ sequence: 12, previous: 10, bids: [["1", "1"]] }))).toBe("passed over");
    expect(book.sequence).toBe(12);
  });

  it("keeps deltas that come before the first snapshot", () => {
    const book = new BookReplica();
    expect(book.apply(update({ sequence: 11, previous: 10, asks: [["100.5", "1"]] }))).toBe("passed over");
    book.apply(SNAPSHOT);
    expect(book.asks.map((level) => level.price)).toEqual(["100.5", "101"]);
  });

  it("is emptied by a gap until the next snapshot", () => {
    const book = new BookReplica();
    book.apply(SNAPSHOT);
    expect(book.apply(update({ sequence: 14, previous: 12 }))).toBe("gap");
    expect([book.synced, book.bids.length, book.asks.length]).toEqual([false, 0, 0]);
    expect(book.apply({ ...SNAPSHOT, sequence: 20 })).toBe("applied");
  });

  it("is emptied by a wrong checksum and by a crossed book, but for an auction's", () => {
    const book = new BookReplica();
    expect(book.apply({ ...SNAPSHOT, checksum: 1 })).toBe("gap");
    expect(book.apply({ ...SNAPSHOT, checksum: crc32("99:1|98.5:2|101:3") })).toBe("applied");
    expect(book.apply(update({ sequence: 11, previous: 10, bids: [["101", "1"]] }))).toBe("gap");
    book.apply({ ...SNAPSHOT, sequence: 20 });
    expect(book.apply(update({ sequence: 21, previous: 20, bids: [["101", "1"]], may_cross: true }))).toBe("applied");
  });

  it("sorts by the number, not by the text", () => {
    const book = new BookReplica();
    book.apply(
      update({
        kind: "snapshot",
        sequence: 1,
        asks: [
          ["100", "1"],
          ["9", "1"],
          ["99.5", "1"],
        ],
      }),
    );
    expect(book.asks.map((level) => level.price)).toEqual(["9", "99.5", "100"]);
  });

  it("computes the CRC-32 that others compute", () => {
    expect(crc32("123456789")).toBe(0xcbf43926);
    expect(checksum([], [])).toBe(0);
  });
});
