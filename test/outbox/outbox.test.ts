/*
 * The outbox in replicated worlds: each seed is a server that is taken over a dozen times, by
 * either of two machines, while rows come and connections to the database break; SEED=n begins
 * there.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { seedHere } from "../support/replay.ts";
import { findOutboxFault, OUTBOX_MUTANTS, runOutboxSeed } from "./worlds.ts";

const SEEDS = 2;
const seed = seedHere();

test("whatever crashes and whoever takes over, each row becomes one job", async () => {
  let rows = 0;
  for (let at = 0; at < SEEDS; at++) rows += await runOutboxSeed(seed + at);
  expect(rows, `SEED=${seed}`).toBeGreaterThan(10);
});

test("worlds find a planted bug: rows go before their jobs are safe", async () => {
  const mutant = OUTBOX_MUTANTS.find(({ fault }) => fault === "rows go before their jobs are safe");
  if (mutant === undefined) throw new RangeError("there is no such mutant");
  expect(await findOutboxFault(mutant, seed), `SEED=${seed}`).toBeDefined();
});

test("each planted bug has one place in its file", () => {
  const lost = OUTBOX_MUTANTS.filter(({ file, find }) => {
    const source = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    return source.split(find).length !== 2;
  });
  expect(lost.map(({ fault }) => fault)).toEqual([]);
});
