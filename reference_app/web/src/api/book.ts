// A local copy of a book: one snapshot, then deltas, and never a book that was not. A gap or a wrong checksum
// empties it until the next snapshot.
import { parseDecimal } from "../money/decimal";
import type { BookUpdate } from "./types";

export interface Level {
  readonly price: string;
  readonly quantity: string;
  /** The price in parts of 10^-18, for order; the texts are what is shown. */
  readonly key: bigint;
}

export type Step = "applied" | "passed over" | "gap";

const SCALE = 18;
const CHECKED = 10;
const MAX_EARLY = 1_000;

export class BookReplica {
  synced = false;
  sequence = 0;
  atMs = 0;
  private readonly sides: { bids: Level[]; asks: Level[] } = { bids: [], asks: [] };
  private early: BookUpdate[] = [];

  /** Bids, best first. */
  get bids(): readonly Level[] {
    return this.sides.bids;
  }

  /** Asks, best first. */
  get asks(): readonly Level[] {
    return this.sides.asks;
  }

  apply(update: BookUpdate): Step {
    if (update.kind === "snapshot") return this.begin(update);
    if (!this.synced) {
      if (this.early.length >= MAX_EARLY) return this.lose();
      this.early.push(update);
      return "passed over";
    }
    return this.follow(update);
  }

  /** Forgets everything, as after a lost connection. */
  lose(): Step {
    this.synced = false;
    this.sides.bids.length = 0;
    this.sides.asks.length = 0;
    this.early = [];
    return "gap";
  }

  private begin(update: BookUpdate): Step {
    if (this.synced && update.sequence < this.sequence) return "passed over";
    const waiting = this.early;
    this.lose();
    for (const side of ["bids", "asks"] as const) {
      for (const [price, quantity] of update[side]) this.set(side, price, quantity);
    }
    this.synced = true;
    this.sequence = update.sequence;
    this.atMs = update.at_ms;
    if (this.wrong(update)) return this.lose();
    for (const delta of waiting) if (this.follow(delta) === "gap") return "gap";
    return "applied";
  }

  private follow(update: BookUpdate): Step {
    if (update.sequence <= this.sequence) return "passed over";
    if ((update.previous ?? 0) > this.sequence) return this.lose();
    for (const side of ["bids", "asks"] as const) {
      for (const [price, quantity] of update[side]) this.set(side, price, quantity);
    }
    this.sequence = update.sequence;
    this.atMs = update.at_ms;
    return this.wrong(update) ? this.lose() : "applied";
  }

  private set(name: "bids" | "asks", price: string, quantity: string): void {
    const levels = this.sides[name];
    const key = parseDecimal(price, SCALE);
    const descending = name === "bids";
    let low = 0;
    let high = levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const at = (levels[middle] as Level).key;
      if (descending ? at > key : at < key) low = middle + 1;
      else high = middle;
    }
    const same = levels[low]?.key === key ? 1 : 0;
    if (quantity === "0") levels.splice(low, same);
    else levels.splice(low, same, { price, quantity, key });
  }

  private wrong(update: BookUpdate): boolean {
    const [bid, ask] = [this.bids[0], this.asks[0]];
    if (bid && ask && bid.key >= ask.key && !update.may_cross) return true;
    return update.checksum != null && checksum(this.bids, this.asks) !== update.checksum;
  }
}

/** Returns the CRC-32 of a book's best levels, as the exchange computes it. */
export function checksum(bids: readonly Level[], asks: readonly Level[]): number {
  const levels = [...bids.slice(0, CHECKED), ...asks.slice(0, CHECKED)];
  return crc32(levels.map((level) => `${level.price}:${level.quantity}`).join("|"));
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** The CRC-32 of an ASCII text. */
export function crc32(text: string): number {
  let value = 0xffffffff;
  for (let index = 0; index < text.length; index++) {
    value = (value >>> 8) ^ (TABLE[(value ^ text.charCodeAt(index)) & 0xff] as number);
  }
  return (value ^ 0xffffffff) >>> 0;
}
