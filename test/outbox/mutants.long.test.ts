/*
 * Planted bugs in the outbox: some of them by the seed, with THOROUGH all. SEED=n replays.
 */
import { expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { seedHere } from "../support/replay.ts";
import { findEarlyQueue, findOutboxFault, OUTBOX_MUTANTS } from "./worlds.ts";

const PLANTED = 2;
const seed = seedHere();

test.each(someOf(OUTBOX_MUTANTS, PLANTED, seed))(
  "worlds find a planted bug: $fault",
  { timeout: 300_000 },
  async (mutant) => {
    expect(await findOutboxFault(mutant, seed), `SEED=${seed}`).toBeDefined();
  },
);

test("worlds find a queue that tells of a job with a row's key before that is safe", async () => {
  expect(await findEarlyQueue(seed), `SEED=${seed}`).toMatch(/has no job/);
});
