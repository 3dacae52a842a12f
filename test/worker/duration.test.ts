/* Durations and priorities, as people write them. */
import { describe, expect, test } from "vitest";
import { millisOf } from "../../src/worker/duration.ts";
import type { Duration } from "../../src/worker/duration.ts";
import { priorityNumber } from "../../src/worker/priority.ts";
import type { Priority } from "../../src/worker/priority.ts";

describe("a duration", () => {
  test.each<[Duration, number]>([
    [1500, 1500],
    ["250ms", 250],
    ["30s", 30_000],
    ["1.5m", 90_000],
    ["2h", 7_200_000],
    ["7d", 604_800_000],
    [0, 0],
  ])("%s is %d ms", (duration, millis) => {
    expect(millisOf("delay", duration)).toBe(millis);
  });

  test.each([-1, NaN, Infinity, "5", "5 m", "m", "-5m", "5w", "1e3s", null, undefined])(
    "%s is none, and the error says what it was for",
    (duration) => {
      const wrong = (): number => millisOf("delay", duration as Duration);
      expect(wrong).toThrow(expect.objectContaining({ code: "HM_OPTION" }));
      expect(wrong).toThrow(/^delay: .* is no duration; write milliseconds as a number, or "30s"/);
    },
  );
});

describe("a priority", () => {
  test.each<[Priority, number]>([
    ["urgent", 0],
    ["high", 512],
    ["normal", 1024],
    ["low", 65_536],
    ["bulk", 4_294_967_295],
    [7, 7],
  ])("%s is %d", (priority, number) => {
    expect(priorityNumber(priority)).toBe(number);
  });

  test.each([-1, 0.5, 4_294_967_296, NaN, "urgently", "toString"])("%s is none", (priority) => {
    expect(() => priorityNumber(priority as Priority)).toThrow(/is none of urgent, high, normal/);
  });
});
