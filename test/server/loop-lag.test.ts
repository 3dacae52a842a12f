/* LoopLag: how late a loop runs, on a clock of the test's own. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LoopLag } from "../../src/server/loop-lag.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("the greatest lag is shown for five to ten seconds, then it is forgotten", () => {
  let lateMillis = 0;
  let shown = -1;
  const lag = new LoopLag(
    (millis) => (shown = millis),
    () => Date.now() + lateMillis,
  );
  vi.advanceTimersByTime(250);
  expect(shown).toBe(0);
  lateMillis = 80;
  vi.advanceTimersByTime(250);
  expect(shown).toBe(80);
  vi.advanceTimersByTime(4500);
  expect(shown).toBe(80);
  vi.advanceTimersByTime(5000);
  expect(shown).toBe(80);
  vi.advanceTimersByTime(250);
  expect(shown).toBe(0);
  lag.stop();
  expect(vi.getTimerCount()).toBe(0);
});
