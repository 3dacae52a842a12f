/* The counters of a thread's row. */
import { expect, test } from "vitest";
import { ROW_COUNTERS } from "../../src/engine/common.ts";
import { COUNTER_BATCHES_REFUSED } from "../../src/session/counters.ts";

test("all counters have a place in a thread's row", () => {
  expect(COUNTER_BATCHES_REFUSED).toBeLessThan(ROW_COUNTERS);
});
