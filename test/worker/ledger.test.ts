/*
 * A ledger of jobs whose workers stop, are cut off or lose their leases at random, and whose
 * handlers throw: each is done at least once, or set aside with its error; none is held by nobody
 * at the end; what is not charged stays so.
 */
import { expect, test } from "vitest";
import { defineJob, Discard, keepResult, retry, Snooze } from "../../src/entries/queue.ts";
import { createWorker, unchecked } from "../../src/entries/queue.ts";
import type { JobContext, Worker } from "../../src/entries/queue.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { pause, until } from "../support/until.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { CutQueue } from "./cut-queue.ts";

const WORKERS = 3;
const STEPS = 60;
const PER_STEP = 5;
const JOBS = STEPS * PER_STEP;
const LEASE_SECONDS = 20;
const TOLD = "told to stop";
const SEED = seedHere();
const FILE = "test/worker/ledger.test.ts";

/** A queue whose consumers can be cut off, and its time. */
interface World {
  readonly clock: VirtualClock;
  readonly bed: CutQueue;
}

async function openWorld(): Promise<World> {
  const clock = new VirtualClock(1_000_000_000);
  return { clock, bed: await CutQueue.open({ clock, now: () => clock.now() / 1000 }) };
}

/** What is known of one job. */
interface Entry {
  /** The numbers of the attempts that its handlers saw. */
  readonly attempts: number[];
  /** How often a handler came to its end without throwing. */
  done: number;
  /** Attempts that failed, as workers told. */
  failed: number;
}

/** The jobs, by their payloads. */
class Ledger {
  readonly random: Random;
  readonly entries = Array.from({ length: JOBS }, (): Entry => ({
    attempts: [],
    done: 0,
    failed: 0,
  }));
  /** Handlers do whatever comes to them. */
  isWild = true;
  readonly #waiting = new Set<() => void>();

  readonly job = defineJob("job", {
    payload: unchecked<number>(),
    lease: `${LEASE_SECONDS}s`,
    timeout: "1h",
    onSuccess: keepResult("30d"),
    onFailure: retry({ attempts: 6, backoff: (attempt) => attempt * 1000 }),
  });

  constructor(random: Random) {
    this.random = random;
  }

  /** The payloads that are enqueued at that step: each is one less than the id of its job. */
  batch(step: number): readonly number[] {
    return Array.from({ length: PER_STEP }, (_, at) => step * PER_STEP + at);
  }

  readonly run = async (at: number, context: JobContext<undefined>): Promise<void> => {
    const entry = this.entries[at];
    if (entry === undefined) throw new RangeError(`there is no job ${at}`);
    entry.attempts.push(context.job.attempt);
    if (this.isWild) await this.#wildly(context.signal);
    entry.done += 1;
  };

  async #wildly(signal: AbortSignal): Promise<void> {
    const { random } = this;
    if (random.oneIn(2)) await this.#turns(signal);
    if (random.oneIn(8)) throw new Snooze(random.below(3000));
    if (random.oneIn(6)) throw new TypeError("a handler threw", { cause: new Error("by chance") });
    if (random.oneIn(40)) throw new Discard("it is hopeless");
  }

  /** Goes on until the test says so, or, mostly, until it is told to stop. */
  #turns(signal: AbortSignal): Promise<void> {
    const minds = !this.random.oneIn(4);
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      if (minds) signal.addEventListener("abort", () => reject(new Error(TOLD)));
    });
  }

  /** Lets some that wait go on. */
  letOn(isAll: boolean): void {
    for (const resolve of this.#waiting) {
      if (!isAll && !this.random.oneIn(3)) continue;
      this.#waiting.delete(resolve);
      resolve();
    }
  }
}

/** Workers of which there are always some. */
class Crew {
  readonly #world: World;
  readonly #ledger: Ledger;
  #workers: Worker[] = [];
  readonly #stopping = new Set<Promise<unknown>>();
  lost = 0;
  /** Attempts that were told to stop by their workers, and have failed. */
  chargedForStop = 0;

  constructor(world: World, ledger: Ledger) {
    this.#world = world;
    this.#ledger = ledger;
  }

