/*
 * A shard without a page left, not for what is vital either: bodies that are on the disk alone come
 * back all the same, whatever their sizes and whatever is put meanwhile, and it is drained. And how
 * the memory of one grows before it is full.
 */
import { expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { JournalWorld } from "../support/journal-world.ts";
import type { End } from "../support/session-world.ts";

/** Pages for jobs, and for what is vital. */
const SPARE_PAGES = 15;
const VITAL_PAGES = 30;
const WORKERS = 4;
/** More than there are pages for bodies: each puts into a tube of its own, whose best job stays. */
const PUTTERS = 24;
const RESERVE = "reserve-with-timeout 0\r\n";
/** Pages by which a shard grows, and bodies of that many pages that are too long to leave. */
const STEP_PAGES = 256;
const LONG_ONES = Array.from({ length: 250 }, () => 100_000);
/** All bodies leave, and none that was read back has to. */
const BODIES = { keptBytes: 0, broughtBytes: 10_000_000 };

/** The body of a job: each length is another one, and some are chains of blocks. */
function bodyOf(id: number): string {
  const bytes = id % 10 === 0 ? 20_000 + ((id * 977) % 40_000) : 24 + ((id * 131) % 2000);
  return `${id} `.padEnd(bytes, "abcdefgh");
}

/** Puts jobs until one is refused; returns how many were not. */
function fill(client: End): number {
  for (let id = 1; ; id++) {
    const body = bodyOf(id);
    const reply = client.ask(`put 0 0 9 ${body.length}\r\n${body}\r\n`);
    if (reply === "OUT_OF_MEMORY\r\n") return id - 1;
    expect(reply).toBe(`INSERTED ${id}\r\n`);
  }
}

/** Puts a job with a body of so many bytes; whether there was memory for it. */
function puts(client: End, bytes: number): boolean {
  const reply = client.ask(`put 0 0 9 ${bytes}\r\n${"y".repeat(bytes)}\r\n`);
  expect(reply).toMatch(/^(INSERTED \d+|OUT_OF_MEMORY)\r\n$/);
  return reply !== "OUT_OF_MEMORY\r\n";
}

/** Has tubes take what is vital until nothing is left. */
function exhaust(client: End): void {
  for (let at = 0; ; at++) {
    const reply = client.ask(`watch ${`tube-${at}-`.padEnd(200, "x")}\r\n`);
    if (reply === "OUT_OF_MEMORY\r\n") return;
    expect(reply).toMatch(/^WATCHING /);
  }
}

test("a full shard that has no memory for anything else either gives each job with its body", () => {
  const made = new JournalWorld(
    { sparePages: SPARE_PAGES, vitalPages: VITAL_PAGES, cannotGrow: true },
    BODIES,
  );
  const { world } = made;
  const workers = Array.from({ length: WORKERS }, () => world.connect());
  for (const worker of workers) expect(worker.ask(RESERVE)).toBe("TIMED_OUT\r\n");
  const putters = Array.from({ length: PUTTERS }, () => world.connect());
  for (const [at, putter] of putters.entries()) putter.ask(`use others-${at}\r\n`);
  const jobs = fill(world.connect());
  const [shard] = world.host().look((desk) => desk.shards);
  shard?.statsShard(0);
  const away = shard?.field(C.RESULT_STATS + C.SHARD_AWAY) ?? 0;
  expect(away).toBeGreaterThan(jobs / 2);
  exhaust(world.connect());
  world.verify();
  let refused = 0;
  for (let id = 1; id <= jobs;) {
    for (const worker of workers) worker.say(RESERVE);
    world.settle();
    for (const worker of workers.slice(0, jobs - id + 1)) {
      const body = bodyOf(id);
      const heard = worker.heard();
      expect(
        heard === `RESERVED ${id} ${body.length}\r\n${body}\r\n`,
        `job ${id} of ${jobs}: ${heard.slice(0, 40)}`,
      ).toBe(true);
      const putter = putters[id % PUTTERS];
      if (putter !== undefined && !puts(putter, body.length)) refused++;
      expect(worker.ask(`delete ${id++}\r\n`)).toBe("DELETED\r\n");
    }
  }
  expect(refused).toBeGreaterThan(0);
  world.verify();
});

test("a shard of which bodies are away grows by as much at a time as any, until it is full", () => {
  const { world } = new JournalWorld({ limits: { maxJobBytes: 100_000 } }, BODIES);
  const client = world.connect();
  const grown: number[] = [];
  const [memory] = world.memories.memories;
  const pages = (): number => (memory?.buffer.byteLength ?? 0) / C.PAGE_BYTES;
  for (const bytes of [...Array.from({ length: 100 }, () => 1000), ...LONG_ONES]) {
    const before = pages();
    expect(puts(client, bytes)).toBe(true);
    if (pages() > before) grown.push(pages() - before);
  }
  const sum = grown.reduce((all, one) => all + one, 0);
  expect(sum).toBeGreaterThan(STEP_PAGES);
  // Once for each step, and once for the last pages where its budget ends.
  expect(grown.length, `it grew by ${grown.join()}`).toBeLessThanOrEqual(
    2 * Math.ceil(sum / STEP_PAGES),
  );
});
