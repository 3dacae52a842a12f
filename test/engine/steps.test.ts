import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { OneTube, SECOND } from "./one-tube.ts";

/** Buries `count` jobs. */
function buryMany(one: OneTube, count: number): void {
  one.putMany(count);
  for (let id = 1; id <= count; id++) {
    one.take();
    one.shard.bury(0, one.conn, id, 0, one.now);
  }
}

test("kicking 2,500 buried jobs takes three calls of at most 1,000", () => {
  const one = new OneTube();
  buryMany(one, 2500);
  one.shard.verify();
  const counts: unknown[] = [];
  for (let left = 1_000_000; ; left -= 1000) {
    const { answer, count, kind } = one.shard.kick(0, one.tube, left, C.KIND_ANY, one.now);
    counts.push([answer, count, kind]);
    one.shard.verify();
    if (answer !== "MORE") break;
  }
  expect(counts).toEqual([
    ["MORE", 1000, C.KIND_BURIED],
    ["MORE", 1000, C.KIND_BURIED],
    ["DONE", 500, C.KIND_BURIED],
  ]);
  expect(one.figure(C.TUBE_READY)).toBe(2500);
});

test("a kick that may move exactly 1,000 does not ask to be called again", () => {
  const one = new OneTube();
  one.putMany(1500, { delaySeconds: 60 });
  const reply = one.shard.kick(0, one.tube, 1000, C.KIND_ANY, one.now);
  expect(reply).toMatchObject({ answer: "DONE", count: 1000, kind: C.KIND_DELAYED });
});

test("closing a connection that holds 2,500 jobs takes three calls, and all are ready again", () => {
  const one = new OneTube();
  const holder = one.openConn();
  one.putMany(2500);
  for (let i = 0; i < 2500; i++) one.take(holder);
  for (const answer of ["MORE", "MORE", "DONE"]) {
    expect(one.shard.closeConn(0, holder, one.now).answer).toBe(answer);
    one.shard.verify();
  }
  expect(one.figure(C.TUBE_READY)).toBe(2500);
  expect(one.figure(C.TUBE_WATCHING)).toBe(1);
  const { figures = [] } = one.shard.statsJob(0, 1, one.now);
  expect([figures[C.JOB_RESERVES], figures[C.JOB_TIMEOUTS], figures[C.JOB_RELEASES]]).toEqual([
    1, 0, 0,
  ]);
});

test("2,500 deadlines at once are worked off in steps, and until then nextDue stays in the past", () => {
  const one = new OneTube();
  one.putMany(2500, { delaySeconds: 5 });
  one.now += 5 * SECOND;
  for (const answer of ["MORE", "MORE", "NONE"]) {
    expect(one.shard.tick(0, one.now).answer).toBe(answer);
    expect(one.shard.nextDueMicros() <= one.now).toBe(answer === "MORE");
    one.shard.verify();
  }
  expect(one.figure(C.TUBE_READY)).toBe(2500);
});

test("a timer rings at the first deadline of all, early for what is gone, and never late", () => {
  const one = new OneTube();
  const start = one.now;
  expect(one.shard.nextDueMicros()).toBe(C.NEVER_MICROS);
  one.put({ delaySeconds: 9 });
  expect(one.shard.nextDueMicros()).toBe(start + 9 * SECOND);
  one.put({ ttrSeconds: 4 });
  one.take();
  expect(one.shard.nextDueMicros()).toBe(start + 4 * SECOND);
  one.shard.deleteJob(0, one.conn, 2, start);
  one.now = start + 4 * SECOND;
  one.shard.tick(0, one.now);
  expect(one.shard.nextDueMicros()).toBe(start + 9 * SECOND);
  one.shard.kickJob(0, 1, one.now);
  one.shard.deleteJob(0, 0, 1, one.now);
  one.shard.tick(0, start + 9 * SECOND);
  expect(one.shard.nextDueMicros()).toBe(C.NEVER_MICROS);
});

test("a deadline is over at its very microsecond and not one before", () => {
  const one = new OneTube();
  one.put({ ttrSeconds: 3 });
  one.take();
  one.now += 3 * SECOND - 1;
  expect(one.shard.touch(0, one.conn, 1, one.now).answer).toBe("DONE");
  one.now += 3 * SECOND;
  expect(one.shard.touch(0, one.conn, 1, one.now).answer).toBe("NOT_FOUND");
  expect(one.shard.statsJob(0, 1, one.now).figures?.[C.JOB_TIMEOUTS]).toBe(1);
});

test("a grant that nobody collects runs out, goes to the next waiter, and is LOST to the first", () => {
  const one = new OneTube();
  const first = one.openConn();
  one.shard.wait(0, first, 11, one.now);
  one.put({ ttrSeconds: 2 });
  const second = one.openConn();
  one.shard.wait(0, second, 12, one.now);
  one.now += 2 * SECOND;
  expect(one.shard.tick(0, one.now).wakes).toEqual([0]);
  expect(one.shard.cancel(0, first, one.now)).toMatchObject({ answer: "LOST", generation: 11 });
  expect(one.shard.cancel(0, second, one.now)).toMatchObject({ answer: "RESERVED", id: 1 });
  one.shard.verify();
});

test("what the holder may do, the holder of an uncollected grant may not", () => {
  const one = new OneTube();
  one.shard.wait(0, one.conn, 1, one.now);
  one.put();
  for (const reply of [
    one.shard.touch(0, one.conn, 1, one.now),
    one.shard.release(0, one.conn, 1, 0, 0, one.now),
    one.shard.bury(0, one.conn, 1, 0, one.now),
    one.shard.deleteJob(0, one.conn, 1, one.now),
    one.shard.handBack(0, one.conn, 1, 0, one.now),
    one.shard.reserveJob(0, one.conn, 1, one.now),
  ]) {
    expect(reply.answer).toBe("NOT_FOUND");
  }
  one.shard.verify();
});
