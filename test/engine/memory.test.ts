import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { OneTube, SECOND } from "./one-tube.ts";
import { randomFrom, shuffled } from "./shuffle.ts";

/** Pages of the tables of a shard, of its tubes and its connections, each of a size of its own. */
const PAGES_KEPT = 3 + 9;

/** Pages in use when those without a piece, which stay open for the next one, are given back. */
function neededPages(one: OneTube): number {
  one.shard.settleBudget(0);
  one.shard.raw(0).grantPages(0, 30_000, 30_000);
  return usedPages(one);
}

function usedPages(one: OneTube): number {
  return one.shard.usedBytes(one.now) / C.PAGE_BYTES;
}

test("100,000 jobs go in and out: the table grows and shrinks, the memory is free again", () => {
  const one = new OneTube();
  const body = Buffer.alloc(100, "x");
  for (let id = 1; id <= 100_000; id++) {
    one.put({ id, body });
    if (id % 20_000 === 0) one.shard.verify();
  }
  expect(usedPages(one)).toBeGreaterThan(280);
  for (const [n, id] of shuffled(100_000, 1).entries()) {
    one.shard.deleteJob(0, 0, id, one.now);
    if (n % 20_000 === 0) one.shard.verify();
  }
  one.shard.verify();
  expect(neededPages(one)).toBeLessThan(PAGES_KEPT);
  expect(one.put({ body }).answer).toBe("DONE");
});

test("a job of 100 bytes takes at most 96 bytes beyond its body, all tables included", () => {
  const one = new OneTube();
  const before = one.shard.usedBytes(one.now);
  one.putMany(20_000, { body: Buffer.alloc(100) });
  expect((one.shard.usedBytes(one.now) - before) / 20_000 - 100).toBeLessThanOrEqual(96);
});

test("jobs of random sizes never overlap, and pages go from class to class", () => {
  const one = new OneTube();
  const random = randomFrom(5);
  const bodies = new Map<number, string>();
  for (let id = 1; id <= 6000; id++) {
    const bytes = random(10) === 0 ? random(20_000) : random(600);
    const body = Buffer.alloc(bytes, `${id}:`);
    one.put({ id, body });
    bodies.set(id, body.toString("latin1"));
    const gone = 1 + random(id);
    const found = one.shard.deleteJob(0, 0, gone, one.now).answer === "DONE";
    expect(found).toBe(bodies.delete(gone));
    if (id % 500 === 0) one.shard.verify();
  }
  for (const [id, body] of bodies) expect(one.shard.peek(0, id, one.now).body === body).toBe(true);
  const most = usedPages(one);
  for (const id of bodies.keys()) one.shard.deleteJob(0, 0, id, one.now);
  one.shard.verify();
  expect(neededPages(one)).toBeLessThan(Math.min(most, PAGES_KEPT));
});

/** Fills the shard until a put is refused; returns how many were not. */
function fill(one: OneTube, bytes: number): number {
  const body = Buffer.alloc(bytes);
  for (let n = 0; n < 100_000; n++) if (one.put({ body }).answer !== "DONE") return n;
  throw new Error("the budget was never reached");
}

test("at the budget puts are refused, everything else works, and deleting makes room", () => {
  const one = new OneTube({ budgetPages: 80 });
  const count = fill(one, 3000);
  one.shard.verify();
  expect(one.put({ body: Buffer.alloc(3000) }).answer).toBe("OUT_OF_MEMORY");
  const { id = 0 } = one.take();
  expect(one.shard.release(0, one.conn, id, 77, 0, one.now).answer).toBe("DONE");
  one.shard.reserveJob(0, one.conn, id, one.now);
  expect(one.shard.bury(0, one.conn, id, 5, one.now).answer).toBe("DONE");
  expect(one.shard.kick(0, one.tube, 1, C.KIND_ANY, one.now).count).toBe(1);
  one.shard.verify();
  expect(one.drain()).toHaveLength(count);
  expect(one.put({ body: Buffer.alloc(3000) }).answer).toBe("DONE");
  one.shard.verify();
});

