/*
 * Listing and flushing with many jobs, while between two pieces the tube is full of life and the
 * table of jobs grows and shrinks.
 */
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { EngineShard } from "./engine.ts";
import type { ListWay } from "./answers.ts";

const SECOND = 1_000_000;
const TUBE = "default";

/** A shard with one tube, a user of it and a worker. */
class Yard {
  readonly engine = EngineShard.open();
  readonly tube: number;
  readonly other: number;
  readonly conn: number;
  now = 1_700_000_000 * SECOND;

  constructor() {
    this.tube = this.engine.useTube(0, TUBE, 1).ref;
    this.other = this.engine.useTube(0, "other", 2).ref;
    this.conn = this.engine.openConn(0, 1).ref;
    this.engine.watchTube(0, this.conn, TUBE, 3);
  }

  /** Puts so many jobs; returns their ids. */
  put(
    count: number,
    job: { pri?: number; delaySeconds?: number } = {},
    tube = this.tube,
  ): number[] {
    return Array.from({ length: count }, () => {
      const id = this.engine.raw(0).nextId();
      this.engine.put(0, tube, { id, ttrSeconds: 1000, ...job }, this.now);
      return id;
    });
  }

  /** Gives out ids that no job here has: they are of other shards. */
  skip(count: number): void {
    this.engine.raw(0).takeIds(count);
  }

  /** Has each job reserved by a connection of its own, in that order. */
  holdEach(ids: readonly number[]): void {
    for (const [index, id] of ids.entries()) {
      const { ref } = this.engine.openConn(0, 10 + index);
      this.now += 1;
      this.engine.reserveJob(0, ref, id, this.now);
    }
  }

  delete(ids: readonly number[]): void {
    for (const id of ids) this.engine.deleteJob(0, this.conn, id, this.now);
  }

  /**
   * All ids of a state, page by page, looked for in one way; `between` runs between pieces and
   * pages.
   */
  list(way: ListWay, state: number, most: number, between: () => void = () => undefined): number[] {
    const ids: number[] = [];
    for (;;) {
      const order = { tube: TUBE, state, after: ids.at(-1) ?? 0, most };
      const page = this.engine.listJobs(0, way, order, () => this.now, between) ?? [];
      ids.push(...page);
      if (page.length < most) return ids;
      between();
    }
  }
}

describe("a listing", () => {
  test("of up to 1,000 jobs takes one piece, of more it says so", () => {
    const yard = new Yard();
    const ids = yard.put(1000);
    expect(yard.list("walk", C.STATE_READY, 300)).toEqual(ids);
    yard.put(1);
    expect(() => yard.list("walk", C.STATE_READY, 300)).toThrow("too many jobs for a walk");
  });

  test("has the jobs that came back late to their place, and a flush takes them", () => {
    const yard = new Yard();
    const ids = yard.put(5);
    for (const id of ids.slice(1, 4)) {
      yard.engine.reserveJob(0, yard.conn, id, yard.now);
      yard.engine.release(0, yard.conn, id, 0, 0, yard.now);
    }
    expect(yard.list("walk", C.STATE_READY, 2)).toEqual(ids);
    const { count } = yard.engine.flushTube(0, TUBE, ids[3] ?? 0, () => yard.now);
    expect(count).toBe(4);
    expect(yard.list("walk", C.STATE_READY, 2)).toEqual(ids.slice(4));
    yard.engine.verify();
  });

  test("looks at no more than a bounded number of jobs in a piece", () => {
    const yard = new Yard();
    yard.put(5000, {}, yard.other);
    let pieces = 0;
    const order = { tube: TUBE, state: C.STATE_READY, after: 0, most: 10 };
    yard.engine.listJobs(
      0,
      "probe",
      order,
      () => yard.now,
      () => pieces++,
    );
    expect(pieces).toBeGreaterThanOrEqual(4);
  });

  test.each(["probe", "scan"] as const)(
    "by %s has each job that stays once, while others come, go and change",
    (way) => {
      const yard = new Yard();
      const staying = Array.from({ length: 1500 }, () => {
        yard.skip(2);
        return yard.put(1);
      }).flat();
      const moving = yard.put(1500);
      const found = yard.list(way, C.STATE_READY, 700, () => {
        if (moving.length > 0) yard.put(30, { pri: 7 }); // or it would never come to an end
        yard.delete(moving.splice(0, 20));
        yard.now += 1000;
      });
      const seen = found.filter((id) => staying.includes(id));
      expect(seen).toEqual(staying);
      expect(new Set(found).size).toBe(found.length);
      yard.engine.verify();
    },
  );

  test("by scan misses nobody when the table becomes four times as large, and no one is met twice", () => {
    const yard = new Yard();
    const staying = yard.put(12_000, { delaySeconds: 1000 });
    let others = 0;
    const found = yard.list("scan", C.STATE_DELAYED, 1000, () => {
      if (others < 60_000) others += yard.put(2000, {}, yard.other).length;
    });
    expect(others).toBe(60_000);
    expect(found).toEqual(staying);
  });

  test("by scan misses nobody when the table becomes four times smaller", () => {
    const yard = new Yard();
    const going = yard.put(60_000, {}, yard.other);
    const staying = yard.put(2000, { delaySeconds: 1000 });
    const order = { tube: TUBE, state: C.STATE_DELAYED, after: 0, most: 1000 };
    const found = yard.engine.listJobs(
      0,
      "scan",
      order,
      () => yard.now,
      () => yard.delete(going.splice(0, 1000)),
    );
    expect(going).toEqual([]);
    expect(found).toEqual(staying.slice(0, 1000));
    yard.engine.verify();
  });

  test("of reserved jobs finds those of many holders", () => {
    const yard = new Yard();
    const ids = yard.put(1200);
    yard.holdEach(ids);
    expect(yard.list("scan", C.STATE_RESERVED, 1000)).toEqual(ids);
    expect(yard.list("probe", C.STATE_RESERVED, 1000)).toEqual(ids);
  });
});

