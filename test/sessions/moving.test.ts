/* A job on its way to a tube of another shard, while the journal has not made everything safe. */
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { journalSafeTo, tubeIn, World } from "../support/session-world.ts";

const SHARDS = 2;
const [LEFT, REACHED] = [0, 1];

test("a job comes to another shard when all is safe that the one it leaves had recorded", () => {
  const safe = [Infinity, Infinity];
  const world = new World({ shards: SHARDS, journal: journalSafeTo(safe) });
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

test("a job that is on its way to another shard is one member of its group, and its end the last", () => {
  const safe = [Infinity, Infinity];
  const world = new World({ shards: SHARDS, journal: journalSafeTo(safe) });
  const [from, to] = [tubeIn(LEFT, SHARDS), tubeIn(REACHED, SHARDS)];
  const [mover, other] = [world.connect(), world.connect()];
  mover.ask(`use ${from}\r\nput 0 0 60 1 grp:g\r\nx\r\nput 0 0 60 1 aft:g\r\ny\r\n`);
  const pending = (): string => /pending: \d+/.exec(other.ask("stats-group g\r\n"))?.[0] ?? "";

  safe[REACHED] = 0; // there are two of it, and the one that it was is to go
  expect(mover.ask(`move 1 ${to}\r\n`)).toBe("");
  expect(pending()).toBe("pending: 1");
  safe[REACHED] = Infinity;
  world.wake(0);
  world.settle();
  expect(mover.heard()).toBe("MOVED\r\n");
  expect(pending()).toBe("pending: 1");
  expect(mover.ask("peek-ready\r\n")).toBe("NOT_FOUND\r\n");
  expect(mover.ask("delete 1\r\npeek-ready\r\n")).toBe("DELETED\r\nFOUND 2 1\r\ny\r\n");
  world.verify();
});
