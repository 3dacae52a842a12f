/* A job on its way to a tube of another shard, while the journal has not made everything safe. */
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { journalThat, tubeIn, World } from "../support/session-world.ts";

const SHARDS = 2;
const [LEFT, REACHED] = [0, 1];

test("a job comes to another shard when all is safe that the one it leaves had recorded", () => {
  const safe = [Infinity, Infinity];
  const safePosition = (shard: number): number => safe[shard] ?? 0;
  const world = new World({
    shards: SHARDS,
    journal: journalThat({ safePosition, held: () => undefined }),
  });
  const [from, to] = [tubeIn(LEFT, SHARDS), tubeIn(REACHED, SHARDS)];
  const worker = world.connect();
  worker.ask(`watch ${from}\r\nuse ${from}\r\nput 0 0 60 1\r\nx\r\n`);
  expect(worker.ask("reserve\r\n")).toBe("RESERVED 1 1\r\nx\r\n");
  const [shards = []] = world.shards;
  const isThere = (): boolean => shards[REACHED]?.statsJob(1, 0) === C.DONE;

  safe[LEFT] = 0; // what the attempt was and how it ended is written, and not safe
  expect(worker.ask(`move 1 ${to}\r\n`)).toBe("");
  expect(isThere()).toBe(false);
  safe[LEFT] = Infinity;
  world.wake(0);
  world.settle();
  expect(worker.heard()).toBe("MOVED\r\n");
  expect(isThere()).toBe(true);
});
