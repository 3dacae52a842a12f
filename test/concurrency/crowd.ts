/* A crowd: many clients at once that put, reserve over several tubes, release, bury, let their time
 * run out and hang up, for a bounded time, and write down what they saw.
 *
 * Half of the tubes are orderly: nobody hangs up on them, so that the ledger can judge order and
 * waiting. On the rough half clients die at any moment: while they wait, while they hold jobs, and
 * with a command on its way.
 *
 * In the end the producers stop, the workers turn into plain consumers that block in `reserve`, and
 * the queue must run empty while they do; then a job for each of them must reach them. What is left
 * (buried jobs) is taken out and written down as found.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { Random } from "../support/random.ts";
import type { Connect } from "../support/connect.ts";
import type { Entry } from "./entries.ts";
import { Wire } from "./wire.ts";

/** What a crowd needs. */
export interface CrowdOptions {
  readonly connect: Connect;
  readonly seed: number;
  readonly producers: number;
  readonly workers: number;
  /** How long the clients do as they like, at least, before the end begins. */
  readonly durationMs: number;
  /**
   * As many entries must be in the ledger before that: on a busy machine a crowd takes its time to
   * gather.
   */
  readonly entriesMin: number;
}

/** What the crowd saw. */
export interface CrowdReport {
  readonly entries: readonly Entry[];
  /**
   * What is wrong without the ledger's help: the queue did not run empty, a waiting client was
   * forgotten, counters do not add up.
   */
  readonly problems: readonly string[];
}

const TUBES_OF_A_KIND = 8;
const ORDERLY = Array.from({ length: TUBES_OF_A_KIND }, (_, index) => `orderly-${index}`);
const ROUGH = Array.from({ length: TUBES_OF_A_KIND }, (_, index) => `rough-${index}`);
/** Jobs that may be under way at once; more would only make the ledger slow. */
const BACKLOG_MAX = 500;
const LONG_TTR_SECONDS = 120;
const SHORT_TTR_SECONDS = 1;
/** How long the queue may take to run empty when nothing is put any more. */
const PATIENCE_MS = 30_000;
/** How often it is looked whether there has been enough. */
const LOOK_MS = 50;

/** Lets a crowd loose on a server that holds no jobs. */
export async function runCrowd(options: CrowdOptions): Promise<CrowdReport> {
  const crowd = new Crowd(options);
  const producers = Array.from({ length: options.producers }, (_, index) => crowd.produce(index));
  const workers = Array.from({ length: options.workers }, (_, index) =>
    crowd.work(options.producers + index),
  );
  const until = performance.now() + options.durationMs;
  const stopping = setInterval(() => {
    if (performance.now() >= until && crowd.entryCount >= options.entriesMin) crowd.stopProducing();
  }, LOOK_MS);
  await Promise.all(producers);
  clearInterval(stopping);
  await crowd.finish();
  await Promise.all(workers);
  return crowd.report();
}

class Crowd {
  readonly #options: CrowdOptions;
  readonly #entries: Entry[] = [];
  readonly #problems: string[] = [];
  readonly #wires = new Set<Wire>();
  #isProducing = true;
  #isOver = false;
  #underWay = 0;
  #bodies = 0;
  #clients = 0;

  constructor(options: CrowdOptions) {
    this.#options = options;
  }

  get entryCount(): number {
    return this.#entries.length;
  }

  stopProducing(): void {
    this.#isProducing = false;
  }

