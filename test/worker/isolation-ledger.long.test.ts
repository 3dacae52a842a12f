/*
 * The ledger of jobs in threads and processes at length: with handlers that go on for ever; and on
 * a server that is killed and comes back, with workers that are programs of their own, killed,
 * stopped so that they lose their leases, and told to end.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { openQueue } from "../../src/entries/queue.ts";
import type { Isolate, JobQueue } from "../../src/entries/queue.ts";
import { LastingServer } from "../backends/lasting-server.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { pause, until, within } from "../support/until.ts";
import { linesOf, mortal } from "./mortal.ts";
import { actsOf, MortalWorld } from "./mortal-world.ts";

const SEED = seedHere();
const FILE = "test/worker/isolation-ledger.long.test.ts";
const WORKER = fileURLToPath(new URL("mortal-worker.ts", import.meta.url));
const ISOLATES = ["thread", "process"] as const;
const SCALE = { jobs: 80, workers: 3, slots: 2, strikes: 100, hangs: true } as const;
const TEST_MS = 180_000;
const JOBS = 60;
const WORKERS = 3;
const SLOTS = 2;
const STRIKES = 14;
/** Longer than a lease. */
const STOPPED_MILLIS = 3000;
const ENDING_MILLIS = 40_000;

describe.each(ISOLATES)("in a %s", (isolate) => {
  test.each([
    ["they are killed and workers stop", false],
    ["workers are cut off, too", true],
  ])("%s", { timeout: TEST_MS }, (_, cutsOff) =>
    replayable(SEED, FILE, async () => {
      await using world = new MortalWorld(new Random(SEED), { ...SCALE, isolate, cutsOff });
      await world.play();
      await world.expectAll();
      expect(await world.queue.stats("mortal")).toMatchObject({ available: 0, scheduled: 0 });
    }),
  );
});

/** Programs that work, of which there are always some. */
class Programs {
  readonly #random: Random;
  readonly #server: LastingServer;
  readonly #isolate: Isolate;
  readonly #running = new Map<ChildProcess, Promise<unknown>>();
  /** Holds that were lost with a program, a lease or the server. */
  losses = 0;

  constructor(random: Random, server: LastingServer, isolate: Isolate) {
    this.#random = random;
    this.#server = server;
    this.#isolate = isolate;
  }

  hire(): void {
    while (this.#running.size < WORKERS) {
      const args = [WORKER, this.#server.path, this.#isolate];
      const program = spawn(process.execPath, args, { stdio: "ignore" });
      const over = once(program, "exit").then(() => this.#running.delete(program));
      this.#running.set(program, over);
    }
  }

  async strike(): Promise<void> {
    const random = this.#random;
    const what = random.below(8);
    const program = random.pick([...this.#running.keys()]);
    if (what === 7) {
      this.losses += WORKERS * SLOTS;
      this.#server.kill();
      await this.#server.again();
    } else if (what > 4) {
      this.losses += SLOTS;
      program.kill("SIGSTOP");
      await pause(STOPPED_MILLIS);
      program.kill("SIGCONT");
    } else if (what > 2) program.kill("SIGTERM");
    else {
      this.losses += SLOTS;
      program.kill("SIGKILL");
    }
  }

  /** Has all end, and waits for that; kills those that do not. */
  async dismiss(): Promise<void> {
    for (const program of this.#running.keys()) {
      program.kill("SIGCONT");
      program.kill("SIGTERM");
    }
    const ended = Promise.all(this.#running.values());
    try {
      await within("all programs have ended", ENDING_MILLIS, ended);
    } finally {
      for (const program of this.#running.keys()) program.kill("SIGKILL");
    }
  }
}

async function left(queue: JobQueue): Promise<number> {
  const { available, scheduled, active } = await queue.stats("mortal");
  return available + scheduled + active;
}

/** How often the job was done again; it came to its end, whichever. */
async function doneAgain(queue: JobQueue, id: string, lines: readonly string[]): Promise<number> {
  const status = await queue.status(id);
  const done = lines.filter((line) => line.startsWith("done")).length;
  const said = status?.failures.at(-1)?.error?.message;
  const isOver = status?.state === "discarded" && said !== undefined;
  const end = status?.state === "completed" ? done > 0 : isOver;
  const what = `job ${id}: ${status?.state}, ${lines.join()}`;
  expect([what, end]).toEqual([what, true]);
  return Math.max(0, done - 1);
}

test.each(ISOLATES)("on a server, in a %s", { timeout: TEST_MS }, (isolate) =>
  replayable(SEED, FILE, async () => {
    const random = new Random(SEED);
    const directory = mkdtempSync(join(tmpdir(), "homemaker-programs-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const book = join(directory, "book");
    writeFileSync(book, "");
    const server = await LastingServer.start();
    await using queue = await openQueue(server.url);
    const plans = Array.from({ length: JOBS }, (_, at) => ({
      at,
      book,
      acts: actsOf(random, false),
    }));
    const jobs = await queue.enqueueMany(mortal, plans);
    const programs = new Programs(random, server, isolate);
    onTestFinished(() => programs.dismiss());
    for (let struck = 0; struck < STRIKES; struck++) {
      programs.hire();
      await pause(random.between(100, 800));
      await programs.strike();
    }
    programs.hire();
    await until("no job is left", async () => (await left(queue)) === 0);
    await programs.dismiss();
    let again = 0;
    for (const [at, { id }] of jobs.entries()) {
      again += await doneAgain(queue, id, linesOf(book, at));
    }
    const deaths = plans.flatMap(({ acts }) => acts).filter((act) => act === "exit").length;
    expect(again).toBeLessThanOrEqual(programs.losses + deaths);
    expect(await queue.stats("mortal")).toMatchObject({ active: 0, workers: 0 });
  }),
);
