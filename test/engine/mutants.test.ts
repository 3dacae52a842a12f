/*
 * Planted bugs: three of the mutants in CI; `node test/engine/mutants.ts` tries them all. SEED=...
 * replays.
 */
import { expect, test } from "vitest";
import { MUTANTS, findFault } from "./mutants.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.each([
  "a grant leaves its connection among the waiters",
  "a reservation that was handed back stays counted",
  "a page with a free slot again is not offered again",
])("the walks find a planted bug: %s", { timeout: 120_000 }, async (fault) => {
  const mutant = MUTANTS.find((planted) => planted.fault === fault);
  if (mutant === undefined) throw new RangeError(`no such mutant: ${fault}`);
  expect(await findFault(mutant, seed), `SEED=${seed}`).toBeDefined();
});
