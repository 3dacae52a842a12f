/*
 * Commands that take several turns: what happens between the pieces, to others and to the
 * connection itself.
 */
import { describe, expect, test } from "vitest";
import { journalThat, World } from "../support/session-world.ts";
import type { End, WorldOptions } from "../support/session-world.ts";

/** A world whose tube "default" has so many ready jobs, and as many delayed ones. */
function crowdedWorld(jobs: number, options: WorldOptions = {}): World {
  const world = new World(options);
  const end = world.connect();
  const puts = "put 0 0 100 1\r\nx\r\nput 0 50 100 1\r\nx\r\n".repeat(jobs);
  expect(end.ask(puts)).toContain(`INSERTED ${2 * jobs}\r\n`);
  end.drop();
  return world;
}

/** Ids of all pages of a state of "default"; `between` runs between two pages. */
function listAll(
  end: End,
  state: string,
  limit: number,
  between: () => void = () => undefined,
): number[] {
  const ids: number[] = [];
  for (let after = "0"; ;) {
    const page = end.ask(`list-jobs default ${state} ${after} ${limit}\r\n`);
    for (const [, id] of page.matchAll(/^- \{id: (\d+),/gm)) ids.push(Number(id));
    after = /^next: (\d+)$/m.exec(page)?.[1] ?? "none";
    if (after === "0") return ids;
    between();
  }
}

describe("a flush of many jobs", () => {
  test("lets other connections have their turn between two pieces", () => {
    const world = crowdedWorld(3000);
    const [flusher, other] = [world.connect(), world.connect()];
    flusher.say("flush-tube default\r\nlist-tube-used\r\n");
    let turns = 0;
    while (world.hasLater) {
      expect(flusher.heard()).toBe("");
      other.say("put 0 0 100 1\r\ny\r\n");
      expect(other.heard()).toMatch(/^INSERTED /);
      turns += 1;
      world.goOn();
    }
    expect(turns).toBeGreaterThanOrEqual(5);
    expect(flusher.heard()).toBe("FLUSHED 6000\r\nUSING default\r\n");
    expect(other.ask("stats-tube default\r\n")).toContain(`current-jobs-ready: ${turns}\n`);
    world.verify();
  });

  test("stops when its connection goes: what was deleted is deleted", () => {
    const world = crowdedWorld(3000);
    const [flusher, other] = [world.connect(), world.connect()];
    flusher.say("flush-tube default\r\n");
    world.goOn();
    flusher.drop();
    world.settle();
    expect(other.ask("stats\r\n")).toContain(
      "current-jobs-ready: 3000\ncurrent-jobs-reserved: 0\ncurrent-jobs-delayed: 1000\n",
    );
    world.verify();
  });

  test("is answered although the peer has ended its side", () => {
    const world = crowdedWorld(2000);
    const flusher = world.connect();
    flusher.say("flush-tube default\r\n");
    flusher.shutdown();
    world.settle();
    expect([flusher.heard(), flusher.isGone]).toEqual(["FLUSHED 4000\r\n", true]);
  });

  test("keeps what is sent meanwhile until it is done", () => {
    const world = crowdedWorld(2000);
    const flusher = world.connect();
    flusher.say("flush-tube default\r\n").say("put 0 0 60 1\r\nz\r\npeek-ready\r\n");
    expect(flusher.heard()).toBe("");
    world.settle();
    expect(flusher.heard()).toBe("FLUSHED 4000\r\nINSERTED 4001\r\nFOUND 4001 1\r\nz\r\n");
  });

  test("waits while the journal's ring is rather full, and keeps nobody else waiting", () => {
    let awaitsRoom = false;
    const safe = { safePosition: () => Infinity, held: () => undefined };
    const journal = journalThat(safe, { awaitsRoom: (waits) => (awaitsRoom = waits) });
    const world = crowdedWorld(2000, { journal });
    const [flusher, other] = [world.connect(), world.connect()];
    const [shard] = world.shards[0] ?? [];
    let hasRoomToSpare = true;
    Object.assign(shard ?? {}, { hasRoomToSpare: () => hasRoomToSpare });
    flusher.say("flush-tube default\r\npeek-ready\r\n");
    hasRoomToSpare = false;
    world.settle();
    for (let millis = 0; millis < 5; millis += 1) {
      expect(other.ask("put 0 0 60 1\r\nx\r\n")).toMatch(/^INSERTED /);
      world.wake(0);
    }
    expect([flusher.heard(), awaitsRoom]).toEqual(["", true]);
    hasRoomToSpare = true;
    world.wake(0);
    world.settle();
    expect(awaitsRoom).toBe(false);
    expect(flusher.heard()).toBe("FLUSHED 4000\r\nFOUND 4001 1\r\nx\r\n");
  });

  test("of which the connection goes while it waits for room is over", () => {
    const safe = { safePosition: () => Infinity, held: () => undefined };
    let awaitsRoom = false;
    const journal = journalThat(safe, { awaitsRoom: (waits) => (awaitsRoom = waits) });
    const world = crowdedWorld(1, { journal });
    const flusher = world.connect();
    Object.assign(world.shards[0]?.[0] ?? {}, { hasRoomToSpare: () => false });
    flusher.say("flush-tube default\r\n");
    expect(awaitsRoom).toBe(true);
    flusher.drop();
    expect(awaitsRoom).toBe(false);
    world.wake(0);
    expect(world.connect().ask("stats-tube default\r\n")).toContain("current-jobs-ready: 1\n");
  });

  test("of one thread goes on beside another's", () => {
    const world = crowdedWorld(2500, { threads: 2, shards: 4 });
    const [a, b] = [world.connect(0), world.connect(1)];
    a.say("flush-tube default\r\n");
    b.say("flush-tube default\r\n");
    world.settle();
    const counts = [a.heard(), b.heard()].map((reply) => Number(/^FLUSHED (\d+)/.exec(reply)?.[1]));
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(5000);
    expect(Math.min(...counts)).toBeGreaterThan(0);
  });
});

describe("a listing of many jobs", () => {
  test.each([1, 4])("has every job once, in order, on %i shards", (shards) => {
    const world = crowdedWorld(2500, { shards });
    const end = world.connect();
    const odd = Array.from({ length: 2500 }, (_, index) => 2 * index + 1);
    expect(listAll(end, "ready", 1000)).toEqual(odd);
    expect(listAll(end, "delayed", 333)).toEqual(odd.map((id) => id + 1));
  });

  test("where nearly all ids are gone looks through the table, a piece at a time", () => {
    const world = crowdedWorld(1);
    const end = world.connect();
    const kept: number[] = [2];
    for (let round = 0; round < 60; round += 1) {
      world.host().desk.takeIds(100_000);
      const replies = end.ask("put 0 50 100 1\r\nx\r\n".repeat(20));
      for (const [, id] of replies.matchAll(/INSERTED (\d+)/g)) kept.push(Number(id));
    }
    expect(listAll(end, "delayed", 1000)).toEqual(kept);
    end.say("list-jobs default delayed 0 7\r\n");
    let pieces = 0;
    while (world.hasLater) {
      pieces += 1;
      world.goOn();
    }
    expect(pieces).toBeGreaterThan(10);
    expect(end.heard()).toContain(`next: ${kept[6]}\n`);
  });

  test("begins to scan when probing was a wrong guess", () => {
    // Evenly spread, the ids would be dense enough to be probed; but all of them are at the end.
    const world = new World();
    const end = world.connect();
    world.host().desk.takeIds(40_000);
    end.ask("put 0 50 100 1\r\nx\r\n".repeat(2000));
    const ids = Array.from({ length: 2000 }, (_, index) => 40_001 + index);
    expect(listAll(end, "delayed", 700)).toEqual(ids);
  });

  test("ends when its connection goes", () => {
    const world = crowdedWorld(2500);
    const end = world.connect();
    end.say("list-jobs default ready 0 1000\r\n");
    expect(world.hasLater).toBe(true);
    end.drop();
    world.settle();
    expect(end.heard()).toBe("");
  });

  test("has each job once that stays, while others come, go and change their state", () => {
    const world = crowdedWorld(2500);
    const [lister, other] = [world.connect(), world.connect()];
    other.ask("use default\r\n");
    let gone = 0;
    const found = listAll(lister, "delayed", 100, () => {
      other.ask("put 0 60 60 1\r\nx\r\n".repeat(3));
      for (let count = 0; count < 20; count += 1) other.ask(`delete ${5000 - 2 * gone++}\r\n`);
      other.ask(`kick-job ${2 * gone + 1000}\r\n`);
    });
    expect(new Set(found).size).toBe(found.length);
    const staying = listAll(lister, "delayed", 1000);
    expect(staying.filter((id) => id <= 5000 && !found.includes(id))).toEqual([]);
  });
});

describe("peek-reserved with much reserved", () => {
  test("finds the job with the smallest id", () => {
    const world = new World();
    const ends = Array.from({ length: 8 }, () => world.connect());
    const puts = Array.from({ length: 1600 }, (_, i) => `put 0 0 ${2000 - i} 1\r\nx\r\n`).join("");
    ends[0]?.ask(puts);
    for (const end of ends.toReversed()) end.ask("reserve-with-timeout 0\r\n".repeat(200));
    expect(ends[0]?.ask("peek-reserved\r\nlist-tube-used\r\n")).toBe(
      "FOUND 1 1\r\nx\r\nUSING default\r\n",
    );
  });
});
