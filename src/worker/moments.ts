/* Moments: when a schedule is due: by a cron pattern in a time zone, or every so often.
 *
 * Every process finds the same moments, whenever it looks and wherever it runs: a pattern without a
 * zone is meant in UTC, and what is due every so often is so at the whole multiples of that time
 * since 1970. Times are milliseconds since then. Used by schedule.ts and schedule-keeper.ts.
 */
import { Cron } from "croner"; // it knows zones and summer time as Vixie cron does; no dependency
import { asError } from "../client/errors.ts";
import { millisOf } from "./duration.ts";
import type { Duration } from "./duration.ts";
import { BadOptionError } from "./errors.ts";

/** When a schedule is due: either by a pattern or every so often. */
export type ScheduleTimes =
  | {
      /** Five fields, or six of which the first is seconds; or `@hourly`, `@daily` and so on. */
      readonly cron: string;
      /** The time zone, as `"Europe/Berlin"`; UTC if absent. */
      readonly zone?: string | undefined;
      readonly every?: undefined;
    }
  | {
      /** At the whole multiples of that time since 1970; one second at least. */
      readonly every: Duration;
      readonly cron?: undefined;
      readonly zone?: undefined;
    };

/** When a schedule is due. */
export interface Moments {
  /** The first moment that is later; undefined if there is none any more. */
  after(millis: number): number | undefined;
}

const SECOND = 1000;
const UTC = "UTC";
/** No queue keeps a job for longer until it is due. */
const PERIOD_MAX = 36_500 * 86_400 * SECOND;
/** From a pattern's first moment in the last of these spans it is not far to the last one. */
const SPANS_MILLIS = [60, 3600, 86_400, 60 * 86_400].map((seconds) => seconds * SECOND);

/** The moments of a schedule. Throws a BadOptionError. */
export function momentsOf(times: ScheduleTimes): Moments {
  if (times.every !== undefined) return everyMoments(times.every, times);
  return cronMoments(times.cron, times.zone ?? UTC);
}

/** The last moment up to `until`, which is `since` or later: `since` is one. */
export function lastMoment(moments: Moments, since: number, until: number): number {
  let last = since;
  for (const span of SPANS_MILLIS) {
    if (until - span <= since) break;
    const later = moments.after(until - span);
    if (later === undefined || later > until) continue;
    last = later;
    break;
  }
  for (;;) {
    const next = moments.after(last);
    if (next === undefined || next > until) return last;
    last = next;
  }
}

function everyMoments(every: Duration, { cron, zone }: Partial<ScheduleTimes>): Moments {
  if (cron !== undefined) throw new BadOptionError("a schedule has a cron or an every, not both");
  if (zone !== undefined) throw new BadOptionError("zone: it is for cron, not for every");
  const period = millisOf("every", every);
  if (period < SECOND) throw new BadOptionError("every: a second at least");
  if (period > PERIOD_MAX) throw new BadOptionError('every: "36500d", a hundred years, at most');
  return { after: (millis) => (Math.floor(millis / period) + 1) * period };
}

function cronMoments(pattern: string, zone: string): Moments {
  const cron = cronOf(pattern, zone);
  return { after: (millis) => cron.nextRun(new Date(millis))?.getTime() };
}

function cronOf(pattern: unknown, timezone: string): Cron {
  if (typeof pattern !== "string") {
    throw new BadOptionError("a schedule has a cron or an every");
  }
  const fields = pattern.trim().split(/\s+/).length;
  const isNamed = /^@[a-z]+$/i.test(pattern);
  if (pattern.includes("?") || (!isNamed && fields !== 5 && fields !== 6)) {
    throw new BadOptionError(`cron: ${JSON.stringify(pattern)} has not five fields, or six`);
  }
  checkZone(timezone);
  try {
    const mode = "5-or-6-parts";
    return new Cron(pattern, { timezone, mode, fixedTimeRule: "no-wildcard" });
  } catch (cause) {
    const why = asError(cause).message.replace(/^Cron\w+: /, "");
    throw new BadOptionError(`cron: ${JSON.stringify(pattern)}: ${why}`);
  }
}

function checkZone(zone: unknown): void {
  if (typeof zone === "string" && zone !== "" && isZone(zone)) return;
  throw new BadOptionError(
    `zone: ${JSON.stringify(zone)} is no time zone; write one as "Europe/Berlin"`,
  );
}

function isZone(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).format() !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
