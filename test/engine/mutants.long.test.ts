/* Planted bugs: all of the engine's mutants. SEED=n replays. */
import { expect, test } from "vitest";
import { findFault, MUTANTS } from "./mutants.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.each(MUTANTS)(
  "the walks find each planted bug: $fault",
  { timeout: 600_000 },
  async (mutant) => {
    expect(await findFault(mutant, seed), `SEED=${seed}`).toBeDefined();
  },
);
