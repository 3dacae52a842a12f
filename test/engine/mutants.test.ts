/*
 * Planted bugs: three of the mutants in CI; `node test/engine/mutants.ts` tries them all. SEED=...
 * replays.
 */
import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
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

test("each planted bug has one place in the sources", () => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const sources = globSync("assembly/**/*.ts", { cwd: root })
    .map((path) => readFileSync(root + path, "utf8"))
    .join("\n");
  const lost = MUTANTS.filter(({ find }) => sources.split(find).length !== 2);
  expect(lost.map(({ fault }) => fault)).toEqual([]);
});
