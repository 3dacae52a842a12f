/*
 * How the jobs that a consumer may hold are divided among servers that do not take any back.
 */
import { expect, test } from "vitest";
import { SpreadQuotas } from "../../src/worker/spread-quotas.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";

test("one server that has all the jobs gets all places but one of each other server", () => {
  const quotas = new SpreadQuotas(3);
  expect(quotas.windows(10, [0, 0, 0])).toEqual([4, 3, 3]);
  expect(quotas.isUneven([0, 0, 0])).toBe(false);
  quotas.windows(10, [4, 0, 0]);
  expect(quotas.isUneven([4, 0, 0])).toBe(true);
  quotas.divide([4, 0, 0]);
  expect(quotas.windows(10, [4, 0, 0])).toEqual([8, 1, 1]);
});

test("a server whose jobs come later gets its places as the others' jobs end", () => {
  const quotas = new SpreadQuotas(2);
  quotas.windows(10, [5, 0]);
  quotas.divide([5, 0]);
  expect(quotas.windows(10, [5, 0])).toEqual([9, 1]);
  quotas.windows(10, [9, 1]);
  quotas.divide([9, 1]);
  expect(quotas.windows(10, [9, 1])).toEqual([5, 1]);
  expect(quotas.windows(10, [7, 1])).toEqual([5, 3]);
  expect(quotas.windows(10, [5, 3])).toEqual([5, 5]);
});

test("fewer places than servers go round", () => {
  const quotas = new SpreadQuotas(3);
  const seen = [0, 0, 0].map(() => {
    const windows = quotas.windows(1, [0, 0, 0]);
    expect(quotas.isUneven([0, 0, 0])).toBe(true);
    quotas.divide([0, 0, 0]);
    return windows.indexOf(1);
  });
  expect(new Set(seen)).toEqual(new Set([0, 1, 2]));
});

test("no more comes than may be held, whatever happens", async () => {
  const seed = seedHere();
  await replayable(seed, "test/backends/spread-quotas.test.ts", async () => {
    expect(round(new Random(seed))).toEqual([]);
  });
});

/** Takes and ends jobs at random; returns what was wrong. */
function round(random: Random): readonly string[] {
  const wrong: string[] = [];
  const servers = random.between(1, 5);
  const total = random.between(1, 12);
  const quotas = new SpreadQuotas(servers);
  const counts = Array.from({ length: servers }, () => 0);
  for (let step = 0; step < 2000; step++) {
    const windows = quotas.windows(total, counts);
    const most = counts.reduce((sum, count, at) => sum + Math.max(count, windows[at] ?? 0), 0);
    if (most > total) wrong.push(`${most} of ${total}: ${windows.join()} and ${counts.join()}`);
    const at = random.below(servers);
    const count = counts[at] ?? 0;
    if (random.oneIn(10)) {
      quotas.divide([...counts]);
      const later = quotas.windows(total, counts);
      const cut = counts.find((held, place) => {
        const waited = held < (windows[place] ?? 0);
        return waited && (later[place] ?? 0) <= held;
      });
      if (cut !== undefined && total >= servers) wrong.push(`${windows.join()}: ${later.join()}`);
    } else if (random.oneIn(2)) counts[at] = Math.max(0, count - 1);
    else if (count < (windows[at] ?? 0)) counts[at] = count + 1;
  }
  return wrong;
}
