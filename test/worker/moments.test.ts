/* When schedules are due: held to what clocks on walls show, over changes of summer time. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lastMoment, momentsOf } from "../../src/worker/moments.ts";
import type { ScheduleTimes } from "../../src/worker/moments.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = Date.UTC(2026, 0, 1);
/** Summer time by one hour, by half an hour, in the south, at midnight, and none. */
const ZONES = [
  "Europe/Berlin",
  "Australia/Lord_Howe",
  "America/New_York",
  "America/Santiago",
  "UTC",
] as const;

/** The moments from one time to before another. */
function between(times: ScheduleTimes, from: number, to: number): readonly number[] {
  const moments = momentsOf(times);
  const found: number[] = [];
  for (let at = moments.after(from - 1); at !== undefined && at < to; at = moments.after(at)) {
    found.push(at);
  }
  return found;
}

/** What a clock on a wall of that zone shows: `2026-03-29 02:30`. */
function wallOf(zone: string): (millis: number) => string {
  const format = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "short",
  });
  return (millis) => format.format(millis);
}

/** Days behind which the clock shows another time than the day before; one in any case. */
function changesOf(wall: (millis: number) => string): readonly number[] {
  const days = Array.from({ length: 363 }, (_, day) => YEAR + day * DAY);
  const time = (at: number): string => wall(at).slice(11);
  const changes = days.filter((day) => time(day) !== time(day + DAY));
  return [YEAR, ...changes];
}

describe.each(ZONES)("in %s", (zone) => {
  const wall = wallOf(zone);

  test.each([0, 1, 2, 3, 23])("what is due at %i:30 is so once a day, all year", (hour) => {
    const days = between({ cron: `30 ${hour} * * *`, zone }, YEAR + 2 * DAY, YEAR + 362 * DAY);
    const dates = days.map((at) => wall(at).slice(0, 10));
    expect(new Set(dates).size).toBe(dates.length);
    expect(dates.length).toBeGreaterThanOrEqual(359);
    const wanted = `${String(hour).padStart(2, "0")}:30`;
    const others = days.filter((at) => !wall(at).endsWith(wanted));
    for (const at of others) {
      // The clock never showed it that day; this is the first minute after the gap.
      const skipped = `${wall(at).slice(0, 10)} ${wanted}`;
      expect([wall(at - MINUTE) < skipped, skipped < wall(at)]).toEqual([true, true]);
    }
    expect(others.length).toBeLessThanOrEqual(1);
  });

  test("what is due every 20 minutes is so whenever the clock shows it, twice if it does", () => {
    for (const from of changesOf(wall)) {
      const days = between({ cron: "*/20 * * * *", zone }, from, from + 2 * DAY);
      const wanted: number[] = [];
      for (let at = from; at < from + 2 * DAY; at += 10 * MINUTE) {
        if (Number(wall(at).slice(-2)) % 20 === 0) wanted.push(at);
      }
      expect(days).toEqual(wanted);
    }
  });
});

test("a pattern without a zone is meant in UTC", () => {
  expect(momentsOf({ cron: "0 12 * * *" }).after(YEAR)).toBe(YEAR + 12 * HOUR);
  expect(momentsOf({ cron: "@hourly" }).after(YEAR)).toBe(YEAR + HOUR);
  expect(momentsOf({ cron: "15 0 12 * * *" }).after(YEAR)).toBe(YEAR + 12 * HOUR + 15_000);
});

test("every so often is at whole multiples since 1970, for whoever asks", () => {
  const { after } = momentsOf({ every: "90s" });
  expect(after(0)).toBe(90_000);
  expect(after(89_999)).toBe(90_000);
  expect(after(90_000)).toBe(180_000);
});

test("the last moment up to a time is the one that is found one after the other", () => {
  const times = fc.constantFrom<ScheduleTimes>(
    { every: "7m" },
    { cron: "*/13 * * * *" },
    { cron: "30 2 * * *", zone: "Europe/Berlin" },
    { cron: "0 9 * * 1", zone: "America/New_York" },
    { cron: "0 0 31 * *" },
  );
  const minutes = fc.integer({ min: 0, max: 30 * 24 * 60 });
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: DAY }), minutes, (about, offset, count) => {
      const moments = momentsOf(about);
      const since = moments.after(Date.UTC(2026, 2, 20) + offset) ?? 0;
      const until = since + count * MINUTE;
      const walked = [since, ...between(about, since + 1, until + 1)].at(-1);
      expect(lastMoment(moments, since, until)).toBe(walked);
    }),
    { numRuns: 20 },
  );
});

test("a year of seconds is not walked through", () => {
  const moments = momentsOf({ cron: "* * * * * *" });
  let asked = 0;
  const counted = {
    after(millis: number) {
      asked++;
      return moments.after(millis);
    },
  };
  expect(lastMoment(counted, YEAR, YEAR + 365 * DAY + 500)).toBe(YEAR + 365 * DAY);
  expect(asked).toBeLessThan(100);
});

test.each([
  [{ cron: "61 * * * *" }, "61"],
  [{ cron: "* * * *" }, "has not five fields, or six"],
  [{ cron: "? * * * *" }, "has not five fields, or six"],
  [{ cron: "2026-03-01T00:00:00" }, "has not five fields, or six"],
  [{ cron: "* * * * *", zone: "No/Where" }, 'zone: "No/Where" is no time zone; write one'],
  [{ cron: "* * * * *", zone: "" }, 'zone: "" is no time zone'],
  [{ cron: "* * * * *", zone: 5 }, "zone: 5 is no time zone"],
  [{ cron: "61 * * * *" }, 'cron: "61 * * * *": Invalid value for minute: 61'],
  [{ every: "1000000d" }, 'every: "36500d", a hundred years, at most'],
  [{ cron: "@never" }, "@never"],
  [{ every: "10ms" }, "a second at least"],
  [{ every: "often" }, "is no duration"],
  [{ every: "1m", zone: "UTC" }, "it is for cron"],
  [{ every: "1m", cron: "* * * * *" }, "not both"],
  [{}, "a cron or an every"],
])("%j is refused", (times, message) => {
  expect(() => momentsOf(times as ScheduleTimes)).toThrow(
    expect.objectContaining({
      code: "HM_OPTION",
      message: expect.stringContaining(message),
    }),
  );
});