describe("a peek at the reserved jobs", () => {
  test("shows the one with the lowest id, whoever holds it and however many hold others", () => {
    const yard = new Yard();
    const elsewhere = yard.put(300, {}, yard.other);
    const ids = yard.put(1200);
    yard.holdEach(elsewhere);
    yard.holdEach(ids.slice(1).toReversed());
    yard.engine.reserveJob(0, yard.conn, ids[0] ?? 0, yard.now);
    let pieces = 0;
    const peek = (between?: () => void): unknown =>
      yard.engine.peekReserved(
        0,
        yard.tube,
        () => yard.now,
        () => {
          pieces += 1;
          between?.();
        },
      );
    expect(peek()).toMatchObject({ answer: "DONE", id: ids[0] });
    yard.delete(ids.slice(0, 1));
    expect(peek()).toMatchObject({ answer: "DONE", id: ids[1] });
    expect(pieces).toBeGreaterThanOrEqual(2);
    yard.engine.verify();
  });

  test("says NOT_FOUND when what it found is not reserved any more at the end", () => {
    const yard = new Yard();
    const [first = 0] = yard.put(1);
    yard.engine.reserveJob(0, yard.conn, first, yard.now);
    const elsewhere = yard.put(2000, {}, yard.other);
    yard.holdEach(elsewhere);
    const reply = yard.engine.peekReserved(
      0,
      yard.tube,
      () => yard.now,
      () => yard.delete([first]),
    );
    expect(reply.answer).toBe("NOT_FOUND");
  });
});

describe("a flush", () => {
  test("deletes what was there when it began, and nothing that came later", () => {
    const yard = new Yard();
    const before = [
      ...yard.put(2500),
      ...yard.put(1500, { delaySeconds: 500 }),
      ...yard.put(1200, { pri: 5 }),
    ];
    for (const id of before.slice(0, 1100)) {
      yard.engine.reserveJob(0, yard.conn, id, yard.now);
      yard.engine.bury(0, yard.conn, id, 9, yard.now);
    }
    const last = yard.engine.raw(0).lastId();
    let later = 0;
    const { count } = yard.engine.flushTube(
      0,
      TUBE,
      last,
      () => yard.now,
      () => {
        later += yard.put(2, { pri: 0 }).length + yard.put(2, { pri: later % 9 }).length;
        later += yard.put(2, { delaySeconds: 1 + (later % 700) }).length;
        yard.engine.verify();
      },
    );
    expect(count).toBe(before.length);
    expect(later).toBeGreaterThan(20);
    expect(yard.engine.statsShard(0, yard.now).figures?.slice(1, 5)).toEqual([
      (later / 6) * 4,
      0,
      (later / 6) * 2,
      0,
    ]);
    yard.engine.verify();
  });

  test("takes along what becomes ready or is kicked meanwhile, and what is reserved", () => {
    const yard = new Yard();
    const delayed = yard.put(1500, { delaySeconds: 2 });
    const ready = yard.put(1500, { pri: 3 });
    const elsewhere = yard.put(1500, {}, yard.other);
    yard.holdEach([...elsewhere, ...ready.slice(0, 10)]);
    const last = yard.engine.raw(0).lastId();
    const { count } = yard.engine.flushTube(
      0,
      TUBE,
      last,
      () => yard.now,
      () => {
        yard.engine.kick(0, yard.tube, 50, C.KIND_DELAYED, yard.now);
        yard.now += SECOND;
      },
    );
    expect(count).toBe(delayed.length + ready.length);
    expect(yard.engine.statsShard(0, yard.now).figures?.slice(1, 5)).toEqual([0, 1500, 0, 0]);
    yard.engine.verify();
  });

  test("takes what workers reserve and give back between two pieces", () => {
    const yard = new Yard();
    const ids = yard.put(5000);
    const last = yard.engine.raw(0).lastId();
    const held: number[] = [];
    let pieces = 0;
    const { count } = yard.engine.flushTube(
      0,
      TUBE,
      last,
      () => yard.now,
      () => {
        pieces += 1;
        const released = held.shift();
        if (released !== undefined)
          yard.engine.release(0, yard.conn, released, pieces % 2, 1, yard.now);
        if (pieces > 8) return; // or it would never come to an end
        const taken = yard.engine.take(0, yard.conn, yard.now).id;
        if (taken !== undefined) held.push(taken);
        yard.now += SECOND;
      },
    );
    expect(count).toBe(ids.length);
    expect(yard.engine.statsShard(0, yard.now).figures?.slice(1, 5)).toEqual([0, 0, 0, 0]);
    yard.engine.verify();
  });

  test("ends although producers put more between two pieces than it looks at in one", () => {
    const yard = new Yard();
    yard.put(3000, { delaySeconds: 100 });
    yard.put(3000);
    const last = yard.engine.raw(0).lastId();
    let pieces = 0;
    const { count } = yard.engine.flushTube(
      0,
      TUBE,
      last,
      () => yard.now,
      () => {
        pieces += 1;
        yard.now += 1000;
        yard.put(1500, { delaySeconds: 100 });
        yard.put(1500);
      },
    );
    expect(count).toBe(6000);
    expect(pieces).toBeLessThan(20);
  });
});
