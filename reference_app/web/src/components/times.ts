// Times as people read them. A format is made once: making one costs more than a row of a table.

const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const DAY_AND_CLOCK = new Intl.DateTimeFormat([], {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** Returns the time of day. */
export function clockText(ms: number): string {
  return CLOCK.format(ms);
}

/** Returns the day and the time of day. */
export function timeText(ms: number): string {
  return DAY_AND_CLOCK.format(ms);
}
