/*
 * The memory cap is one number for all shards: what one gives back another has, and no page is
 * handed out twice or lost.
 */
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { PageBudget } from "../../src/engine/page-budget.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { makeShards, openShards, shardOfTube } from "../../src/engine/shards.ts";
import type { ShardMemories } from "../../src/engine/shards.ts";
import { PAGES_MOST, loadVerifyModule } from "./verify-build.ts";
import { randomFrom } from "./shuffle.ts";

const SHARDS = 8;
const CAP_PAGES = 1024;
const CAP_BYTES = CAP_PAGES * C.PAGE_BYTES;

/** All shards, and one tube in each, as the server's threads have them. */
class Field {
  readonly made: ShardMemories;
  readonly shards: readonly Shard[];
  readonly #tubes: number[];
  #lastId = 0;

  constructor(growthBytes = Infinity) {
    this.made = makeShards(loadVerifyModule(), SHARDS, 2, CAP_BYTES, 0, growthBytes);
    this.shards = openShards(this.made, 0);
    this.#tubes = this.shards.map((shard) => {
      const name = new TextEncoder().encode(nameFor(shard.index));
      shard.input.set(name);
      shard.useTube(0, name.length, shard.index + 2);
      return shard.field(C.RESULT_REF);
    });
  }

  shard(index: number): Shard {
    const shard = this.shards[index];
    if (shard === undefined) throw new RangeError(`there is no shard ${index}`);
    return shard;
  }

  /** Puts a job into that shard's tube, as a session does; its id, undefined when refused. */
  put(index: number, bytes: number): number | undefined {
    const shard = this.shard(index);
    const id = ++this.#lastId;
    for (let tries = 0; ; tries++) {
      const tube = this.#tubes[index] ?? 0;
      const answer = shard.put(tube, id, 0, 0, 60, 0, bytes, 0);
      if (answer === C.DONE) return id;
      if (!shard.growBudget(tries > 0)) return undefined;
    }
  }

  fill(index: number, bytes: number): number[] {
    const ids: number[] = [];
    for (let id = this.put(index, bytes); id !== undefined; id = this.put(index, bytes))
      ids.push(id);
    return ids;
  }

  delete(index: number, ids: readonly number[]): void {
    for (const id of ids) this.shard(index).deleteJob(0, id, 0);
  }

  usedPages(): number {
    return this.shards.reduce((sum, shard) => {
      shard.statsShard(0);
      return sum + shard.field(C.RESULT_STATS + C.SHARD_USED_BYTES) / C.PAGE_BYTES;
    }, 0);
  }

  /** The pages that are left, and those of all budgets. */
  accounted(): number {
    const left = new Int32Array(this.made.pagesLeft)[0] ?? 0;
    const most = (shard: Shard): number => {
      shard.grantablePages();
      return shard.field(C.RESULT_PAGES);
    };
    const areas = (C.THREADS_BASE + 2 * C.THREAD_BYTES) / C.PAGE_BYTES;
    return this.shards.reduce((sum, shard) => sum + PAGES_MOST - areas - most(shard), left);
  }
}

/** A name of a tube of that shard. */
function nameFor(index: number): string {
  for (let n = 0; ; n++) {
    const bytes = new TextEncoder().encode(`tube-${n}`);
    if (shardOfTube(bytes, 0, bytes.length, SHARDS) === index) return `tube-${n}`;
  }
}

test.each([{ bytes: 100 }, { bytes: 3900 }, { bytes: 60_000 }])(
  "one tube after another has 90 % of the cap when the one before is emptied: bodies of $bytes bytes",
  ({ bytes }) => {
    const field = new Field();
    let most = 0;
    for (const index of [0, 3, 5, 1, 0, 7]) {
      const ids = field.fill(index, bytes);
      expect((ids.length * (bytes + 88)) / CAP_BYTES).toBeGreaterThan(0.9);
      most = Math.max(most, ids.length);
      expect(ids.length).toBeGreaterThan(0.97 * most); // nothing gets lost on the way
      expect(field.usedPages()).toBeLessThanOrEqual(CAP_PAGES);
      expect(field.accounted()).toBe(CAP_PAGES);
      field.delete(index, ids);
    }
  },
);

