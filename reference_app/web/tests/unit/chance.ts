// Random tests that can be repeated: the seed stands in the test's name; SEED=... gives another.
export const SEED = Number(process.env.SEED ?? 20_260_101);

/** Returns a source of numbers from 0 up to 1 (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns a whole number from 0 up to `most`, `most` not among them. */
export function below(random: () => number, most: number): number {
  return Math.floor(random() * most);
}
