import { expect, test } from "vitest";
import { planMemory } from "../../src/config/memory-plan.ts";

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