test("memories grow no further than they may, and no shard is without", () => {
  const field = new Field(2 * CAP_BYTES);
  const grown = (): number => {
    const budget = new PageBudget(field.made.pagesLeft);
    return field.shards.reduce((sum, shard) => sum + grownPages(budget, shard), 0);
  };
  const shares: number[] = [];
  for (const index of [0, 3, 5, 1, 0, 3]) {
    const ids = field.fill(index, 3900);
    shares.push((ids.length * 3988) / CAP_BYTES);
    field.delete(index, ids);
    expect(grown()).toBeLessThanOrEqual(2 * CAP_PAGES);
  }
  // The first and whoever comes after it there; the others share what is reserved, an eighth each.
  expect(shares[0]).toBeGreaterThan(0.9);
  expect(shares[4]).toBeGreaterThan(0.9);
  for (const share of shares) expect(share).toBeGreaterThan(0.1);
  expect(field.accounted()).toBe(CAP_PAGES);
});

/** Pages that the shard has ever used: those in use, and those that are free. */
function grownPages(budget: PageBudget, shard: Shard): number {
  budget.settle(shard);
  shard.grantablePages();
  const free = shard.field(C.RESULT_GROWTH);
  shard.statsShard(0);
  return free + shard.field(C.RESULT_STATS + C.SHARD_USED_BYTES) / C.PAGE_BYTES;
}

test("survivors in one shard do not keep memory from another", () => {
  const field = new Field();
  const ids = field.fill(2, 100);
  field.delete(
    2,
    ids.filter((_, index) => index % 100 !== 0),
  );
  const more = field.fill(6, 10_000);
  expect((more.length * 10_000) / CAP_BYTES).toBeGreaterThan(0.7);
  expect(field.accounted()).toBe(CAP_PAGES);
});

test("what is vital and exceeds a budget is taken from what is left", () => {
  const field = new Field();
  field.fill(0, 3000);
  const shard = field.shard(4);
  const name = Buffer.alloc(C.TUBE_NAME_MAX, "x");
  for (let n = 0; n < 3000; n++) {
    name.write(String(n).padStart(6, "-"));
    shard.input.set(name);
    shard.useTube(0, name.length, n + 100);
  }
  expect(field.usedPages()).toBeGreaterThan(CAP_PAGES);
  expect(field.put(1, 3000)).toBeUndefined();
  expect(field.accounted()).toBe(CAP_PAGES);
  expect(new Int32Array(field.made.pagesLeft)[0]).toBeLessThan(0);
});

test("however shards fill and empty, every page is in one budget or left", () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  const random = randomFrom(seed);
  const field = new Field();
  const held = Array.from({ length: SHARDS }, (): number[] => []);
  for (let step = 0; step < 400; step++) {
    const index = random(SHARDS);
    const ids = held[index] ?? [];
    if (random(3) > 0) {
      const bytes = [10, 100, 700, 3968, 20_000][random(5)] ?? 0;
      for (let n = random(400); n > 0; n--) {
        const id = field.put(index, bytes);
        if (id !== undefined) ids.push(id);
      }
    } else {
      const kept = random(4) === 0 ? 1 : 1 + random(20);
      field.delete(
        index,
        ids.filter((_, at) => at % kept !== 0 || kept === 1),
      );
      held[index] = kept === 1 ? [] : ids.filter((_, at) => at % kept === 0);
    }
    expect(field.accounted(), `SEED=${seed} npx vitest run test/engine/page-budget.test.ts`).toBe(
      CAP_PAGES,
    );
    expect(field.usedPages()).toBeLessThanOrEqual(CAP_PAGES + SHARDS * 16);
  }
});
