/* Deadlines: each comes no sooner than it was said, and hardly later; many have one timer. */
import { expect, test } from "vitest";
import { Deadlines } from "../../src/client/deadlines.ts";
import type { Expiring } from "../../src/client/deadlines.ts";
import { Random } from "../support/random.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

class Watched implements Expiring {
  bucket: Expiring["bucket"] = undefined;
  readonly #clock: VirtualClock;
  expiredAtMs: number | undefined;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  expire(): void {
    this.expiredAtMs = this.#clock.now() / 1000;
  }
}

test("come in their time, whatever comes and goes meanwhile", () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const random = new Random(7);
  const waiting = new Map<Watched, number>();
  for (let count = 0; count < 5000; count++) {
    const one = new Watched(clock);
    const millis = random.pick([0, 1, 49, 50, 1000, 10_000, 3_600_000]);
    deadlines.add(one, millis);
    waiting.set(one, clock.now() / 1000 + millis);
    if (random.below(2) === 0) {
      const [gone] = random.pick([...waiting].slice(-20));
      if (gone.expiredAtMs === undefined) {
        deadlines.remove(gone);
        waiting.delete(gone);
      }
    }
    clock.advance(random.below(100) / 1000);
    expect(clock.timers).toBeLessThanOrEqual(1);
  }
  clock.advance(4000);
  for (const [{ expiredAtMs = -1 }, dueMs] of waiting) {
    expect(expiredAtMs).toBeGreaterThanOrEqual(dueMs);
    expect(expiredAtMs).toBeLessThanOrEqual(dueMs + 51);
  }
  expect(clock.timers).toBe(0);
});

test("that were called off leave nothing behind", () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const one = new Watched(clock);
  for (let count = 0; count < 1000; count++) {
    deadlines.add(one, 3_600_000);
    deadlines.remove(one);
    clock.advance(0.1);
  }
  clock.advance(7200);
  expect(one.expiredAtMs).toBeUndefined();
  expect(clock.timers).toBe(0);
});

test("of which some throw are all told, and those that follow come in their time", () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const bad = { bucket: undefined, expire: () => expect.unreachable("a bad deadline") };
  const [same, next, later] = [new Watched(clock), new Watched(clock), new Watched(clock)];
  for (const one of [bad, same]) deadlines.add(one, 10);
  deadlines.add(next, 60);
  deadlines.add(later, 1000);
  expect(() => clock.advance(0.2)).toThrow("a bad deadline");
  clock.advance(2);
  for (const { expiredAtMs } of [same, next, later]) expect(expiredAtMs).toBeDefined();
});
