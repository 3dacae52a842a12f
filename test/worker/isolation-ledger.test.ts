/*
 * A ledger of jobs whose handlers run in threads that are killed, or die, at random, and whose
 * workers stop, are suspended and are cut off: nothing is lost, and what is not charged is not.
 */
import { expect, test } from "vitest";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { MortalWorld } from "./mortal-world.ts";

const SEED = seedHere();
const FILE = "test/worker/isolation-ledger.test.ts";
const SCALE = {
  isolate: "thread",
  jobs: 24,
  workers: 2,
  slots: 1,
  strikes: 20,
  hangs: false, // each takes its whole time-out
} as const;
const TEST_MS = 180_000;

test.each([
  ["threads are killed and workers stop", false],
  ["workers are cut off, too", true],
])("%s", { timeout: TEST_MS }, (_, cutsOff) =>
  replayable(SEED, FILE, async () => {
    await using world = new MortalWorld(new Random(SEED), { ...SCALE, cutsOff });
    await world.play();
    await world.expectAll();
    expect(await world.queue.stats("mortal")).toMatchObject({ available: 0, scheduled: 0 });
  }),
);
