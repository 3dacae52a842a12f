/*
 * Planted bugs in what keeps a copy of a journal elsewhere: a few of them; mutants.long.test.ts has
 * more. SEED=n replays.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { seedHere } from "../support/replay.ts";
import { findReplicaFault, REPLICA_MUTANTS } from "./replica-mutants.ts";

const seed = seedHere();

test.each([
  "what was sent counts before the log answers",
  "an append of which nothing was heard counts as done",
])("replicated worlds find a planted bug: %s", async (fault) => {
  const mutant = REPLICA_MUTANTS.find((planted) => planted.fault === fault);
  if (mutant === undefined) throw new RangeError(`no such mutant: ${fault}`);
  expect(await findReplicaFault(mutant, seed), `SEED=${seed}`).toBeDefined();
});

test("each planted bug has one place in its file", () => {
  const lost = REPLICA_MUTANTS.filter(({ file, find }) => {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    return source.split(find).length !== 2;
  });
  expect(lost.map(({ fault }) => fault)).toEqual([]);
});
