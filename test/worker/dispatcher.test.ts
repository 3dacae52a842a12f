/* Which of the slots that are free runs a job. */
import { describe, expect, test } from "vitest";
import { leastRecentlyUsed, mostRecentlyUsed } from "../../src/worker/dispatcher.ts";
import type { Dispatcher } from "../../src/worker/dispatcher.ts";

const JOB = { id: "1", type: "job", attempt: 1 };

/** Slots 0, 1 and 2 became free in this order; then 0 is used and free again; 1 is gone. */
function picks(dispatcher: Dispatcher): readonly (number | undefined)[] {
  const dispatch = dispatcher.open();
  for (const slot of [0, 1, 2]) dispatch.ready(slot);
  const first = dispatch.pick(JOB);
  if (first !== undefined) dispatch.ready(first);
  dispatch.gone(1);
  dispatch.gone(7);
  return [first, dispatch.pick(JOB), dispatch.pick(JOB), dispatch.pick(JOB)];
}

describe("the next job goes to the slot", () => {
  test("that has been free for longest", () => {
    expect(picks(leastRecentlyUsed())).toEqual([0, 2, 0, undefined]);
  });

  test("that became free last", () => {
    expect(picks(mostRecentlyUsed())).toEqual([2, 2, 0, undefined]);
  });
});