  report(): CrowdReport {
    return { entries: this.#entries, problems: this.#problems };
  }

  /* Producers. */

  /**
   * One producer: puts until it is told to stop; on rough tubes it may hang up with a put on its
   * way.
   */
  async produce(index: number): Promise<void> {
    const random = new Random(this.#options.seed + index);
    const tubes = index % 2 === 0 ? ORDERLY : ROUGH;
    while (this.#isProducing) {
      const wire = await this.#open();
      await wire.ask(`use ${random.pick(tubes)}`);
      for (let count = random.between(5, 50); count > 0 && this.#isProducing; count--) {
        while (this.#underWay >= BACKLOG_MAX && this.#isProducing) await nextTurn();
        const dies = tubes === ROUGH && random.oneIn(40);
        await this.#put(wire, random, tubes, dies);
        if (dies) break;
      }
      this.#close(wire);
    }
  }

  async #put(wire: Wire, random: Random, tubes: readonly string[], dies: boolean): Promise<void> {
    const tube = random.pick(tubes);
    const delaySeconds = random.oneIn(20) ? 1 : 0;
    const isShort = tubes === ROUGH && random.oneIn(5);
    const ttrSeconds = isShort ? SHORT_TTR_SECONDS : LONG_TTR_SECONDS;
    const pri = random.below(4);
    const body = `job ${++this.#bodies} `.padEnd(random.between(12, 200), "x");
    await wire.ask(`use ${tube}`);
    const put = wire.ask(`put ${pri} ${delaySeconds} ${ttrSeconds} ${body.length}`, body);
    if (dies) wire.hangUp();
    const { line, from, to } = await put;
    if (line === undefined) {
      this.#entries.push({ what: "lost put", body, from, to });
      return;
    }
    const job = Number(/^INSERTED (\d+)$/.exec(line)?.[1]);
    if (Number.isNaN(job)) throw new Error(`put was answered ${line}`);
    this.#underWay++;
    const ready = delaySeconds === 0;
    const ttrMs = ttrSeconds * 1000;
    this.#entries.push({ what: "put", job, tube, body, pri, ready, ttrMs, from, to });
  }

  /* Workers. */

  /**
   * One worker: reserves and settles until all is over; on rough tubes it may hang up at any moment
   * and come back.
   */
  async work(index: number): Promise<void> {
    const random = new Random(this.#options.seed + index);
    const tubes = index % 2 === 0 ? ORDERLY : ROUGH;
    // So that each tube has a client that watches it, whatever the others choose.
    const first = tubes[Math.floor(index / 2) % TUBES_OF_A_KIND] ?? random.pick(tubes);
    while (!this.#isOver) {
      const watched = new Set([
        first,
        ...Array.from({ length: random.below(4) }, () => random.pick(tubes)),
      ]);
      const worker = await this.#openWorker([...watched], random);
      let isThere = true;
      while (isThere && !this.#isOver) isThere = await this.#shift(worker);
      this.#close(worker.wire);
    }
  }

  async #openWorker(tubes: readonly string[], random: Random): Promise<Worker> {
    const wire = await this.#open();
    for (const tube of tubes) await wire.ask(`watch ${tube}`);
    await wire.ask("ignore default");
    return {
      wire,
      client: ++this.#clients,
      tubes,
      random,
      isRough: tubes.some((tube) => ROUGH.includes(tube)),
    };
  }

  /** Reserves once and settles what came. False: the connection is gone. */
  async #shift(worker: Worker): Promise<boolean> {
    const { wire, random, isRough } = worker;
    const calm = !this.#isProducing;
    const command = calm
      ? "reserve"
      : random.pick(["reserve", "reserve-with-timeout 0", "reserve-with-timeout 1"]);
    const asked = wire.ask(command);
    const death = !calm && isRough && random.oneIn(30) ? hangUpSoon(wire, random) : undefined;
    const answer = await asked;
    const diedAt = await death;
    const job = this.#noteReserve(worker, answer);
    if (answer.line === undefined) return false;
    if (job === undefined) return diedAt === undefined;
    if (diedAt !== undefined) return this.#noteGone(worker, diedAt);
    return this.#settle(worker, job);
  }

  #noteReserve(worker: Worker, answer: Awaited<ReturnType<Wire["ask"]>>): number | undefined {
    const { client, tubes } = worker;
    const { line, from, to } = answer;
    if (line === undefined) {
      // In the end all of them hang up, and by then there is nothing that could have been taken.
      if (!this.#isOver) this.#entries.push({ what: "lost reserve", tubes, from, to });
      return undefined;
    }
    const id = /^RESERVED (\d+)/.exec(line)?.[1];
    if (id === undefined && line !== "TIMED_OUT" && line !== "DEADLINE_SOON")
      throw new Error(`reserve was answered ${line}`);
    const job = id === undefined ? undefined : Number(id);
    const body = job === undefined ? undefined : answer.body?.toString();
    if (line !== "DEADLINE_SOON")
      this.#entries.push({ what: "reserve", client, job, body, tubes, from, to });
    return job;
  }

  #noteGone({ client }: Worker, at: number): false {
    this.#entries.push({ what: "gone", client, from: at, to: at });
    return false;
  }

  /** Does something with a job that was reserved. False: the connection is gone. */
  async #settle(worker: Worker, job: number): Promise<boolean> {
    const { random, isRough, wire } = worker;
    if (!this.#isProducing) return this.#command(worker, "delete", job);
    if (isRough && random.oneIn(40)) {
      this.#noteGone(worker, performance.now());
      wire.hangUp();
      return false;
    }
    if (random.oneIn(8)) await this.#command(worker, "touch", job);
    if (isRough && random.oneIn(30)) await this.#letTimeRunOut(worker);
    const what = random.weighted([
      [12, "delete"],
      [4, "release"],
      [1, "bury"],
    ] as const);
    return this.#command(worker, what, job, isRough && random.oneIn(60));
  }

  /**
   * Holds a job beyond a short time to run, and reserves meanwhile: DEADLINE_SOON, another job or
   * nothing.
   */
  async #letTimeRunOut(worker: Worker): Promise<void> {
    const until = performance.now() + SHORT_TTR_SECONDS * 1000 + 100;
    while (performance.now() < until) {
      const answer = await worker.wire.ask("reserve-with-timeout 1");
      const other = this.#noteReserve(worker, answer);
      if (answer.line === undefined) return;
      if (other !== undefined) await this.#command(worker, "delete", other);
      else await nextTurn();
    }
  }

