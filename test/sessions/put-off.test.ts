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

test("so many are looked at after a change as there are, in however many turns", () => {
  const putOff = new PutOff();
  for (const id of [1, 2, 3]) putOff.add(id, 0);
  const look = (changes: number): boolean => {
    if (!putOff.beginLook(2, changes, 1)) return false;
    for (const id of [1, 2]) if (putOff.passes(id, 1) && putOff.hasSeenAll(1)) break;
    return true;
  };
  expect([7, 7, 7, 8, 8, 8].map(look)).toEqual([true, true, false, true, true, false]);
  expect(putOff.beginLook(2, 8, SECOND)).toBe(true); // one is due
});
