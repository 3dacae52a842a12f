/*
 * Weighted modes over one shard and over several: how often each tube is drawn. Chance is evenly
 * spread here: 256 draws of the world are every 256th of the way from 0 to 1, one after the other.
 */
import { describe, expect, test } from "vitest";
import { SECOND, World } from "../support/session-world.ts";
import type { End } from "../support/session-world.ts";

/** Draws that are spread evenly. */
const DRAWS = 256;
const JOBS = 2 * DRAWS;

/** A worker of the tubes "high" and "low"; each has JOBS jobs, and the low ones are better. */
function workerOf(world: World, high: number, low: number, mode: string): End {
  const end = world.connect();
  for (const [tube, pri] of [
    ["high", 5],
    ["low", 1],
  ] as const) {
    end.ask(`use ${tube}\r\n${`put ${pri} 0 100 1\r\nx\r\n`.repeat(JOBS)}`);
  }
  end.ask(`watch high ${high}\r\nwatch low ${low}\r\nignore default\r\nreserve-mode ${mode}\r\n`);
  return end;
}

/** The tube of the next job. */
function takeOne(end: End): string {
  const [, id = ""] = /^RESERVED (\d+)/.exec(end.ask("reserve-with-timeout 0\r\n")) ?? [];
  const [, tube = ""] = /tube: "(.*)"/.exec(end.ask(`stats-job ${id}\r\n`)) ?? [];
  return tube;
}

function takeMany(end: End, count: number): { high: number; low: number } {
  const tubes = Array.from({ length: count }, () => takeOne(end));
  const [high = 0, low = 0] = ["high", "low"].map((one) => tubes.filter((t) => t === one).length);
  expect(high + low).toBe(count);
  return { high, low };
}

describe.each([1, 4])("over %i shards", (shards) => {
  test("each tube is drawn as often as its weight says, whatever the priorities", () => {
    const world = new World({ shards });
    const { high, low } = takeMany(workerOf(world, 4, 1, "weighted"), DRAWS);
    expect(high).toBeGreaterThan(200);
    expect(low).toBeGreaterThan(45);
    world.verify();
  });

  test("a reserve-batch draws for each of its jobs", () => {
    const world = new World({ shards });
    const end = workerOf(world, 1, 3, "weighted");
    const ids = [...end.ask(`reserve-batch ${DRAWS}\r\n`).matchAll(/RESERVED (\d+) /g)];
    const low = ids.filter(([, id]) => Number(id) > JOBS).length;
    expect(ids).toHaveLength(DRAWS);
    expect(low).toBeGreaterThan(187);
    expect(low).toBeLessThan(197);
  });

  test("when one tube is empty all jobs come from the other", () => {
    const world = new World({ shards });
    const end = workerOf(world, 9999, 1, "weighted");
    end.ask("flush-tube high\r\n");
    expect(takeMany(end, JOBS)).toEqual({ high: 0, low: JOBS });
    expect(end.ask("reserve-with-timeout 0\r\n")).toBe("TIMED_OUT\r\n");
  });

  test("a weight may be changed, and a mode be left", () => {
    const world = new World({ shards });
    const end = workerOf(world, 9999, 1, "weighted");
    expect(takeMany(end, 20).high).toBe(20);
    end.ask("watch high 1\r\nwatch low 9999\r\n");
    expect(takeMany(end, 20).low).toBe(20);
    end.ask("watch high 9999\r\nreserve-mode fifo\r\n");
    expect(takeMany(end, 20).low).toBe(20);
  });

  test("in the fair mode a tube with long jobs is drawn less, once ten of them are known", () => {
    const world = new World({ shards });
    const end = workerOf(world, 1, 1, "weighted");
    end.ask("use high\r\n");
    for (let jobs = 0; jobs < 10; jobs++) {
      for (const [tube, micros] of [
        ["high", SECOND / 2],
        ["low", SECOND / 20],
      ] as const) {
        end.ask(
          `watch default\r\nignore high\r\nignore low\r\nwatch ${tube}\r\nignore default\r\n`,
        );
        const [, id = ""] = /^RESERVED (\d+)/.exec(end.ask("reserve\r\n")) ?? [];
        world.advance(micros);
        end.ask(`delete ${id}\r\n`);
      }
    }
    end.ask("watch high\r\nwatch low\r\nreserve-mode weighted-fair\r\n");
    const { high, low } = takeMany(end, DRAWS);
    expect(high).toBeGreaterThan(18);
    expect(high).toBeLessThan(29);
    expect(low).toBeGreaterThan(220);
  });
});