  async #command(worker: Worker, what: Verb, job: number, dies = false): Promise<boolean> {
    const { client, random, wire } = worker;
    const pri = random.below(4);
    // A delayed release is not in the ledger's rules; it would be one that does not make the job
    // ready.
    const words = { delete: "", touch: "", bury: ` ${pri}`, release: ` ${pri} 0` };
    const asked = wire.ask(`${what} ${job}${words[what]}`);
    if (dies) wire.hangUp();
    const { line, from, to } = await asked;
    const ok = line === undefined ? undefined : line === SUCCESS[what];
    if (ok === false && line !== "NOT_FOUND") throw new Error(`${what} was answered ${line}`);
    this.#entries.push({ what, client, job, ok, pri, from, to });
    if (ok === true && (what === "delete" || what === "bury")) this.#underWay--;
    if (line !== undefined) return true;
    return this.#noteGone(worker, from);
  }

  /* The end. */

  /** Waits until the queue is empty, wakes everybody once more, and takes out what is left. */
  async finish(): Promise<void> {
    const control = await this.#open();
    const { workers } = this.#options;
    const allWait = (stats: Stats): boolean =>
      isEmpty(stats) &&
      stats["current-waiting"] === workers &&
      stats["current-connections"] === workers + 1;
    await this.#until(control, "the queue did not run empty while everybody waited", allWait);
    const random = new Random(this.#options.seed);
    for (let count = 0; count < workers; count++) {
      await this.#put(control, random, random.pick([ORDERLY, ROUGH]), false);
    }
    await this.#until(control, "jobs stayed ready although somebody waited for them", allWait);
    this.#isOver = true;
    for (const wire of this.#wires) if (wire !== control) wire.hangUp();
    await this.#until(
      control,
      "connections that hung up are still counted",
      (stats) => stats["current-connections"] === 1,
    );
    await this.#takeOutTheRest(control);
    await this.#checkCounters(control);
    this.#close(control);
  }

  async #until(
    control: Wire,
    complaint: string,
    condition: (stats: Stats) => boolean,
  ): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    let stats = await readStats(control);
    while (!condition(stats) && performance.now() < giveUpAt) {
      await nextTurn();
      stats = await readStats(control);
    }
    if (!condition(stats)) this.#problems.push(`${complaint}: ${JSON.stringify(stats)}`);
  }

  async #takeOutTheRest(control: Wire): Promise<void> {
    for (const tube of [...ORDERLY, ...ROUGH]) {
      await control.ask(`use ${tube}`);
      await control.ask(`watch ${tube}`);
      await control.ask("kick 1000000");
      // Buried jobs go first, and delayed ones only when there are none.
      await control.ask("kick 1000000");
    }
    for (;;) {
      const { line = "", body } = await control.ask("reserve-with-timeout 0");
      const job = /^RESERVED (\d+)/.exec(line)?.[1];
      if (job === undefined) break;
      this.#entries.push({ what: "found", job: Number(job), body: body?.toString() ?? "" });
      await control.ask(`delete ${job}`);
    }
  }

  async #checkCounters(control: Wire): Promise<void> {
    const stats = await readStats(control);
    const certain = this.#entries.filter((entry) => entry.what === "put").length;
    const possible = certain + this.#entries.filter((entry) => entry.what === "lost put").length;
    const total = stats["total-jobs"] ?? -1;
    if (total < certain || total > possible) {
      this.#problems.push(`total-jobs is ${total}, but ${certain} to ${possible} jobs were put`);
    }
    if (!isEmpty(stats) || stats["current-jobs-buried"] !== 0) {
      this.#problems.push(`jobs are counted that nobody can get: ${JSON.stringify(stats)}`);
    }
  }

  async #open(): Promise<Wire> {
    const wire = new Wire(await this.#options.connect());
    this.#wires.add(wire);
    return wire;
  }

  #close(wire: Wire): void {
    wire.hangUp();
    this.#wires.delete(wire);
  }
}

type Verb = "delete" | "release" | "bury" | "touch";

const SUCCESS: Record<Verb, string> = {
  delete: "DELETED",
  release: "RELEASED",
  bury: "BURIED",
  touch: "TOUCHED",
};

/** A worker on one connection; it is another client after it has hung up. */
interface Worker {
  readonly wire: Wire;
  readonly client: number;
  readonly tubes: readonly string[];
  readonly random: Random;
  readonly isRough: boolean;
}

/**
 * Hangs up at once, or a few turns of the event loop later, so that the answer may or may not be on
 * its way. Returns when.
 */
async function hangUpSoon(wire: Wire, random: Random): Promise<number> {
  for (let turns = random.below(6); turns > 0; turns--) await nextTurn();
  const now = performance.now();
  wire.hangUp();
  return now;
}

type Stats = Readonly<Record<string, number>>;

async function readStats(control: Wire): Promise<Stats> {
  const { body } = await control.ask("stats");
  const lines = body?.toString().split("\n") ?? [];
  const wanted = lines.filter((line) => /^(current-|total-jobs)/.test(line));
  return Object.fromEntries(
    wanted.map((line) => [line.split(": ")[0] ?? "", Number(line.split(": ")[1])]),
  );
}

/** No job is ready, reserved or delayed; buried ones may be left. */
function isEmpty(stats: Stats): boolean {
  const kinds = ["current-jobs-ready", "current-jobs-reserved", "current-jobs-delayed"];
  return kinds.every((kind) => stats[kind] === 0);
}
