/*
 * A worker that finds nothing: how often its shards are looked through before it waits, and what a
 * time to run that is nearly over says instead.
 */
import { expect, test, vi } from "vitest";
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { SECOND, tubeIn, World } from "../support/session-world.ts";

/** How often each call of a shard that takes its lock for a reserve was made since. */
function watchLooks(shards: readonly Shard[]): () => Readonly<Record<string, number>> {
  const spies = {
    run: shards.map((shard) => vi.spyOn(shard, "run")),
    best: shards.map((shard) => vi.spyOn(shard, "best")),
    take: shards.map((shard) => vi.spyOn(shard, "take")),
    wait: shards.map((shard) => vi.spyOn(shard, "wait")),
    soonest: shards.map((shard) => vi.spyOn(shard, "soonest")),
  };
  return () => {
    const counts = Object.entries(spies).map(([name, own]) => {
      const calls = own.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
      for (const spy of own) spy.mockClear();
      return [name, calls] as const;
    });
    return Object.fromEntries(counts.filter(([, calls]) => calls > 0));
  };
}

test("one look makes a worker wait whose tubes are in one shard", () => {
  const world = new World();
  const worker = world.connect();
  worker.ask("watch jobs\r\n");
  const looks = watchLooks(world.shards[0] ?? []);
  for (const command of ["reserve\r\n", "reserve-with-timeout 5\r\n"]) {
    looks();
    expect(worker.ask(command)).toBe("");
    expect(looks()).toEqual({ run: 1 });
    const giver = world.connect();
    giver.ask("use jobs\r\nput 0 0 60 1\r\nx\r\n");
    expect(worker.heard()).toMatch(/^RESERVED \d 1\r\nx\r\n$/);
    worker.ask("delete 1\r\ndelete 2\r\n");
  }
  world.verify();
});

test("so it does where the tube lies in another shard than default", () => {
  const world = new World({ shards: 4 });
  const worker = world.connect();
  const tube = tubeIn(3, 4);
  worker.ask(`watch ${tube}\r\nignore default\r\nreserve-with-timeout 0\r\nuse ${tube}\r\n`);
  worker.ask("put 0 0 60 1\r\nx\r\nreserve\r\ndelete 1\r\n");
  const looks = watchLooks(world.shards[0] ?? []);
  expect(worker.ask("reserve\r\n")).toBe("");
  expect(looks()).toEqual({ run: 1 });
});

test("in several shards each is looked through under its lock once", () => {
  const world = new World({ shards: 4 });
  const worker = world.connect();
  worker.ask([0, 1, 2, 3].map((shard) => `watch ${tubeIn(shard, 4)}\r\n`).join(""));
  const looks = watchLooks(world.shards[0] ?? []);
  expect(worker.ask("reserve\r\n")).toBe("");
  expect(looks()).toEqual({ run: 1, wait: 4 });
});

test.each([1, 4])("what it holds ends the waiting a second before, with %d shards", (shards) => {
  const tubes = Array.from({ length: shards }, (_, shard) => tubeIn(shard, shards));
  for (const tube of tubes) {
    const world = new World({ shards });
    const worker = world.connect();
    worker.ask(`use ${tube}\r\nput 0 0 5 1\r\nx\r\nwatch ${tube}\r\nreserve\r\n`);
    for (const other of tubes) worker.ask(`watch ${other}\r\n`);
    worker.ask(`ignore ${tube}\r\n`);
    expect(worker.ask("reserve\r\n")).toBe("");
    world.advance(3.9 * SECOND);
    expect(worker.heard()).toBe("");
    world.advance(0.2 * SECOND);
    expect(worker.heard()).toBe("DEADLINE_SOON\r\n");
    expect(worker.ask("reserve\r\n")).toBe("DEADLINE_SOON\r\n");
    expect(worker.ask("reserve-with-timeout 9\r\n")).toBe("DEADLINE_SOON\r\n");
    worker.ask("touch 1\r\n");
    expect(worker.ask("reserve-with-timeout 1\r\n")).toBe("");
    world.advance(SECOND);
    expect(worker.heard()).toBe("TIMED_OUT\r\n");
    world.verify();
  }
});

test.each([true, false])(
  "a job reserved by its id counts where nothing is watched (runs: %s)",
  (runs) => {
    const world = new World({ shards: 4, runs });
    const worker = world.connect();
    const here = tubeIn(0, 4);
    const there = tubeIn(2, 4);
    worker.ask(`use ${there}\r\nput 0 0 5 1\r\nx\r\nwatch ${here}\r\nignore default\r\n`);
    worker.ask("reserve-with-timeout 0\r\n"); // it holds nothing anywhere, and knows
    expect(worker.ask("reserve-job 1\r\n")).toBe("RESERVED 1 1\r\nx\r\n");
    expect(worker.ask("reserve\r\n")).toBe("");
    world.advance(4.1 * SECOND);
    expect(worker.heard()).toBe("DEADLINE_SOON\r\n");
  },
);

test("how long a worker waits is read before it says who it is, which is another call", () => {
  const world = new World();
  const [shard] = world.shards[0] ?? [];
  if (shard === undefined) throw new Error("there is no shard");
  const nameConn = shard.nameConn.bind(shard);
  const names = vi.spyOn(shard, "nameConn").mockImplementation((...order) => {
    const answer = nameConn(...order);
    shard.result.fill(0, 0, C.RESULT_COUNTS); // answers are good until the next call
    return answer;
  });
  const worker = world.connect(0, "10.0.0.1:99");
  expect(worker.ask("reserve-with-timeout 5\r\n")).toBe("");
  expect(names).toHaveBeenCalledTimes(1);
  world.advance(4.9 * SECOND);
  expect(worker.heard()).toBe("");
  world.advance(0.2 * SECOND);
  expect(worker.heard()).toBe("TIMED_OUT\r\n");
});
