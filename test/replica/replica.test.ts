/*
 * A journal with a copy elsewhere: each seed is a server that is taken over a dozen times, by
 * either of two machines; SEED=n begins there. A life may pass without the other machine leading.
 */
import { expect, test } from "vitest";
import { seedHere } from "../support/replay.ts";
import { runReplicaSeed } from "./replica-world.ts";

const SEEDS = 3;
/** With those that follow until the other machine led in one of them. */
const SEEDS_MAX = 23;

test("whoever takes over has what was acknowledged, and nothing of who led before counts", async () => {
  const first = seedHere();
  let failovers = 0;
  for (let seed = first; seed < first + (failovers === 0 ? SEEDS_MAX : SEEDS); seed++) {
    failovers += (await runReplicaSeed(seed)).failovers;
  }
  expect(failovers).toBeGreaterThan(0);
});
