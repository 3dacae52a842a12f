/* Planted bugs: all of the engine's mutants. SEED=n replays. */
import { expect, test } from "vitest";
import { findFault, MUTANTS } from "./mutants.ts";

/** Far more than it takes: most are found within a few hundred, and few need a thousand. */
const RUNS = 30_000;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.each(MUTANTS)(
  "the walks find each planted bug: $fault",
  { timeout: 180_000 },
  async (mutant) => {
    expect(await findFault(mutant, seed, RUNS), `SEED=${seed}`).toBeDefined();
  },
);
