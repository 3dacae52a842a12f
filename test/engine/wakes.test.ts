import * as fc from "fast-check";
import { expect, test } from "vitest";
import { SHARDS_MAX, THREADS_MAX } from "../../assembly/constants.ts";
import { Common } from "../../src/engine/common.ts";
import { Wakes } from "../../src/engine/wakes.ts";
import { propertiesOf } from "../support/properties.ts";

const holds = propertiesOf("engine");

/** The bits of two words, as numbers. */
function bitsOf(low: number, high: number): number[] {
  const bits = Array.from({ length: 64 }, (_, bit) => bit);
  return bits.filter((bit) => ((bit < 32 ? low >>> bit : high >>> (bit - 32)) & 1) === 1);
}

test("each thread is told once, with the shards in which it has grants, and then nobody is", () => {
  const grant = fc.record({ thread: fc.nat(THREADS_MAX - 1), shard: fc.nat(SHARDS_MAX - 1) });
  holds(
    fc.property(fc.array(grant), (grants) => {
      const wakes = new Wakes();
      const common = Common.create(THREADS_MAX);
      const expected = new Map<number, Set<number>>();
      for (const { thread, shard } of grants) {
        const isLow = thread < 32;
        wakes.note(isLow ? 1 << thread : 0, isLow ? 0 : 1 << (thread - 32), shard);
        expected.set(thread, (expected.get(thread) ?? new Set()).add(shard));
      }
      for (let thread = wakes.take(); thread >= 0; thread = wakes.take()) {
        common.bringGrants(thread, wakes.shardsLow, wakes.shardsHigh);
      }
      expect(wakes.isAny).toBe(false);
      for (let thread = 0; thread < THREADS_MAX; thread++) {
        const told = bitsOf(common.takeGrantsLow(thread), common.takeGrantsHigh(thread));
        expect(new Set(told)).toEqual(expected.get(thread) ?? new Set());
        expect(common.takeGrantsLow(thread) | common.takeGrantsHigh(thread)).toBe(0);
      }
    }),
  );
});

test("shards of two notes for one thread come together", () => {
  const wakes = new Wakes();
  wakes.note(1, 0, 40);
  wakes.note(1, 0, 3);
  expect(wakes.take()).toBe(0);
  expect(bitsOf(wakes.shardsLow, wakes.shardsHigh)).toEqual([3, 40]);
  expect(wakes.take()).toBe(-1);
});
