// Nonces of signed orders: counter, revision and lane in 64 bits. A lane holds one live order; counters are
// milliseconds since 2020, so they only rise. Each tab has a range of lanes of its own, so tabs never meet.

const EPOCH_MS = 1_577_836_800_000;
const RANGE = 64;
const RANGES = 1_023;
const MAX_REVISION = 255n;

export interface Nonce {
  readonly counter: bigint;
  readonly revision: bigint;
  readonly lane: bigint;
}

export function packNonce(nonce: Nonce): string {
  return ((nonce.counter << 24n) | (nonce.revision << 16n) | nonce.lane).toString();
}

export function unpackNonce(text: string): Nonce {
  const value = BigInt(text);
  return { counter: value >> 24n, revision: (value >> 16n) & 0xffn, lane: value & 0xffffn };
}

/** Returns the nonce of new terms for an order; null when its revisions are used up. */
export function nextRevision(text: string, tried: bigint): string | null {
  const nonce = unpackNonce(text);
  const revision = (nonce.revision > tried ? nonce.revision : tried) + 1n;
  return revision > MAX_REVISION ? null : packNonce({ ...nonce, revision });
}

export class Lanes {
  private readonly first: number;
  private readonly last = new Map<number, bigint>();
  private readonly reserved = new Set<number>();

  /** `choice`, 0 up to 1, decides this tab's range. */
  constructor(choice: number) {
    this.first = 1 + Math.floor(choice * RANGES) * RANGE;
  }

  /** Takes the lowest lane of this tab that no open order holds. Throws when there is none. */
  take(openNonces: Iterable<string>, nowMs: number): string {
    const busy = new Set(this.reserved);
    for (const text of openNonces) busy.add(Number(unpackNonce(text).lane));
    for (let lane = this.first; lane < this.first + RANGE; lane++) {
      if (busy.has(lane)) continue;
      const clock = BigInt(Math.max(nowMs - EPOCH_MS, 0));
      const before = this.last.get(lane);
      const counter = before !== undefined && before >= clock ? before + 1n : clock;
      this.last.set(lane, counter);
      this.reserved.add(lane);
      return packNonce({ counter, revision: 0n, lane: BigInt(lane) });
    }
    throw new Error(`All ${RANGE} lanes of this page hold an open order; cancel some first.`);
  }

  /** The order of a nonce is on the exchange or was refused: from now on the open orders say whether its lane is taken. */
  release(text: string): void {
    this.reserved.delete(Number(unpackNonce(text).lane));
  }
}
