/* A worker of a mixed crowd: takes jobs through a window, or by reserves of all kinds, and ends its
 * attempts in every way, several at once and in batches with what follows from them.
 *
 * It changes its window, lets times run out, and hangs up. In the end it watches every tube, and
 * only deletes and finishes.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Random } from "../support/random.ts";
import type { Deed, MixedClient } from "./mixed-client.ts";
import { TUBES, type Scene } from "./mixed-scene.ts";
import { batchOf } from "./mixed-jobs.ts";

const SIZES = [1, 1, 2, 5, 20, 100];
/** The short times to run are over then. */
const DAWDLE_MS = 1_100;

/** One worker, on one connection after the other. */
export class MixedWorker {
  readonly #scene: Scene;
  readonly #random: Random;

  constructor(scene: Scene, random: Random) {
    this.#scene = scene;
    this.#random = random;
  }

  async work(): Promise<void> {
    while (!this.#scene.isOver) {
      const shift = new Shift(this.#scene, this.#random, await this.#scene.open());
      await shift.work();
    }
  }
}

/** A worker on one connection. */
class Shift {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #client: MixedClient;
  readonly #hasWindow: boolean;
  #tubes = new Set<string>(["default"]);

  constructor(scene: Scene, random: Random, client: MixedClient) {
    this.#scene = scene;
    this.#random = random;
    this.#client = client;
    this.#hasWindow = !random.oneIn(3);
  }

  async work(): Promise<void> {
    const random = this.#random;
    await this.#watch(Array.from({ length: random.between(1, 6) }, () => random.pick(TUBES)));
    if (this.#hasWindow) await this.#client.window(random.pick(SIZES));
    while (!this.#scene.isOver && !this.#client.isGone) {
      if (this.#scene.isProducing) await this.#act();
      else await this.#clear();
    }
    if (!this.#client.isGone) this.#client.close();
  }

  async #watch(tubes: readonly string[]): Promise<void> {
    for (const tube of tubes) {
      if (this.#tubes.has(tube)) continue;
      this.#tubes.add(tube);
      await this.#client.ask(`watch ${tube}`);
    }
  }

  /** Does something. */
  async #act(): Promise<void> {
    const random = this.#random;
    const what = random.weighted([
      [12, "settle"],
      [this.#hasWindow ? 2 : 12, "take"],
      [this.#hasWindow ? 2 : 0, "resize"],
      [random.oneIn(20) ? 1 : 0, "dawdle"],
      [random.oneIn(4) ? 1 : 0, "hang up"],
    ] as const);
    if (what === "settle") await this.#settleSome();
    else if (what === "take") await this.#take();
    else if (what === "resize") await this.#client.window(random.pick([0, ...SIZES]));
    else if (what === "dawdle") await this.#dawdle();
    else await this.#hangUp();
  }

  /** In the end: all that comes is taken and deleted. */
  async #clear(): Promise<void> {
    await this.#watch(TUBES);
    if (this.#hasWindow) await this.#client.window(100);
    while (!this.#scene.isOver) {
      await this.#settleSome();
      if (this.#hasWindow) await nextTurn();
      else await this.#client.reserve("reserve-with-timeout 1", [...this.#tubes]);
    }
  }

  async #take(): Promise<void> {
    const random = this.#random;
    const [any = 0] = this.#scene.alive;
    const command = random.weighted([
      [this.#hasWindow ? 4 : 0, "wait"],
      [8, "reserve-with-timeout 0"],
      [this.#hasWindow ? 0 : 4, "reserve-with-timeout 1"],
      [2, `reserve-batch ${random.between(1, 8)}`],
      [1, `reserve-job ${any + random.below(50)}`],
    ] as const);
    if (command === "wait") await nextTurn();
    else await this.#client.reserve(command, [...this.#tubes]);
  }

  /** Several at a time, in one go; those that it leaves may run out of time. */
  async #settleSome(): Promise<void> {
    const isLast = !this.#scene.isProducing;
    const some = [...this.#client.held.keys()].filter(() => isLast || !this.#random.oneIn(4));
    if (some.length === 0) return nextTurn();
    for (const job of some) if (!isLast) await this.#read(job);
    const there = some.filter((job) => this.#client.held.has(job));
    if (!isLast && there.length > 0 && this.#random.oneIn(4)) await this.#batch(there.slice(0, 3));
    const rest = there.filter((job) => this.#client.held.has(job));
    await Promise.all(rest.map((job) => this.#client.settle(this.#deed(job))));
  }

  /** Looks whether the batch that a job says it is of was carried out as a whole. */
  async #read(job: number): Promise<void> {
    const body = this.#client.held.get(job) ?? "";
    const [, batch, ended] = /of batch (\d+) instead of ([\d,]*);/.exec(body) ?? [];
    if (batch === undefined || !this.#random.oneIn(2)) return;
    await this.#client.lookAtGroup(`batch-${batch}`);
    for (const other of (ended ?? "").split(",")) {
      if (other !== "") await this.#client.look(Number(other));
    }
  }

  #deed(job: number): Deed {
    const random = this.#random;
    const pri = random.below(4);
    const calm = !this.#scene.isProducing;
    const what = random.weighted([
      [12, "delete"],
      [4, "finish"],
      [calm ? 0 : 4, "release"],
      [calm ? 0 : 1, "bury"],
      [calm ? 0 : 1, "touch"],
      [calm ? 0 : 2, "hand-back"],
      [calm ? 0 : 2, "move"],
    ] as const);
    if (what === "finish") return { what, job, result: `result of ${job}` };
    if (what === "move") return { what, job, tube: random.pick(TUBES) };
    return { what, job, pri };
  }

  /**
   * Ends these jobs, and puts what follows from them. One in eight batches is wrong; of one in
   * twenty the answer is not waited for.
   */
  async #batch(jobs: readonly number[]): Promise<void> {
    const random = this.#random;
    const deeds: Deed[] = jobs.map((job) =>
      random.oneIn(3)
        ? { what: "finish", job, result: `result of ${job}` }
        : { what: random.oneIn(4) ? "release" : "delete", job, pri: random.below(4) },
    );
    const ended = deeds.filter(({ what }) => what !== "release").map(({ job }) => job);
    const { number, puts } = batchOf(this.#scene, random, random.between(1, 2), ended);
    const wrong: Deed[] = random.oneIn(8) ? [{ what: "delete", job: 0 }] : [];
    const carried = this.#client.batch(number, [...deeds, ...wrong], puts);
    if (random.oneIn(20)) this.#client.hangUp();
    await carried;
  }

  /** Holds what it has beyond a short time to run. */
  async #dawdle(): Promise<void> {
    const until = performance.now() + DAWDLE_MS;
    while (performance.now() < until && !this.#scene.isOver) await nextTurn();
  }

  /** At any moment, a command perhaps on its way. */
  async #hangUp(): Promise<void> {
    const [job] = this.#client.held.keys();
    const last = this.#random.oneIn(2) || job === undefined;
    const asked = last ? this.#take() : this.#client.settle(this.#deed(job));
    this.#client.hangUp();
    await asked;
  }
}
