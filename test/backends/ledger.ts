/*
 * A ledger of jobs on a server that is killed and comes back, and whose disk is full for a while,
 * by producers and workers whose connections are cut, and workers that die: all at random, by a
 * seed.
 *
 * At the end each job that was enqueued was done at least once, or is set aside with its error;
 * none is held by nobody. A job that was done more often has an explanation for each time: it was
 * enqueued again since nobody knew whether it was there, or whoever did it could not say so.
 */
import { expect } from "vitest";
import { createWorker, defineJob, openQueue, retry, unchecked } from "../../src/entries/queue.ts";
import type {
  JobContext,
  JobQueue,
  QueueStats,
  QueueTarget,
  Worker,
} from "../../src/entries/queue.ts";
import { CuttingProxy } from "../support/cutting-proxy.ts";
import { Random } from "../support/random.ts";
import type { Address } from "../support/server-process.ts";
import { pause, within } from "../support/until.ts";

/** A server, for a ledger. */
export interface LedgerServer {
  /** Where it is now. */
  address(): Address;
  /** What opens a queue on it by that port. */
  target(port: number): QueueTarget;
  kill(): Promise<void>;
  again(): Promise<void>;
  /** How often it is killed. */
  readonly kills: number;
  /** Whether it has said that a job is gone when a worker hears that it is done. */
  readonly confirmsEnds: boolean;
  /** Its disk, if that is to be full now and then. */
  readonly disk?: FullDisk;
}

/** A disk that somebody else fills. */
export interface FullDisk {
  fill(): void;
  relieve(): void;
}

const JOBS = 150;
const STEPS = 60;
const STEP_MS = 40;
const WORKERS = 3;
/** Ends that are not confirmed are on their way no longer than that, on a busy machine. */
const ON_ITS_WAY_MS = 30_000;
/** Until then a client of a busy process may not have noticed that it is cut off. */
const NOTICED_MS = 2000;
/** Longer than any step of it, or all that is left at its end, takes on a busy machine. */
const PATIENCE_MS = 60_000;
const ANSWER_MS = 30_000;
/** A worker whose server is away gives up one after the other: done, failed, given back, left. */
const STOPPING_MS = 60_000;
/** Where the disk is to be full, each job takes some of it. */
const PAD = "x".repeat(20_000);
/** More than its disk takes. */
const HOARD_MAX = 1000;
const UNSURE = new Set(["HM_LOST", "HM_TIMEOUT"]);

/** One time that a handler came to its end. */
interface Run {
  readonly id: string;
  readonly atMs: number;
  readonly hand: Hand;
  isSaid: boolean;
}

/** What is known of one payload. */
interface Entry {
  isEnqueued: boolean;
  /** Times that it was enqueued and nobody knows whether it is there. */
  unsure: number;
  readonly runs: Run[];
  /** Jobs of it that were set aside. */
  dead: number;
}

/** A worker, with a queue and connections of its own. */
interface Hand {
  readonly queue: JobQueue;
  readonly worker: Worker;
  readonly proxy: CuttingProxy;
  /** When its connections were cut, or its server killed. */
  readonly disturbedMs: number[];
}

/** Plays it; rejects when it does not come out even, and with what hangs. */
export async function playLedger(server: LedgerServer, seed: number): Promise<void> {
  const ledger = new Ledger(server, new Random(seed));
  const [played] = await Promise.allSettled([ledger.play().then(() => ledger.expectEven())]);
  const [ended] = await Promise.allSettled([ledger.end()]);
  for (const one of [played, ended]) if (one.status === "rejected") throw one.reason;
}

