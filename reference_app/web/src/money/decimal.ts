// Decimal text and whole numbers, exactly. Amounts are bigints of a unit's smallest part; nothing here is a float.

export class DecimalError extends Error {}

const PLAIN = /^(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;
const SIGNED = /^-?(0|[1-9][0-9]*)(?:\.([0-9]+))?$/;
const MAX_DIGITS = 78;

/** Returns the parts of `text` at so many decimals. Throws a `DecimalError` when it is no plain number or is finer. */
export function parseDecimal(text: string, decimals: number): bigint {
  const negative = text.startsWith("-");
  const match = (negative ? SIGNED : PLAIN).exec(text);
  if (!match || text.length > MAX_DIGITS + 2) throw new DecimalError("Enter a plain number such as 12.5");
  const whole = match[1] ?? "0";
  const fraction = (match[2] ?? "").replace(/0+$/, "");
  if (fraction.length > decimals) {
    throw new DecimalError(decimals === 0 ? "Use a whole number" : `Use at most ${decimals} decimals`);
  }
  const value = BigInt(whole + fraction.padEnd(decimals, "0"));
  return negative ? -value : value;
}

/** Returns the parts of `text`, or null where it can not be used. */
export function tryDecimal(text: string, decimals: number): bigint | null {
  try {
    return parseDecimal(text.trim(), decimals);
  } catch {
    return null;
  }
}

/** Returns shortest decimal text, as the API writes it. */
export function formatDecimal(value: bigint, decimals: number): string {
  const negative = value < 0n;
  const digits = (negative ? -value : value).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return `${negative ? "-" : ""}${whole}${fraction ? `.${fraction}` : ""}`;
}

/**
 * Returns what a number's field holds after a change. A comma that is typed is a decimal point; in what comes whole, as
 * from the clipboard, it may as well part thousands: it stays, and is no number.
 */
export function typedNumber(before: string, after: string, whole: boolean): string {
  const text = after.trim();
  return whole || before.includes(",") ? text : text.replace(",", ".");
}

/** Returns how many decimals a text has. */
export function decimalsOf(text: string): number {
  return text.split(".")[1]?.length ?? 0;
}

/** Groups thousands with commas; every digit stays as it was. */
export function grouped(text: string): string {
  const [whole = "", fraction] = text.split(".");
  const marked = whole.replace(/\B(?=([0-9]{3})+(?![0-9]))/g, ",");
  return fraction === undefined ? marked : `${marked}.${fraction}`;
}

/** Returns `text` with at least so many decimals, for columns that line up; no digit is dropped. */
export function padded(text: string, decimals: number): string {
  const [whole = "", fraction = ""] = text.split(".");
  return decimals === 0 && !fraction ? whole : `${whole}.${fraction.padEnd(decimals, "0")}`;
}

/** Returns parts per million as percent text. */
export function percentOfPpm(ppm: number): string {
  return `${formatDecimal(BigInt(ppm), 4)}%`;
}

/** Returns the greatest multiple of `step` that is not above `value`. */
export function floorTo(value: bigint, step: bigint): bigint {
  return value - (value % step);
}

/** Returns `part` of `whole` in thousandths, 0 to 1000: for widths of bars, never for amounts. */
export function share(part: bigint, whole: bigint): number {
  if (whole <= 0n || part <= 0n) return 0;
  return part >= whole ? 1000 : Number((part * 1000n) / whole);
}
