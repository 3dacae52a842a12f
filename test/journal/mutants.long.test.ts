/*
 * Planted bugs: all of the journal's mutants. SEED=n replays.
 */
import { expect, test } from "vitest";
import { findFault, MUTANTS } from "./mutants.ts";

/** Far more than it takes: most are found within a few. */
const SEEDS = 400;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.each(MUTANTS)(
  "crashes find each planted bug: $fault",
  { timeout: 600_000 },
  async (mutant) => {
    expect(await findFault(mutant, seed, SEEDS), `SEED=${seed}`).toBeDefined();
  },
);
