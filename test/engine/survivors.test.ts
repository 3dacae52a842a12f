/*
 * Few survivors of many jobs must not keep the memory of all: their pieces are moved together, and
 * whole pages come free.
 */
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { OneTube } from "./one-tube.ts";

const BUDGET_PAGES = 512;
const BUDGET_BYTES = BUDGET_PAGES * C.PAGE_BYTES;

/** Puts jobs until one is refused and nothing more can be swept; returns their ids. */
function fill(one: OneTube, bytes: number): number[] {
  const ids: number[] = [];
  for (;;) {
    const id = one.nextId;
    const reply = one.put({ id, body: Buffer.alloc(bytes, `${id}:`) });
    if (reply.answer === "DONE") ids.push(id);
    else if (one.shard.sweepOne(0) === "NONE") return ids;
  }
}

/** Deletes all but each 100th; returns those that are left. */
function thin(one: OneTube, ids: readonly number[]): number[] {
  for (const [index, id] of ids.entries()) {
    if (index % 100 !== 0) one.shard.deleteJob(0, 0, id, one.now);
  }
  return ids.filter((_, index) => index % 100 === 0);
}

function expectWhole(one: OneTube, ids: readonly number[], bytes: number): void {
  one.shard.verify();
  for (const id of ids) {
    const body = Buffer.alloc(bytes, `${id}:`).toString("latin1");
    expect(one.shard.peek(0, id, one.now).body === body, `the body of job ${id}`).toBe(true);
  }
}

test.each([
  { bytes: 100, others: 10_000 },
  { bytes: 10_000, others: 100 },
  { bytes: 3968, others: 10_000 },
  { bytes: 60_000, others: 3968 },
])(
  "of 100 jobs of $bytes bytes one stays: others of $others bytes may have 70 % of the budget",
  ({ bytes, others }) => {
    const one = new OneTube({ budgetPages: BUDGET_PAGES });
    const left = thin(one, fill(one, bytes));
    const more = fill(one, others);
    const perJob = others + 88; // a job takes no more than that beyond its body
    expect((more.length * perJob) / BUDGET_BYTES).toBeGreaterThan(0.7);
    expectWhole(one, left, bytes);
    expectWhole(one, more.slice(0, 50), others);
  },
);

test("what is kept of failures is moved, too", () => {
  const one = new OneTube({ budgetPages: BUDGET_PAGES });
  one.shard.nameConn(0, one.conn, "127.0.0.1:4711");
  const message = "Traceback (most recent call last)".repeat(10);
  const ids: number[] = [];
  for (let id = 1; ; id++) {
    if (one.put({ id }).answer !== "DONE") break;
    one.shard.reserveJob(0, one.conn, id, one.now);
    const { reply, ref } = one.shard.openFailure(0, one.conn, message.length);
    if (reply.answer !== "DONE") break;
    one.shard.appendFailure(0, ref, 0, Buffer.from(message));
    one.shard.bury(0, one.conn, id, 0, one.now, ref);
    ids.push(id);
  }
  const left = thin(one, ids);
  expect((fill(one, 10_000).length * 10_000) / BUDGET_BYTES).toBeGreaterThan(0.7);
  one.shard.verify();
  for (const id of left) {
    expect(one.shard.failuresOf(0, id, one.now)).toMatchObject([{ number: 1, message }]);
  }
});

test("a step moves a bounded number of pieces, and a full shard is not swept again and again", () => {
  const one = new OneTube({ budgetPages: BUDGET_PAGES });
  const ids = fill(one, 100);
  expect(one.shard.sweepOne(0)).toBe("NONE");
  for (const [index, id] of ids.entries()) {
    if (index % 2 === 0) one.shard.deleteJob(0, 0, id, one.now);
  }
  const before = one.shard.usedBytes(one.now);
  let steps = 0;
  let moved = 0;
  for (let answer = one.shard.sweepOne(0); answer !== "NONE"; answer = one.shard.sweepOne(0)) {
    steps++;
    if (answer === "DONE") moved++;
  }
  const freed = (before - one.shard.usedBytes(one.now)) / C.PAGE_BYTES;
  expect(freed).toBe(moved);
  expect(freed).toBeGreaterThan(0.4 * BUDGET_PAGES);
  // 352 slots of a page, half of them in use, 64 moves in a step: three steps for each page.
  expect(steps).toBeGreaterThan(2 * freed);
  expect(steps).toBeLessThan(4 * freed);
  one.shard.deleteJob(0, 0, ids[1] ?? 0, one.now); // little has come loose: not worth a pass
  expect(one.shard.sweepOne(0)).toBe("NONE");
  one.shard.verify();
});

test("an upload stays where it is, and what lies around it goes", () => {
  const one = new OneTube({ budgetPages: BUDGET_PAGES });
  const ids: number[] = [];
  const uploads: number[] = [];
  for (let id = 1; id <= 30_000; id++) {
    one.put({ id, body: Buffer.alloc(100) });
    ids.push(id);
    if (id % 10_000 === 0) uploads.push(one.shard.openUpload(0, 100).ref);
  }
  const body = Buffer.alloc(100, "upload");
  for (const ref of uploads) one.shard.appendUpload(0, ref, 0, body);
  thin(one, ids);
  expect(one.shard.sweep(0)).toBeGreaterThan(50);
  for (const [index, ref] of uploads.entries()) {
    const id = 40_000 + index;
    expect(one.shard.commitUpload(0, ref, one.tube, { id }, one.now).answer).toBe("DONE");
    expect(one.shard.peek(0, id, one.now).body).toBe(body.toString("latin1"));
  }
  one.shard.verify();
});
