/* Planted bugs: mutants of the engine, all of them where THOROUGH is set. SEED=n replays. */
import { expect, test } from "vitest";
import { someOf } from "../support/amount.ts";
import { findFault, MUTANTS } from "./mutants.ts";

/** Far more than it takes: most are found within a few hundred, and few need a thousand. */
const RUNS = 30_000;
/** How many of them: to compile one takes seconds. */
const USUAL = 6;
const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.each(someOf(MUTANTS, USUAL, seed))(
  "the walks find a planted bug: $fault",
  { timeout: 180_000 },
  async (mutant) => {
    expect(await findFault(mutant, seed, RUNS), `SEED=${seed}`).toBeDefined();
  },
);
