import { expect, test } from "vitest";
import {
  defaultShards,
  fittingThreads,
  neededBytes,
  planMemory,
} from "../../src/config/memory-plan.ts";

const MIB = 1_048_576;
const GIB = 1024 * MIB;

/** What --memory is by default, and what memories may grow to, in MiB. */
function plan(availableMib: number, threads: number, hasJournal = false): [number, number] {
  const availableBytes = availableMib * MIB;
  const found = planMemory({ availableBytes, threads, hasJournal, askedBytes: undefined });
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
  const askedBytes = 64 * MIB;
  const small = { availableBytes: 128 * MIB, threads: 2, hasJournal: false, askedBytes };
  expect(planMemory(small)).toEqual({ memoryBytes: 64 * MIB, growthBytes: 128 * MIB });
  const { memoryBytes, growthBytes } = planMemory({ ...small, availableBytes: 16 * GIB });
  expect(memoryBytes).toBe(64 * MIB);
  expect(growthBytes).toBeGreaterThan(15 * GIB);
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
  const small = { availableBytes: 128 * MIB, threads: 1, hasJournal: true, askedBytes: undefined };
  expect(neededBytes(small)).toBe((152 + 8) * MIB);
  expect(neededBytes({ ...small, askedBytes: 64 * MIB })).toBe((152 + 64) * MIB);
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
