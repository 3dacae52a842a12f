/*
 * Planted bugs: a few of the journal's mutants; `npm run mutants:journal` tries them all. SEED=n
 * replays.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { findFault, MUTANTS } from "./mutants.ts";

const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);

test.each([
  "nothing is ever synced",
  "all segments have the same salt",
  "reclaiming forgets tombstones",
  "one spare is all that a full disk keeps",
  "what was said to go is not said again in the next segment",
  "a file that is used again without a spare goes without a word",
  "a spare of an earlier server has whatever length came through",
  "a segment goes before its copies are safe",
  "records are said to lie where the header of their frame begins",
])("crashes find a planted bug: %s", { timeout: 120_000 }, async (fault) => {
  const mutant = MUTANTS.find((planted) => planted.fault === fault);
  if (mutant === undefined) throw new RangeError(`no such mutant: ${fault}`);
  expect(await findFault(mutant, seed), `SEED=${seed}`).toBeDefined();
});

test("each planted bug has one place in its file", () => {
  const lost = MUTANTS.filter(({ file, find }) => {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    return source.split(find).length !== 2;
  });
  expect(lost.map(({ fault }) => fault)).toEqual([]);
});
