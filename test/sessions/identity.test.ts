/* Tokens of sessions, and who vouches for them: over threads and shards, and without memory. */
import { expect, test } from "vitest";
import { SECOND, World, tubeIn } from "../support/session-world.ts";

const SESSION = /^SESSION ([0-9a-f]{32})\r\n$/;

function tokenOf(text: string): string {
  return SESSION.exec(text)?.[1] ?? "";
}

test("each session has a token of its own, drawn once", () => {
  const world = new World({ shards: 4, threads: 2 });
  const [a, b] = [world.connect(0), world.connect(1)];
  const tokens = [a, b, a, b].map((end) => tokenOf(end.ask("session\r\n")));
  expect(new Set(tokens).size).toBe(2);
  expect(tokens.slice(0, 2)).toEqual(tokens.slice(2));
  expect(tokens[0]).toMatch(/^01e0e0/);
});

test.each([1, 4])("from any thread all leases are kept, in %d shards", (shards) => {
  const world = new World({ shards, threads: 3 });
  const worker = world.connect(0);
  const token = tokenOf(worker.ask("session\r\n"));
  const tubes = Array.from({ length: shards }, (_, shard) => tubeIn(shard, shards));
  for (const tube of tubes)
    worker.ask(`use ${tube}\r\nwatch ${tube}\r\nput 0 0 2 1\r\nx\r\nput 0 0 20 1\r\ny\r\n`);
  worker.ask("reserve\r\n".repeat(2 * shards));
  const keeper = world.connect(2);
  for (let round = 0; round < 5; round++) {
    expect(keeper.ask(`vouch ${token} 10\r\n`)).toBe(`VOUCHED ${2 * shards}\r\n`);
    world.advance(9 * SECOND);
  }
  expect(keeper.ask("stats\r\n")).toContain(`current-jobs-reserved: ${2 * shards}\n`);
  world.advance(2 * SECOND);
  expect(keeper.ask("stats\r\n")).toContain("current-jobs-reserved: 0\n");
  expect(keeper.ask(`vouch ${token} 10\r\n`)).toBe("VOUCHED 0\r\n");
  world.verify();
});

test("thousands of leases are kept, a bounded part of them at a time", () => {
  const world = new World();
  const worker = world.connect();
  const token = tokenOf(worker.ask("session\r\n"));
  worker.ask("put 0 0 3 0\r\n\r\n".repeat(3500));
  worker.ask("reserve\r\n".repeat(3500));
  expect(world.connect().ask(`vouch ${token} 100\r\n`)).toBe("VOUCHED 3500\r\n");
  world.advance(50 * SECOND);
  expect(worker.ask("stats\r\n")).toContain("current-jobs-reserved: 3500\n");
  world.verify();
});

test("a grant that nobody collected is no lease", () => {
  const world = new World({ threads: 2 });
  const worker = world.connect(0);
  const token = tokenOf(worker.ask("session\r\n"));
  worker.ask("reserve\r\n");
  const giver = world.connect(1);
  giver.say("put 0 0 5 1\r\nx\r\n");
  giver.say(`vouch ${token} 100\r\n`);
  expect(giver.heard()).toBe("INSERTED 1\r\nVOUCHED 0\r\n");
  world.settle();
  expect(worker.heard()).toBe("RESERVED 1 1\r\nx\r\n");
  world.advance(6 * SECOND);
  expect(giver.ask("peek-ready\r\n")).toBe("FOUND 1 1\r\nx\r\n");
  world.verify();
});
