/* Duration: how long something takes, as people write it: `"30s"`, `"5m"`, or milliseconds. */
import { BadOptionError } from "./errors.ts";

/**
 * A number of milliseconds, or a number with its unit: `"250ms"`, `"30s"`, `"5m"`, `"2h"`, `"7d"`.
 */
export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

const SECOND = 1000;
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: 86_400 * SECOND,
};
const TEXT = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** The milliseconds of a duration. Throws a BadOptionError that names what it is for. */
export function millisOf(what: string, duration: Duration): number {
  const millis = typeof duration === "number" ? duration : millisOfText(duration);
  if (Number.isFinite(millis) && millis >= 0) return millis;
  const given = JSON.stringify(duration) ?? String(duration);
  throw new BadOptionError(
    `${what}: ${given} is no duration; write milliseconds as a number, or "30s", "5m", "2h", "7d"`,
  );
}

function millisOfText(text: unknown): number {
  const [, count = "", unit = ""] = TEXT.exec(String(text)) ?? [];
  return count === "" ? NaN : Number(count) * (UNITS[unit] ?? NaN);
}
