/* Quantity: numbers, sizes and times as people read them. English words, the reader's own clock. */

const WHOLE = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const CLOCK = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const DAY_AND_CLOCK = new Intl.DateTimeFormat("en-GB", {
  year: "numeric",
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

/** What stands where there is nothing to measure. */
export const NOTHING = "–";

/** 1,234,567 */
export function count(value: number): string {
  return WHOLE.format(value);
}

/** 1.2M; exact below a thousand. */
export function compact(value: number): string {
  return COMPACT.format(value);
}

/** "1 job", "1,234 jobs". */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Of something per second: one digit after the point below 10. */
export function rate(value: number | null): string {
  if (value === null) return NOTHING;
  if (value > 0 && value < 0.05) return "<0.1";
  if (value < 10 && value > 0) return value.toFixed(1);
  return value < 100_000 ? count(value) : compact(value);
}

/** 512 B, 1.5 KiB, 3.2 GiB. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let left = value;
  let unit = 0;
  while (left >= 1023.95 && unit < units.length - 1) {
    left /= 1024;
    unit += 1;
  }
  return `${unit === 0 || left >= 100 ? Math.round(left) : left.toFixed(1)} ${units[unit]}`;
}

/** 0.4 ms, 12 ms, 3.1 s. */
export function millis(value: number | null): string {
  if (value === null) return NOTHING;
  if (value === 0) return "0 ms";
  if (value < 10) return `${value.toFixed(value < 0.1 ? 2 : 1)} ms`;
  return value < 1000 ? `${Math.round(value)} ms` : duration(value / 1000);
}

/** 4.2 s, 37 s, 5 min, 3.2 h, 2.1 d: one unit, for tables. */
export function age(seconds: number | null): string {
  if (seconds === null) return NOTHING;
  if (seconds < 60) return duration(seconds);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  const [unit, name] = seconds < 86_400 ? [3600, "h"] : [86_400, "d"];
  const value = seconds / unit;
  return `${value < 10 ? value.toFixed(1) : count(value)} ${name}`;
}

/** 4.2 s, 37 s, 5 min 20 s, 3 h 10 min, 2 d 4 h: two units at most. */
export function duration(seconds: number | null): string {
  if (seconds === null) return NOTHING;
  if (seconds < 10 && !Number.isInteger(seconds)) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return twoUnits(whole, 60, "min", 1, "s");
  if (whole < 86_400) return twoUnits(whole, 3600, "h", 60, "min");
  return twoUnits(whole, 86_400, "d", 3600, "h");
}

function twoUnits(value: number, big: number, bigName: string, small: number, smallName: string) {
  const rest = Math.floor((value % big) / small);
  const head = `${count(Math.floor(value / big))} ${bigName}`;
  return rest === 0 ? head : `${head} ${rest} ${smallName}`;
}

/** 14:03:59 */
export function clock(atMillis: number): string {
  return CLOCK.format(atMillis);
}

/** 22 Nov 2026, 14:03:59 */
export function dayAndClock(atMillis: number): string {
  return DAY_AND_CLOCK.format(atMillis);
}

/** A share of a whole, 0 to 100. */
export function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(100, Math.round((100 * part) / whole));
}