class Ledger {
  readonly #server: LedgerServer;
  readonly #random: Random;
  readonly #entries = Array.from({ length: JOBS }, (): Entry => ({
    isEnqueued: false,
    unsure: 0,
    runs: [],
    dead: 0,
  }));
  readonly #hands = new Set<Hand>();
  /** Workers that died, and are being closed. */
  readonly #ending: Promise<void>[] = [];
  /** Which payload a job has, by its id. */
  readonly #payloads = new Map<string, number>();
  #producer: { readonly queue: JobQueue; readonly proxy: CuttingProxy } | undefined;
  #isWild = true;
  #isOver = false;
  /** Jobs that nobody works on: those that are there, and those of which nobody knows. */
  #kept = 0;
  #unsure = 0;
  #hoarding = Promise.resolve();
  /** Why jobs were not enqueued, by the codes of that. */
  readonly #refusals = new Map<string, unknown>();

  readonly #job = defineJob("ledger", {
    payload: unchecked<{ readonly at: number; readonly pad: string }>(),
    lease: "3s",
    onFailure: retry({ attempts: 8, backoff: () => 1000 }),
  });

  readonly #hoarded = defineJob("hoarded", { payload: unchecked<string>() });

  constructor(server: LedgerServer, random: Random) {
    this.#server = server;
    this.#random = random;
  }

  async play(): Promise<void> {
    const random = this.#random;
    const proxy = await CuttingProxy.start(() => this.#server.address());
    this.#producer = { queue: await this.#open(proxy), proxy };
    for (let count = 0; count < WORKERS; count++) await this.#hire();
    const enqueuing = this.#enqueueAll(this.#producer.queue);
    let { kills } = this.#server;
    for (let step = 0; step < STEPS; step++) {
      await pause(STEP_MS);
      this.#fill(step, this.#producer.queue);
      if (random.oneIn(12)) proxy.cut();
      if (random.oneIn(4)) this.#cut(random.pick([...this.#hands]));
      if (random.oneIn(15)) await this.#lose(random.pick([...this.#hands]));
      if (kills > 0 && random.oneIn(STEPS / 4)) {
        kills -= 1;
        await this.#restart();
      }
    }
    for (; kills > 0; kills--) await this.#restart();
    this.#server.disk?.relieve();
    this.#isWild = false;
    const tell = (): string => `(${this.#missing.length} are missing): ${this.#whyNot}`;
    await within("all jobs were enqueued", PATIENCE_MS, enqueuing, tell);
    await within("the disk was full of jobs", PATIENCE_MS, this.#hoarding, tell);
  }

  /** The disk is full for a while, and in the middle at any rate. */
  #fill(step: number, queue: JobQueue): void {
    const { disk } = this.#server;
    if (disk === undefined) return;
    if (step !== STEPS / 2 && this.#random.oneIn(12)) disk.relieve();
    else if (step === STEPS / 2 || this.#random.oneIn(12)) {
      disk.fill();
      this.#hoarding = this.#hoarding.then(() => this.#hoard(queue));
    }
  }

  /** Jobs that nobody works on take what room the server has of its own. */
  async #hoard(queue: JobQueue): Promise<void> {
    for (let count = 0; count < HOARD_MAX && !this.#isOver; count++) {
      try {
        await queue.enqueue(this.#hoarded, PAD);
        this.#kept += 1;
      } catch (error) {
        const code = this.#refused(error);
        if (code === "HM_OUT_OF_MEMORY") return;
        if (UNSURE.has(code)) this.#unsure += 1;
        await pause(10);
      }
    }
  }

  /** Why something was not enqueued. */
  #refused(error: unknown): string {
    const code = codeOf(error);
    this.#refusals.set(code, error);
    return code;
  }

  get #whyNot(): string {
    return [...this.#refusals.values()].map(String).join("; ");
  }

  #open(proxy: CuttingProxy): Promise<JobQueue> {
    return within("a queue was open", PATIENCE_MS, openQueue(this.#server.target(proxy.port)));
  }

  async #hire(): Promise<void> {
    const proxy = await CuttingProxy.start(() => this.#server.address());
    const queue = await this.#open(proxy);
    const worker = createWorker(queue, {
      concurrency: this.#random.between(1, 4),
      prefetch: this.#random.below(3),
      handlers: [this.#job.handler(({ at }, context) => this.#run(hand, at, context))],
      stop: { grace: 0, abort: 0 },
      logger: SILENT,
    });
    const hand: Hand = { queue, worker, proxy, disturbedMs: [] };
    worker.on("success", ({ id }) => this.#said(hand, id));
    worker.on("failure", ({ id, verdict }) => {
      const payload = this.#payloads.get(id);
      if (verdict === "bury" && payload !== undefined) this.#entry(payload).dead += 1;
    });
    this.#hands.add(hand);
    void worker.run();
  }

  async #run(hand: Hand, payload: number, { job }: JobContext<undefined>): Promise<void> {
    this.#payloads.set(job.id, payload);
    const random = this.#random;
    if (random.oneIn(2)) await pause(random.below(60));
    if (this.#isWild && random.oneIn(5)) throw new TypeError("a handler threw");
    const { runs } = this.#entry(payload);
    runs.push({ id: job.id, atMs: performance.now(), hand, isSaid: false });
  }

  #said(hand: Hand, id: string): void {
    const { runs } = this.#entry(this.#payloads.get(id) ?? -1);
    const run = runs.findLast((one) => one.id === id && one.hand === hand && !one.isSaid);
    if (run !== undefined) run.isSaid = true;
  }

  #entry(payload: number): Entry {
    const entry = this.#entries[payload];
    if (entry === undefined) throw new RangeError(`there is no job ${payload}`);
    return entry;
  }

  async #enqueueAll(queue: JobQueue): Promise<void> {
    const pad = this.#server.disk === undefined ? "" : PAD;
    for (const [payload, entry] of this.#entries.entries()) {
      if (this.#isWild) await pause(this.#random.below((2 * STEPS * STEP_MS) / JOBS));
      while (!entry.isEnqueued && !this.#isOver) {
        try {
          await queue.enqueue(this.#job, { at: payload, pad });
          entry.isEnqueued = true;
        } catch (error) {
          if (UNSURE.has(this.#refused(error))) entry.unsure += 1;
          await pause(10);
        }
      }
    }
  }

  #cut(hand: Hand): void {
    hand.disturbedMs.push(performance.now());
    hand.proxy.cut();
  }

  /** Ends a worker without a word, and has another one in its place. */
  async #lose(hand: Hand): Promise<void> {
    this.#hands.delete(hand);
    hand.disturbedMs.push(performance.now());
    hand.proxy.close();
    this.#ending.push(queueClosed(hand), workerStopped(hand)); // neither reaches anybody
    await this.#hire();
  }

  async #restart(): Promise<void> {
    await within("the server was gone", PATIENCE_MS, this.#server.kill());
    for (const hand of this.#hands) hand.disturbedMs.push(performance.now());
    await pause(this.#random.below(500));
    await within("the server was back", PATIENCE_MS, this.#server.again());
  }

  /** All that is left is done, by workers whom nobody disturbs. */
  async expectEven(): Promise<void> {
    const { queue } = this.#producer ?? {};
    if (queue === undefined) throw new TypeError("the ledger was not played");
    const end = performance.now() + PATIENCE_MS;
    let stats: QueueStats | undefined;
    while (!this.#isEven(stats) && performance.now() < end) {
      await pause(50);
      stats = await within("there were stats", ANSWER_MS, queue.stats(this.#job.tube));
    }
    const workers = [...this.#hands].map(({ worker }) => worker.status());
    const about = { stats, missing: this.#missing, workers };
    expect({ ...about, isEven: this.#isEven(stats) }).toEqual({ ...about, isEven: true });
    for (const [payload, entry] of this.#entries.entries()) this.#expectExplained(payload, entry);
    this.#expectRefusals();
    const { available } = await queue.stats(this.#hoarded.tube);
    expect(available).toBeGreaterThanOrEqual(this.#kept);
    expect(available).toBeLessThanOrEqual(this.#kept + this.#unsure);
    if (queue.can.listing) await this.#expectErrorsOf(queue);
  }

  /** Payloads that were not done, as far as is known, and not set aside. */
  get #missing(): readonly number[] {
    return [...this.#entries.keys()].filter((payload) => {
      const { isEnqueued, runs, dead } = this.#entry(payload);
      return !isEnqueued || (runs.length === 0 && dead === 0);
    });
  }

  /** Nothing is left; and what nobody has heard of was set aside when its connection ended. */
  #isEven(stats: QueueStats | undefined): boolean {
    if (stats === undefined) return false;
    const { available, scheduled, active, discarded } = stats;
    const heard = this.#entries.reduce((sum, { dead }) => sum + dead, 0);
    return available + scheduled + active === 0 && this.#missing.length <= discarded - heard;
  }

  /** What was not enqueued says why, with a code; so it was when the disk was full. */
  #expectRefusals(): void {
    const codes = [...this.#refusals.keys()];
    const strange = codes.filter((code) => !code.startsWith("HM_"));
    expect([strange, this.#whyNot]).toEqual([[], this.#whyNot]);
    if (this.#server.disk !== undefined) expect(codes).toContain("HM_OUT_OF_MEMORY");
  }

  async #expectErrorsOf(queue: JobQueue): Promise<void> {
    for await (const { failures } of queue.jobs({ tube: this.#job.tube, state: "discarded" })) {
      expect(failures.at(-1)?.error?.message).toEqual(expect.any(String));
    }
  }

  /** Of the times that it was done, all but one have an explanation. */
  #expectExplained(payload: number, { runs, unsure }: Entry): void {
    const { confirmsEnds } = this.#server;
    const certain = runs.filter(({ isSaid, atMs, hand: { disturbedMs } }) => {
      const wasOnItsWay = (cutMs: number): boolean =>
        cutMs > atMs - NOTICED_MS && cutMs < atMs + ON_ITS_WAY_MS;
      return isSaid && (confirmsEnds || !disturbedMs.some(wasOnItsWay));
    });
    const about = { payload, certain: certain.length, of: runs.length, most: 1 + unsure };
    expect(about).toSatisfy(({ certain: count, most }: typeof about) => count <= most);
  }

  async end(): Promise<void> {
    this.#isOver = true;
    const hands = [...this.#hands];
    const { queue } = this.#producer ?? {};
    try {
      await Promise.all([...this.#ending, ...hands.map(closed)]);
      if (queue !== undefined) await within("the queue was closed", ANSWER_MS, queue.close());
    } finally {
      for (const one of [...hands, this.#producer]) one?.proxy.close();
    }
  }
}

async function closed(hand: Hand): Promise<void> {
  await workerStopped(hand);
  await queueClosed(hand);
}

async function workerStopped({ worker }: Hand): Promise<void> {
  const tell = (): string => JSON.stringify(worker.status());
  await within("a worker stopped", STOPPING_MS, Promise.allSettled([worker.stop()]), tell);
}

async function queueClosed({ queue }: Hand): Promise<void> {
  await within("its queue was closed", STOPPING_MS, Promise.allSettled([queue.close()]));
}

const nothing = (): void => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing };

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
