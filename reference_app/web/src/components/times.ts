// Times as people read them, in the browser's own zone. Asking `Intl` for a time costs more than the rest of a table's
// row, so it is asked once a day for the day's name; the clock is counted here.

const DAY = new Intl.DateTimeFormat([], { month: "short", day: "numeric" });
const KEPT_DAYS = 400;
const days = new Map<number, string>();

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

/** Returns the time of day. */
export function clockText(ms: number): string {
  return clockOf(new Date(ms));
}

/** Returns the day and the time of day. */
export function timeText(ms: number): string {
  const date = new Date(ms);
  const day = (date.getFullYear() * 12 + date.getMonth()) * 31 + date.getDate();
  let name = days.get(day);
  if (name === undefined) {
    if (days.size >= KEPT_DAYS) days.clear();
    name = DAY.format(date);
    days.set(day, name);
  }
  return `${name}, ${clockOf(date)}`;
}

/** Returns the day's name, or the time of day to the minute, as they stand below a chart. */
export function axisText(ms: number, part: "day" | "minute"): string {
  return part === "day" ? DAY.format(ms) : clockText(ms).slice(0, 5);
}

function clockOf(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
