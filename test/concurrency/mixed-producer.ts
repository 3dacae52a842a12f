/* A producer of a mixed crowd: puts jobs of all kinds, one by one, as pieces of work and in
 * batches, and has a hand in what others do with them: it cancels, moves, kicks and awaits.
 *
 * It hangs up now and then, with something on its way. The last of its connections stays open until
 * all that it awaits was told.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Random } from "../support/random.ts";
import type { Tags } from "./entries.ts";
import type { MixedClient, Wanted } from "./mixed-client.ts";
import { batchOf, wanted } from "./mixed-jobs.ts";
import { TUBES, type Scene } from "./mixed-scene.ts";

/** Jobs that may be under way at once. */
const BACKLOG_MAX = 800;
/** Concurrency keys, and how many jobs of each may be held. */
const LIMITS = [
  { key: "one", limit: 1 },
  { key: "two", limit: 2 },
  { key: "five", limit: 5 },
] as const;
/** Names of idempotency keys and of groups: so few that they are used again. */
const KEYS = 5;
const GROUPS = 40;
/** So many of the newest jobs does it think of. */
const RECENT_MAX = 30;

/** One producer, on one connection after the other. */
export class MixedProducer {
  readonly #scene: Scene;
  readonly #random: Random;
  readonly #recent: number[] = [];
  #client: MixedClient | undefined;

  constructor(scene: Scene, random: Random) {
    this.#scene = scene;
    this.#random = random;
  }

  async produce(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      while (this.#scene.alive.size >= BACKLOG_MAX) await this.#kick();
      const client = await this.#open();
      const dies = this.#random.oneIn(40);
      const putting = this.#putSomething(client);
      if (dies) client.hangUp();
      await putting;
      if (!client.isGone) await this.#meddle(client);
    }
  }

  close(): void {
    this.#client?.close();
  }

  async #open(): Promise<MixedClient> {
    if (this.#client === undefined || this.#client.isGone) this.#client = await this.#scene.open();
    return this.#client;
  }

  /** Where too much is buried, the workers have nothing to do. */
  async #kick(): Promise<void> {
    const client = await this.#open();
    await client.ask(`use ${this.#random.pick(TUBES)}`);
    await client.ask("kick 20");
    await nextTurn();
  }

  #putSomething(client: MixedClient): Promise<void> {
    const random = this.#random;
    const kind = random.weighted([
      [8, "plain"],
      [5, "con"],
      [3, "idp"],
      [2, "piece"],
      [2, "batch"],
    ] as const);
    if (kind === "plain") return this.#put(client, wanted(this.#scene, random, {}));
    if (kind === "con")
      return this.#put(client, wanted(this.#scene, random, { con: random.pick(LIMITS) }));
    if (kind === "idp") {
      const tags = { idp: `key-${random.below(KEYS)}` };
      return this.#put(client, wanted(this.#scene, random, tags));
    }
    return kind === "piece" ? this.#putPiece(client) : this.#putBatch(client);
  }

  async #put(client: MixedClient, job: Wanted): Promise<void> {
    const id = await client.put(job);
    if (id === undefined) return;
    this.#recent.push(id);
    if (this.#recent.length > RECENT_MAX) this.#recent.shift();
  }

  /** Parts, a job that waits for them, and one that waits for that. */
  async #putPiece(client: MixedClient): Promise<void> {
    const random = this.#random;
    const parts = `parts-${random.below(GROUPS)}`;
    const whole = `whole-${random.below(GROUPS)}`;
    for (const tags of [
      ...Array.from({ length: random.between(1, 3) }, (): Tags => ({ grp: parts })),
      { aft: parts, grp: whole, ...(random.oneIn(2) ? { con: random.pick(LIMITS) } : {}) },
      { aft: whole },
    ]) {
      if (!client.isGone) await this.#put(client, wanted(this.#scene, random, tags));
    }
  }

  async #putBatch(client: MixedClient): Promise<void> {
    const random = this.#random;
    const { number, puts } = batchOf(this.#scene, random, random.between(1, 5), []);
    const wrong = random.oneIn(5) ? [{ what: "delete", job: 0 } as const] : [];
    await client.batch(number, wrong, puts);
  }

  /** Does something to a job that somebody else may have. */
  async #meddle(client: MixedClient): Promise<void> {
    const random = this.#random;
    if (this.#recent.length === 0) return;
    const job = random.pick(this.#recent);
    const what = random.weighted([
      [20, "nothing"],
      [8, "await"],
      [2, "cancel"],
      [3, "move"],
      [4, "look"],
      [2, "look at a group"],
      [1, "kick"],
    ] as const);
    if (what === "await") await client.awaitEnd(job);
    else if (what === "cancel") await client.settle({ what, job });
    else if (what === "move") await client.settle({ what, job, tube: random.pick(TUBES) });
    else if (what === "look") await client.look(job);
    else if (what === "look at a group") await client.lookAtGroup(`parts-${random.below(GROUPS)}`);
    else if (what === "kick") await this.#kick();
  }
}
