import { expect, test } from "vitest";
import { HeldJobs } from "../../src/client/held-jobs.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";

const FILE = "test/client/held-jobs.test.ts";
const SEED = seedHere();
/** Some of these have the same place, and some are not in 32 bits. */
const IDS = [1, 2, 3, 513, 514, 1025, 2 ** 31, 2 ** 32 + 1, 2 ** 32 + 513, 2 ** 53 - 1];

test("jobs are found by their ids, whatever others are held", () =>
  replayable(SEED, FILE, () => {
    const random = new Random(SEED);
    const held = new HeldJobs<{ readonly id: number }>();
    const wanted = new Map<number, { readonly id: number }>();
    for (let step = 0; step < 5000; step++) {
      const id = random.pick(IDS);
      const isThere = wanted.has(id);
      if (!isThere && random.oneIn(2)) {
        const job = { id };
        held.add(job);
        wanted.set(id, job);
      } else if (random.oneIn(2)) {
        held.delete(id);
        wanted.delete(id);
      } else if (random.oneIn(50)) {
        expect(new Set(held.takeAll())).toEqual(new Set(wanted.values()));
        wanted.clear();
      }
      expect(IDS.map((one) => held.get(one))).toEqual(IDS.map((one) => wanted.get(one)));
      expect(held.size).toBe(wanted.size);
    }
    return Promise.resolve();
  }));
