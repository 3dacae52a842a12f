import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { OneTube, SECOND, TUBE } from "./one-tube.ts";
import { isSorted, shuffled } from "./shuffle.ts";

test("jobs of one priority are reserved in the order of their ids, however they came", () => {
  const one = new OneTube();
  for (const id of shuffled(2000, 1)) one.put({ id, pri: 7 });
  one.shard.verify();
  const ids = one.drain();
  expect(ids).toHaveLength(2000);
  expect(isSorted(ids)).toBe(true);
  one.shard.verify();
});

test("released jobs go back to the place of their ids, in any order of releasing", () => {
  const one = new OneTube();
  one.putMany(500);
  const other = one.openConn();
  for (let i = 0; i < 300; i++) one.take(other);
  for (const index of shuffled(300, 2)) {
    expect(one.shard.release(0, other, index, 0, 0, one.now).answer).toBe("DONE");
    if (index % 10 === 0) one.shard.verify();
  }
  const ids = one.drain();
  expect(ids).toHaveLength(500);
  expect(isSorted(ids)).toBe(true);
});

test("a late job that is the best again goes first, and so does one behind a list that ran empty", () => {
  const one = new OneTube();
  for (const id of [10, 30, 20, 25]) one.put({ id });
  for (const id of [10, 30]) one.shard.deleteJob(0, 0, id, one.now);
  one.shard.verify();
  one.put({ id: 22 });
  one.shard.verify();
  expect(one.drain()).toEqual([20, 22, 25]);
});

test("every priority between 0 and 2^32-1 keeps its place, compared without a sign", () => {
  const one = new OneTube();
  const priorities = [4_294_967_295, 0, 2_147_483_648, 1, 2_147_483_647, 1023, 1024];
  for (const pri of priorities) one.put({ pri });
  expect(one.figure(C.TUBE_URGENT)).toBe(3);
  const seen = priorities.map(() => one.take().pri);
  expect(seen).toEqual(priorities.toSorted((a, b) => a - b));
});

test("a thousand priorities come and go in order", () => {
  const one = new OneTube();
  for (const pri of shuffled(1000, 3)) one.put({ pri });
  one.shard.verify();
  for (const id of shuffled(1000, 4).slice(0, 500)) one.shard.deleteJob(0, 0, id, one.now);
  one.shard.verify();
  const seen = Array.from({ length: 500 }, () => one.take().pri ?? -1);
  expect(isSorted(seen)).toBe(true);
  one.shard.verify();
});

test("delayed jobs stay in order of their deadlines while others are taken out at random", () => {
  const one = new OneTube();
  for (const seconds of shuffled(3000, 5)) one.put({ delaySeconds: seconds });
  one.shard.verify();
  for (const [n, id] of shuffled(3000, 6).slice(0, 2500).entries()) {
    one.shard.deleteJob(0, 0, id, one.now);
    if (n % 100 === 0) one.shard.verify();
  }
  const deadlines: number[] = [];
  for (let i = 0; i < 500; i++) {
    const { id = 0 } = one.shard.peekTube(0, one.tube, C.KIND_DELAYED, one.now);
    deadlines.push(one.shard.statsJob(0, id, one.now).figures?.[C.JOB_DELAY_SECONDS] ?? -1);
    one.shard.kickJob(0, id, one.now);
  }
  expect(isSorted(deadlines)).toBe(true);
  one.shard.verify();
});

test("waiters are served first come first served, one job each, and their threads are woken", () => {
  const one = new OneTube({ threads: 64 });
  const threads = [5, 0, 63, 31, 32];
  const waiters = threads.map((thread) => one.openConn(thread));
  for (const [i, conn] of waiters.entries()) one.shard.wait(threads[i] ?? 0, conn, i, one.now);
  for (const thread of threads) expect(one.put().wakes).toEqual([thread]);
  expect(one.put().wakes).toEqual([]);
  one.shard.verify();
  for (const [i, thread] of threads.entries()) {
    const reply = one.shard.collect(thread, one.now);
    expect(reply).toMatchObject({ answer: "RESERVED", id: i + 1, conn: waiters[i], generation: i });
  }
  one.shard.verify();
});

test("what became due long ago happens in the order of its time, whoever it belongs to", () => {
  const one = new OneTube();
  // A stale timer: looked at first, though nothing of it is due before the other's time.
  one.put({ ttrSeconds: 2 });
  one.take();
  one.shard.deleteJob(0, one.conn, 1, one.now);
  one.put({ ttrSeconds: 30 });
  one.take();
  one.put({ delaySeconds: 10, pri: 9 });
  const waiter = one.openConn();
  one.shard.wait(0, waiter, 1, one.now);
  one.now += 1000 * SECOND;
  expect(one.shard.tick(0, one.now)).toEqual({ answer: "NONE", wakes: [0] });
  expect(one.shard.collect(0, one.now).id).toBe(3);
  one.shard.verify();
});

test("a pause that ends hands out what its delays made ready meanwhile, the best first", () => {
  const one = new OneTube();
  one.shard.pauseTube(0, TUBE, 10, one.now);
  one.put({ pri: 9 });
  one.put({ pri: 1, delaySeconds: 5 });
  const waiter = one.openConn();
  one.shard.wait(0, waiter, 1, one.now);
  one.shard.verify();
  one.now += 60 * SECOND;
  one.shard.tick(0, one.now);
  expect(one.shard.collect(0, one.now).id).toBe(2);
});

test("a move first serves those who wait where the job was, and then those in its new tube", () => {
  const one = new OneTube();
  const other = one.shard.useTube(0, "other", 3).ref;
  one.putMany(2, { tags: " con:k" });
  one.take();
  const waiters = [one.openConn(), one.openConn()];
  for (const [i, conn] of waiters.entries()) {
    one.shard.watchTube(0, conn, "other", 3);
    one.shard.wait(0, conn, i, one.now);
  }
  expect(one.shard.moveJob(0, one.conn, 1, other, one.now).answer).toBe("DONE");
  expect(one.shard.collect(0, one.now)).toMatchObject({ conn: waiters[0], id: 2 });
  expect(one.shard.collect(0, one.now).answer).toBe("NONE"); // the key is at its limit
  one.shard.deleteJob(0, waiters[0] ?? 0, 2, one.now);
  expect(one.shard.collect(0, one.now)).toMatchObject({ conn: waiters[1], id: 1 });
  one.shard.verify();
});
