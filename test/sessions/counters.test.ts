/* The counters of a thread's row. */
import { expect, test } from "vitest";
import { ROW_COUNTERS } from "../../src/engine/common.ts";
import { OP_COUNT } from "../../src/protocol/commands.ts";
import * as counters from "../../src/session/counters.ts";

test("all counters have a place in a thread's row, each its own", () => {
  const { COUNTER_OPS, COUNTER_REFUSALS, REFUSALS, COUNTER_END } = counters;
  expect(COUNTER_END).toBeLessThanOrEqual(ROW_COUNTERS);
  const places = Object.entries(counters).flatMap(([name, first]) => {
    if (typeof first !== "number" || first === COUNTER_END) return [];
    const count =
      first === COUNTER_OPS ? OP_COUNT : first === COUNTER_REFUSALS ? REFUSALS.length : 1;
    return Array.from({ length: count }, (_, at) => ({ name, place: first + at }));
  });
  expect(new Set(places.map(({ place }) => place)).size).toBe(places.length);
  expect(places.length).toBe(COUNTER_END - COUNTER_OPS);
});