  hire(): void {
    const { bed } = this.#world;
    const { random, job, run } = this.#ledger;
    while (this.#workers.length < WORKERS) {
      const worker = createWorker(bed.queue, {
        concurrency: random.between(1, 4),
        prefetch: random.below(4),
        maxBlock: 0, // leases are to be lost
        handlers: [job.handler(run)],
        stop: { grace: "2s", abort: "2s" },
      });
      worker.on("leaseLost", () => void (this.lost += 1));
      worker.on("failure", ({ id, error }) => {
        if (String(error).includes(TOLD)) this.chargedForStop += 1;
        const entry = this.#ledger.entries[Number(id) - 1];
        if (entry !== undefined) entry.failed += 1;
      });
      this.#workers.push(worker);
      void worker.run();
    }
  }

  /** Stops one, or has one take nothing for a while. */
  disturb(): void {
    const { random } = this.#ledger;
    const worker = random.pick(this.#workers);
    if (random.oneIn(3)) return worker.suspend();
    if (random.oneIn(2)) return worker.resume();
    this.#workers = this.#workers.filter((other) => other !== worker);
    const stopping = worker.stop(random.oneIn(2) ? { grace: 0 } : {});
    this.#stopping.add(stopping);
    void stopping.then(() => this.#stopping.delete(stopping));
  }

  /** Ends all; none has anything left then. */
  async dismiss(): Promise<void> {
    for (const worker of this.#workers.splice(0)) this.#stopping.add(worker.stop());
    let isOver = false;
    void Promise.all(this.#stopping).then(() => (isOver = true));
    await until("all workers have stopped", () => {
      this.#ledger.letOn(true);
      this.#world.clock.advance(0.5);
      return isOver;
    });
  }
}

/** Enqueues all jobs, a few at a time, while workers come and go. */
async function played(chance: (world: World, random: Random) => void): Promise<{
  readonly world: World;
  readonly ledger: Ledger;
  readonly crew: Crew;
}> {
  const random = new Random(SEED);
  const world = await openWorld();
  const ledger = new Ledger(random);
  const crew = new Crew(world, ledger);
  for (let step = 0; step < STEPS; step++) {
    await world.bed.queue.enqueueMany(ledger.job, ledger.batch(step));
    crew.hire();
    if (random.oneIn(3)) crew.disturb();
    chance(world, random);
    ledger.letOn(false);
    await pause(1);
  }
  await crew.dismiss();
  return { world, ledger, crew };
}

/** All that is left is run by workers whom nobody disturbs; then each job has come to its end. */
async function expectAllEnded(world: World, ledger: Ledger, crew: Crew): Promise<void> {
  const { clock, bed } = world;
  const { queue } = bed;
  expect(await queue.stats("job")).toMatchObject({ active: 0, workers: 0 });
  ledger.isWild = false;
  crew.hire();
  await until("no job is left", async () => {
    clock.advance(1);
    const { available, scheduled, active } = await queue.stats("job");
    return available + scheduled + active === 0;
  });
  await crew.dismiss();
  for (const [at, entry] of ledger.entries.entries()) {
    const status = await queue.status(String(at + 1));
    if (status?.state === "completed") expect(entry.done).toBeGreaterThan(0);
    else {
      const said = status?.failures.at(-1)?.error?.message;
      expect([status?.state, said]).toEqual(["discarded", expect.any(String)]);
    }
  }
}

test("workers stop, and handlers throw: what is not charged is not", () =>
  replayable(SEED, FILE, async () => {
    const { world, ledger, crew } = await played(({ clock }) => clock.advance(0.5));
    await using _ = world.bed;
    expect(crew.lost).toBe(0);
    expect(crew.chargedForStop).toBe(0);
    await expectAllEnded(world, ledger, crew);
    for (const { attempts, failed, done } of ledger.entries) {
      expect(attempts.at(-1)).toBe(done > 0 ? failed + 1 : failed);
    }
  }));

test("workers are cut off and lose their leases, too", () =>
  replayable(SEED, FILE, async () => {
    const { world, ledger, crew } = await played((own, random) => {
      own.clock.advance(random.oneIn(10) ? LEASE_SECONDS + 1 : 0.5);
      if (random.oneIn(5)) own.bed.cut(random);
    });
    await using _ = world.bed;
    expect(crew.lost).toBeGreaterThan(0);
    await expectAllEnded(world, ledger, crew);
  }));
