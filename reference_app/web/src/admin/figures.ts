// The console's figures: samples of the statistics over time, and how durations, ages and gas are written. Rates and
// durations are measurements and may be numbers; whatever is money or gas price stays a bigint.
import type { Schemas } from "../api/types";
import { formatDecimal, grouped } from "../money/decimal";

export type Statistics = Schemas["StatisticsMessage"];
export type StageName = Schemas["StageMessage"]["stage"];

/** One moment of the statistics, as charts need it. Rates are tenths a second. */
export interface Sample {
  readonly atMs: number;
  readonly sequence: number;
  readonly commands: number;
  readonly orders: number;
  readonly fills: number;
  readonly unsettled: number;
  readonly recordsLag: number;
  readonly p50: Readonly<Record<string, number>>;
  readonly p99: Readonly<Record<string, number>>;
}

export const KEPT_MS = 3_600_000;
/** A longer silence than this is a gap in a chart, never a line across. */
export const GAP_MS = 20_000;
/** What was told longer ago than this is marked as old. */
export const STALE_MS = 12_000;

/** Returns a decimal rate as whole tenths; what can not be read is zero tenths. */
export function tenths(text: string): number {
  const match = /^([0-9]{1,9})(?:\.([0-9]))?$/.exec(text);
  return match ? Number(match[1]) * 10 + Number(match[2] ?? "0") : 0;
}

export function sampleOf(told: Statistics): Sample {
  const measured = told.stages.filter((stage) => stage.count > 0);
  return {
    atMs: told.time_ms,
    sequence: told.sequence,
    commands: tenths(told.commands_per_second),
    orders: tenths(told.orders_per_second),
    fills: tenths(told.fills_per_second),
    unsettled: told.settlement.unsettled,
    recordsLag: told.records_lag,
    p50: Object.fromEntries(measured.map((stage) => [stage.stage, stage.p50_us])),
    p99: Object.fromEntries(measured.map((stage) => [stage.stage, stage.p99_us])),
  };
}

/** Appends a sample, drops what is too old, and takes no moment twice or out of order. */
export function withSample(samples: readonly Sample[], next: Sample): readonly Sample[] {
  const last = samples[samples.length - 1];
  if (last && next.atMs <= last.atMs) return samples;
  const first = samples.findIndex((sample) => sample.atMs > next.atMs - KEPT_MS);
  return [...(first < 0 ? [] : samples.slice(first)), next];
}

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** Returns the runs of points without a gap between two of them. */
export function runs(points: readonly Point[]): readonly (readonly Point[])[] {
  const found: Point[][] = [];
  let last: Point | undefined;
  for (const point of points) {
    if (!last || point.atMs - last.atMs > GAP_MS) found.push([]);
    found[found.length - 1]?.push(point);
    last = point;
  }
  return found;
}

/** Returns the smallest of 1, 2, 5 times a power of ten that is not below `value`: where an axis ends. */
export function niceMaximum(value: number): number {
  if (value <= 1) return 1;
  let power = 1;
  while (power * 10 < value) power *= 10;
  for (const factor of [1, 2, 5, 10]) if (factor * power >= value) return factor * power;
  return power * 10;
}

/** Returns tenths as text. */
export function rateText(value: number): string {
  return grouped(formatDecimal(BigInt(Math.round(value)), 1));
}

/** Returns microseconds in the unit that people read, with three digits at most. */
export function durationText(microseconds: number): string {
  if (microseconds < 1_000) return `${Math.round(microseconds)} µs`;
  if (microseconds < 1_000_000) return `${three(microseconds / 1_000)} ms`;
  return `${three(microseconds / 1_000_000)} s`;
}

function three(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Returns a span of time in words; the two largest units. */
export function ageText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** Returns wei in gwei, every digit. */
export function gweiText(wei: string): string {
  return /^[0-9]{1,78}$/.test(wei) ? grouped(formatDecimal(BigInt(wei), 9)) : wei;
}

/** Returns what a transaction cost in the chain's coin, every digit, or null where it is not known. */
export function costText(gasUsed: number | null | undefined, priceWei: string | null | undefined): string | null {
  if (gasUsed == null || priceWei == null || !/^[0-9]{1,78}$/.test(priceWei)) return null;
  return formatDecimal(BigInt(gasUsed) * BigInt(priceWei), 18);
}

/** Returns decimal text cut to so many decimals, with an ellipsis where digits were cut: never rounded. */
export function cut(text: string, decimals: number): string {
  const [whole = "", fraction = ""] = text.split(".");
  if (fraction.length <= decimals) return text;
  return `${whole}.${fraction.slice(0, decimals)}…`;
}

export function moment(milliseconds: number): string {
  const date = new Date(milliseconds);
  const pad = (value: number): string => String(value).padStart(2, "0");
  return (
    `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())} ` +
    `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`
  );
}

/** Returns a state's word as people write it. */
export function spoken(word: string): string {
  return word.replaceAll("_", " ");
}

/** Returns words as they stand on a button. */
export function begun(words: string): string {
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}
