/*
 * Planted bugs in what keeps a copy of a journal elsewhere: some of them by the seed, with THOROUGH
 * all. SEED=n replays.
 */
import { expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { seedHere } from "../support/replay.ts";
import { findReplicaFault, REPLICA_MUTANTS } from "./replica-mutants.ts";

/** Of those that the quick run does not plant. */
const PLANTED = 4;

const seed = seedHere();

test.each(someOf(REPLICA_MUTANTS.slice(2), PLANTED, seed))(
  "replicated worlds find a planted bug: $fault",
  { timeout: 300_000 },
  async (mutant) => {
    expect(await findReplicaFault(mutant, seed), `SEED=${seed}`).toBeDefined();
  },
);
