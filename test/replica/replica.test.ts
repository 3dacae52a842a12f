/*
 * A journal with a copy elsewhere: each seed is a server that is taken over a dozen times, by
 * either of two machines; SEED=n begins there.
 */
import { expect, test } from "vitest";
import { seedHere } from "../support/replay.ts";
import { runReplicaSeed } from "./replica-world.ts";

const SEEDS = 3;

test("whoever takes over has what was acknowledged, and nothing of who led before counts", async () => {
  const first = seedHere();
  let failovers = 0;
  // A life may pass without the other machine leading: then there is one more.
  for (let seed = first; seed < first + SEEDS || failovers === 0; seed++) {
    failovers += (await runReplicaSeed(seed)).failovers;
  }
  expect(failovers).toBeGreaterThan(0);
});
