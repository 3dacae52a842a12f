/*
 * Concurrency keys under a crowd: workers on several threads take jobs of tubes in several shards,
 * and give them back in every way. Never are more jobs of a key held than may be, and a key that
 * was given back reaches whoever waits for it: in the end nothing is left.
 */
import { randomInt } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { startHomemaker } from "../support/homemaker.ts";
import { patientConnect } from "../support/patient-connect.ts";
import { Random } from "../support/random.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { Wire } from "./wire.ts";

const SEED = Number(process.env["CROWD_SEED"] ?? randomInt(2 ** 31));
const REPLAY = `CROWD_SEED=${SEED} npx vitest run test/concurrency/keys.test.ts`;

const TUBES = Array.from({ length: 12 }, (_, index) => `tube-${index}`);
/** Keys, and how many jobs of each may be held. */
const LIMITS: ReadonlyMap<string, number> = new Map([
  ["one", 1],
  ["two", 2],
  ["five", 5],
]);
const WORKERS = 24;
const JOBS = 600;
/** How long a worker waits for its next job; all waits are far shorter while jobs are left. */
const WAIT_SECONDS = 60;

/** What is known of the jobs: which key each has, how many are held, and what went wrong. */
class Watch {
  readonly problems: string[] = [];
  readonly #held = new Map<string, number>();
  left = JOBS;

  taken(key: string): void {
    const held = (this.#held.get(key) ?? 0) + 1;
    this.#held.set(key, held);
    const limit = LIMITS.get(key);
    if (limit !== undefined && held > limit) this.problems.push(`${held} jobs of ${key} are held`);
  }

  /** Called before the command is sent that gives it back: nobody can have it sooner. */
  givesBack(key: string): void {
    this.#held.set(key, (this.#held.get(key) ?? 0) - 1);
  }
}

async function put(server: ServerProcess, random: Random): Promise<void> {
  const wire = new Wire(await patientConnect(server));
  const keys = [...LIMITS.keys(), "none"];
  for (let job = 0; job < JOBS; job++) {
    const key = keys[random.below(keys.length)] ?? "none";
    const tag = key === "none" ? "" : ` con:${key}:${LIMITS.get(key)}`;
    await wire.ask(`use ${TUBES[random.below(TUBES.length)]}`);
    const { line } = await wire.ask(`put ${random.below(3)} 0 120 ${key.length}${tag}`, key);
    expect(line).toMatch(/^INSERTED \d+$/);
  }
  wire.hangUp();
}

/** A connection that watches all tubes. */
async function watchAll(server: ServerProcess): Promise<Wire> {
  const wire = new Wire(await patientConnect(server));
  for (const tube of TUBES) await wire.ask(`watch ${tube}`);
  return wire;
}

async function work(server: ServerProcess, watch: Watch, random: Random): Promise<void> {
  let wire = await watchAll(server);
  while (watch.left > 0) {
    const { line = "", body } = await wire.ask(`reserve-with-timeout ${WAIT_SECONDS}`);
    const [, id] = /^RESERVED (\d+)/.exec(line) ?? [];
    if (id === undefined) {
      if (line !== "TIMED_OUT" || watch.left > 0)
        watch.problems.push(`${line}, ${watch.left} left`);
      return;
    }
    const key = body?.toString("latin1") ?? "";
    watch.taken(key);
    for (let turns = random.below(4); turns > 0; turns--) await nextTurn();
    watch.givesBack(key);
    const way = random.below(8);
    if (way === 0) {
      wire.hangUp();
      wire = await watchAll(server);
    } else if (way === 1) await wire.ask(`release ${id} 0 0`);
    else if (way === 2) {
      await wire.ask(`bury ${id} 1`);
      await wire.ask(`kick-job ${id}`);
    } else {
      const { line: answer } = await wire.ask(`delete ${id}`);
      if (answer !== "DELETED") watch.problems.push(`delete ${id}: ${answer}`);
      watch.left--;
    }
  }
  wire.hangUp();
}

/** Ends the waits of workers for whom no job is left: one job more for each. */
async function release(server: ServerProcess): Promise<void> {
  const wire = new Wire(await patientConnect(server));
  for (let job = 0; job < WORKERS; job++) await wire.ask("put 0 0 120 0", "");
  wire.hangUp();
}

test.each([
  { threads: 1, shards: 8 },
  { threads: 4, shards: 8 },
])(
  `no more jobs of a key are held than may be, and none is left, threads: $threads (${REPLAY})`,
  async (shape) => {
    const server = await startHomemaker(shape);
    try {
      const watch = new Watch();
      const putting = put(server, new Random(SEED));
      const workers = Array.from({ length: WORKERS }, async (_, index) => {
        await work(server, watch, new Random(SEED + 1 + index));
        await release(server);
      });
      await Promise.all([putting, ...workers]);
      expect(watch.problems.slice(0, 10)).toEqual([]);
      expect(watch.left).toBeLessThanOrEqual(0);
      const stats = await new Wire(await patientConnect(server)).ask("stats");
      expect(stats.body?.toString("latin1")).toContain("current-jobs-aside: 0\n");
    } finally {
      await server.stop();
    }
  },
  120_000,
);
