/* What is put off of the dead jobs of a shard: when there is something to do for them. */
import { expect, test } from "vitest";
import { PutOff } from "../../src/session/put-off.ts";

const SECOND = 1_000_000;

test("when all that are to go are put off, there is nothing to do before the first is due", () => {
  const putOff = new PutOff();
  putOff.add(1, 0);
  putOff.add(2, 500);
  expect(putOff.nextDueMicros).toBe(0);
  for (const id of [1, 2, 1]) expect(putOff.passes(id, 1000)).toBe(true);
  expect(putOff.hasSeenAll(1000)).toBe(true);
  expect(putOff.nextDueMicros).toBe(SECOND);
});

test("those of whom none is to go any more are forgotten, and no look counts them", () => {
  const putOff = new PutOff();
  for (let id = 1; id <= 1000; id++) putOff.add(id, 0);
  putOff.forget();
  putOff.add(5000, 0);
  for (const id of [5000, 5000]) expect(putOff.passes(id, 1)).toBe(true);
  expect(putOff.hasSeenAll(1)).toBe(true);
  expect(putOff.nextDueMicros).toBe(SECOND);
});