test("the budget holds when the memory had to grow for tubes and connections", () => {
  const one = new OneTube({ budgetPages: 64 });
  fill(one, 3000);
  for (let i = 1; i <= 2000; i++) one.shard.useTube(0, `tube-${i}`.padEnd(200, "x"), i + 2);
  expect(usedPages(one)).toBeGreaterThan(64);
  expect(one.put({ body: Buffer.alloc(3000) }).answer).toBe("OUT_OF_MEMORY");
  const used = usedPages(one);
  expect(fill(one, 500) + fill(one, 2000)).toBeLessThan(150);
  expect(usedPages(one)).toBe(used);
  one.shard.verify();
});

/**
 * Holds all jobs and releases each with a priority of its own, until there is no memory for one;
 * returns the job of that one.
 */
function releaseUntilBuried(one: OneTube): number {
  const ids: number[] = [];
  for (let { id } = one.take(); id !== undefined; { id } = one.take()) ids.push(id);
  const id = ids.find((held) => {
    return one.shard.release(0, one.conn, held, held, 0, one.now).answer === "BURIED";
  });
  return id ?? 0;
}

test("without a byte left for a new priority a job is buried, not lost, and comes back", () => {
  const one = new OneTube({ maximumPages: 64 });
  const body = Buffer.alloc(1900);
  const count = fill(one, body.length);
  const id = releaseUntilBuried(one);
  expect(id).toBeGreaterThan(1);
  one.shard.verify();
  expect(one.shard.statsJob(0, id, one.now).figures?.[C.JOB_STATE]).toBe(C.STATE_BURIED);
  // TTRs that run out find their priorities' buckets, or are buried too; nothing stays held.
  one.now += 100 * SECOND;
  one.shard.tick(0, one.now);
  one.shard.tick(0, one.now);
  one.shard.verify();
  expect(one.figure(C.TUBE_RESERVED)).toBe(0);
  expect(one.figure(C.TUBE_READY) + one.figure(C.TUBE_BURIED)).toBe(count);
  const drained = one.drain().length;
  one.shard.kick(0, one.tube, 100_000, C.KIND_BURIED, one.now);
  one.shard.kick(0, one.tube, 100_000, C.KIND_BURIED, one.now);
  expect(drained + one.drain().length).toBe(count);
  one.shard.verify();
  expect(one.put({ body }).answer).toBe("DONE");
});

test("without a byte left no tube and no connection is made, and nothing of them stays behind", () => {
  const one = new OneTube({ maximumPages: 64 });
  fill(one, 3900);
  const refs: number[] = [];
  for (let i = 1; i < 8000; i++) {
    const { reply, ref } = one.shard.useTube(0, i.toString(36).padStart(4, "-"), i + 2);
    if (reply.answer !== "DONE") break;
    refs.push(ref);
  }
  one.shard.verify();
  expect(refs.length).toBeGreaterThan(10);
  expect(one.shard.useTube(0, "last", 20_000).reply.answer).toBe("OUT_OF_MEMORY");
  const { ref: conn } = one.shard.openConn(0, 1);
  expect(one.shard.watchTube(0, conn, "last", 20_000).reply.answer).toBe("OUT_OF_MEMORY");
  one.shard.verify();
  for (const ref of refs) one.shard.unuseTube(0, ref);
  one.shard.verify();
  expect(one.shard.listTubes(0)).toHaveLength(1);
  expect(one.shard.useTube(0, "last", 20_000).reply.answer).toBe("DONE");
});

test("more pages let bodies grow on", () => {
  const one = new OneTube({ budgetPages: 64 });
  const first = fill(one, 3000);
  expect(one.shard.raw(0).grantPages(0, 64, 64)).toBe(C.DONE);
  expect(fill(one, 3000)).toBeGreaterThan(first);
});
