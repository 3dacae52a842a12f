import { expect, test } from "vitest";
import {
  defaultShards,
  fittingThreads,
  neededBytes,
  planMemory,
} from "../../src/config/memory-plan.ts";

const MIB = 1_048_576;
const GIB = 1024 * MIB;

/** Nothing is asked for. */
const FREE = { askedBytes: undefined, askedIndexBytes: undefined };

/** What --memory is by default, and what memories may grow to, in MiB. */
function plan(availableMib: number, threads: number, hasJournal = false): [number, number] {
  const availableBytes = availableMib * MIB;
  const found = planMemory({ availableBytes, threads, hasJournal, ...FREE });
  return [Math.round(found.memoryBytes / MIB), Math.round(found.growthBytes / MIB)];
}

test("what the process needs comes off first, and half of the rest is for jobs", () => {
  expect(plan(128, 1)).toEqual([16, 32]);
  expect(plan(256, 2)).toEqual([64, 128]);
  expect(plan(256, 2, true)).toEqual([36, 72]);
  expect(plan(16_384, 8)).toEqual([8032, 16_064]);
});

test("where it needs all there is, jobs have a 32nd part nevertheless", () => {
  expect(plan(128, 2)).toEqual([4, 8]);
  expect(plan(64, 2)).toEqual([2, 4]);
});

test("what is asked for is not changed, and memories may grow so that one tube can have it", () => {
  const asked = { ...FREE, askedBytes: 64 * MIB };
  const small = { availableBytes: 128 * MIB, threads: 2, hasJournal: false, ...asked };
  const planned = { memoryBytes: 64 * MIB, indexBytes: 0, growthBytes: 128 * MIB };
  expect(planMemory(small)).toEqual(planned);
  const { memoryBytes, growthBytes } = planMemory({ ...small, availableBytes: 16 * GIB });
  expect(memoryBytes).toBe(64 * MIB);
  expect(growthBytes).toBeGreaterThan(15 * GIB);
});

/** What jobs with a journal may take at most, in MiB: their bodies, and beside them. */
function journalPlan(availableMib: number, threads: number, asked: object = {}): number[] {
  const availableBytes = availableMib * MIB;
  const found = planMemory({ availableBytes, threads, hasJournal: true, ...FREE, ...asked });
  return [Math.round(found.memoryBytes / MIB), Math.round(found.indexBytes / MIB)];
}

test("beside bodies jobs may take a quarter of the machine, or what bodies leave of it", () => {
  expect(journalPlan(16_384, 8)).toEqual([8004, 4096]);
  expect(journalPlan(256, 2)).toEqual([36, 36]);
  expect(journalPlan(128, 1)).toEqual([4, 4]);
  const ownMib = 64 + 4 * 32 + 56;
  const most = 10_240 - ownMib - 8192;
  expect(journalPlan(10_240, 4, { askedBytes: 8192 * MIB })).toEqual([8192, most]);
  expect(journalPlan(10_240, 4, { askedBytes: 10_240 * MIB })).toEqual([10_240, 320]);
});

test("what jobs may take beside bodies, if asked for, is not changed, and bodies leave it", () => {
  const askedIndexBytes = 9216 * MIB;
  const left = 10_240 - (64 + 4 * 32 + 56) - 9216;
  expect(journalPlan(10_240, 4, { askedIndexBytes })).toEqual([left, 9216]);
  const both = { askedBytes: 8192 * MIB, askedIndexBytes };
  expect(journalPlan(10_240, 4, both)).toEqual([8192, 9216]);
});

test("as many threads as leave a quarter of the memory, and one at least", () => {
  const threads = (most: number, availableMib: number, hasJournal = false): number =>
    fittingThreads(most, availableMib * MIB, hasJournal);
  expect(threads(2, 64)).toBe(1);
  expect(threads(2, 128)).toBe(1);
  expect(threads(2, 160)).toBe(1);
  expect(threads(2, 192)).toBe(2);
  expect(threads(63, 256)).toBe(4);
  expect(threads(63, 16_384)).toBe(63);
  expect(threads(2, 128, true)).toBe(1);
  expect(threads(2, 192, true)).toBe(1);
  expect(threads(2, 256, true)).toBe(2);
});

test("the need is the process and what jobs are asked for, or else their least growth", () => {
  const small = { availableBytes: 128 * MIB, threads: 1, hasJournal: true, ...FREE };
  const askedBytes = 64 * MIB;
  expect(neededBytes(small)).toBe((152 + 8) * MIB);
  expect(neededBytes({ ...small, askedBytes })).toBe((152 + 64 + 4) * MIB);
  expect(neededBytes({ ...small, hasJournal: false })).toBe((96 + 8) * MIB);
  expect(neededBytes({ ...small, hasJournal: false, askedBytes })).toBe((96 + 64) * MIB);
});

test("the need has what jobs take beside their bodies, if it is asked for with a journal", () => {
  const askedIndexBytes = 64 * MIB;
  const small = { availableBytes: 128 * MIB, threads: 1, ...FREE, askedIndexBytes };
  expect(neededBytes({ ...small, hasJournal: true })).toBe((152 + 4 + 64) * MIB);
  const both = { ...small, askedBytes: 32 * MIB };
  expect(neededBytes({ ...both, hasJournal: true })).toBe((152 + 32 + 64) * MIB);
  expect(neededBytes({ ...both, hasJournal: false })).toBe((96 + 32) * MIB);
});

test("by default nothing may take more than there is, nor is anybody warned of that", () => {
  for (let mib = 256; mib <= 65_536; mib *= 2) {
    const threads = fittingThreads(4, mib * MIB, true);
    const [bodies = 0, index = 0] = journalPlan(mib, threads);
    const situation = { availableBytes: mib * MIB, threads, hasJournal: true, ...FREE };
    expect(64 + threads * 32 + 56 + bodies + index).toBeLessThanOrEqual(mib);
    expect(neededBytes(situation)).toBeLessThanOrEqual(mib * MIB);
  }
});

test("a shard may grow to 128 MiB, else there are fewer; two share what there is", () => {
  const shards = (threads: number, growthMib: number): number =>
    defaultShards(threads, growthMib * MIB);
  expect(shards(1, 8)).toBe(1);
  expect(shards(1, 16_384)).toBe(1);
  expect(shards(2, 8)).toBe(2);
  expect(shards(2, 128)).toBe(2);
  expect(shards(2, 512)).toBe(4);
  expect(shards(2, 1024)).toBe(8);
  expect(shards(2, 16_384)).toBe(8);
  expect(shards(3, 16_384)).toBe(16);
  expect(shards(63, 16_384)).toBe(32);
});
