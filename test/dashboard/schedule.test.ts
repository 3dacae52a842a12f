/* What the body of a schedule's job says, as the framework writes it and as others may. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { scheduleIn } from "../../src/dashboard/schedule.ts";
import { jobOfSchedule } from "../../src/worker/schedule-body.ts";
import type { KeptSchedule } from "../../src/worker/schedule-body.ts";

const run = { tube: "reports", priority: 0, leaseMillis: 60_000 };
const nightly: KeptSchedule = {
  name: "nightly",
  times: { cron: "30 2 * * *", zone: "Europe/Berlin" },
  overlap: "skip",
  missed: "once",
  run,
};
const bodyOf = (schedule: KeptSchedule): Uint8Array =>
  jobOfSchedule("x", { schedule, moment: 1_772_330_000_000, body: new Uint8Array([0, 255]) }, 0)
    .body;

test("is what the framework wrote", () => {
  expect(scheduleIn(bodyOf(nightly))).toEqual({
    name: "nightly",
    when: "30 2 * * * in Europe/Berlin",
    nextAt: 1_772_330_000,
    tube: "reports",
    overlap: "skip",
    missed: "once",
  });
  const when = (times: KeptSchedule["times"]): string | undefined =>
    scheduleIn(bodyOf({ ...nightly, times }))?.when;
  expect(when({ cron: "@daily" })).toBe("@daily in UTC");
  expect(when({ every: "5m" })).toBe("every 5m");
  expect(when({ every: 1500 })).toBe("every 1500 ms");
});

test("is none in any other body, and no body breaks it", () => {
  const line = (head: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(head)}\n`);
  expect(scheduleIn(line({ type: "homemaker.schedule", moment: 1 }))).toBe(undefined);
  expect(scheduleIn(line({ type: "mail", moment: 1, schedule: nightly }))).toBe(undefined);
  expect(scheduleIn(line({ type: "homemaker.schedule", moment: 1e300, schedule: nightly }))).toBe(
    undefined,
  );
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (moment, schedule) => {
      scheduleIn(line({ type: "homemaker.schedule", moment, schedule }));
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => void scheduleIn(Uint8Array.from([...bytes, 10]))),
  );
});
