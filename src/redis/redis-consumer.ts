/* RedisConsumer: jobs of some tubes in Redis, as they come.
 *
 * It takes as many as it may hold, and looks again when a tube is said to have a job, when the next
 * job is due, when one of its own has ended, and every few seconds whatever is said.
 *
 * Invariants: each job that comes goes to `take`, or back. It takes once at a time; where the
 * answer of a take was lost, the next one first gives back what that had taken. Made by
 * redis-backend.ts.
 */
import { clearTimeout, setTimeout } from "node:timers";
import { asError, ClosedError } from "../client/errors.ts";
import type { ConsumeOptions, Consumer } from "../worker/backend.ts";
import { RedisHeldJob } from "./redis-held-job.ts";
import { bytesOf, textOf } from "./redis-link.ts";
import type { RedisLink } from "./redis-link.ts";
import { CONSUMER_MILLIS } from "./redis-script.ts";

/** What is published may be missed, and a consumer of which nothing is heard counts as gone. */
const LOOK_MS = CONSUMER_MILLIS / 6;
/** Most jobs that one take brings. */
const TAKE_MAX = 1000;

/** A consumer. */
export class RedisConsumer implements Consumer {
  readonly closed: Promise<void>;
  readonly #link: RedisLink;
  readonly #tubes: readonly string[];
  readonly #options: ConsumeOptions;
  readonly #bytesMax: number;
  /** What it is called in Redis. */
  readonly #name = crypto.randomUUID();
  readonly #held = new Map<string, RedisHeldJob>();
  readonly #endings: (() => void)[] = [];
  #window: number;
  /** The newest hold that it has heard of, and whether it may have missed one. */
  #newest = 0;
  #isUnsure = false;
  #isOver = false;
  #looking: Promise<void> | undefined;
  /** It is to look once more: something has changed since it began to. */
  #isStale = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closing: Promise<void> | undefined;
  readonly #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };

  /** `left` is called when it is closed. */
  constructor(
    link: RedisLink,
    tubes: readonly string[],
    options: ConsumeOptions,
    bytesMax: number,
    left: () => void,
  ) {
    this.#link = link;
    this.#tubes = tubes;
    this.#options = options;
    this.#bytesMax = bytesMax;
    this.#window = windowOf(options.window);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.closed = promise.finally(left);
    this.closed.catch(() => undefined); // whoever wants to know looks
    this.#settle = { resolve, reject };
    void this.#begin();
  }

  async #begin(): Promise<void> {
    const ends = this.#endings;
    ends.push(this.#link.onRenewed(() => this.#look()));
    ends.push(this.#link.onTroubled((error) => this.#troubled(error)));
    try {
      ends.push(await this.#link.hear(`news:${this.#name}`, (text) => this.#news(textOf(text))));
      ends.push(await this.#link.hear("wake", (text) => this.#woken(textOf(text))));
    } catch (error) {
      this.#troubled(asError(error)); // it looks every few seconds all the same
    }
    if (this.#isOver) for (const end of ends) end();
    this.#look();
  }

  #woken(tube: string): void {
    if (this.#tubes.includes(tube)) this.#look();
  }

  #news(text: string): void {
    const [word, id = "", hold] = text.split(" ");
    const held = this.#held.get(id);
    if (held?.hold !== hold || held === undefined) return;
    if (word === "cancelled") held.cancelled();
    else held.lost();
  }

  window(jobs: number): void {
    this.#window = windowOf(jobs);
    this.#look();
  }

  get #free(): number {
    return this.#isOver ? 0 : Math.min(TAKE_MAX, this.#window - this.#held.size);
  }

  #look(): void {
    this.#isStale = true;
    if (this.#isOver || this.#looking !== undefined) return;
    clearTimeout(this.#timer);
    this.#looking = this.#lookAll();
  }

  async #lookAll(): Promise<void> {
    let millis = LOOK_MS;
    try {
      while (this.#isStale && !this.#isOver) {
        this.#isStale = false;
        millis = await this.#take(Math.max(0, this.#free));
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#looking = undefined;
    }
    if (this.#isOver) return;
    if (this.#isStale) this.#look();
    else this.#timer = setTimeout(() => this.#look(), Math.min(LOOK_MS, millis));
  }

  #failed(error: unknown): void {
    if (!(error instanceof ClosedError)) return this.#troubled(asError(error));
    this.#isOver = true;
    this.#settle.reject(error);
  }

  /** Takes so many jobs; returns after how long there may be more. */
  async #take(count: number): Promise<number> {
    const recovers = this.#isUnsure;
    const who = this.#name.slice(0, 8);
    const words = [this.#name, who, count, recovers ? 1 : 0, this.#newest, ...this.#tubes];
    this.#isUnsure = true;
    const [wait, jobs] = (await this.#link.run("take", words)) as [unknown, readonly unknown[][]];
    this.#isUnsure = false;
    for (const job of jobs) this.#give(job);
    if (jobs.length > 0 && this.#free > 0) this.#isStale = true;
    const millis = textOf(wait);
    return millis === "" ? LOOK_MS : Number(millis);
  }

  #give([id, tube, attempt, hold, body]: readonly unknown[]): void {
    const taken = {
      id: textOf(id),
      tube: textOf(tube),
      attempt: Number(textOf(attempt)),
      hold: textOf(hold),
      body: bytesOf(body),
    };
    this.#newest = Math.max(this.#newest, Number(taken.hold));
    const held = new RedisHeldJob(this.#link, this.#bytesMax, taken, () => this.#gone(held));
    this.#held.get(taken.id)?.lost(); // if it was held before, it was lost meanwhile
    this.#held.set(taken.id, held);
    if (this.#isOver || this.#held.size > this.#window) void this.#takeBack(held);
    else void this.#hand(held);
  }

  #gone(held: RedisHeldJob): void {
    if (this.#held.get(held.id) === held) this.#held.delete(held.id);
    this.#look();
  }

  /** Calls `take` at once. */
  async #hand(held: RedisHeldJob): Promise<void> {
    try {
      await this.#options.take(held);
    } catch (error) {
      this.#troubled(asError(error));
      await this.#takeBack(held);
    }
  }

  async #takeBack(held: RedisHeldJob): Promise<void> {
    if (!held.isHeld) return;
    try {
      await held.handBack();
    } catch (error) {
      this.#troubled(asError(error));
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#looking;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.stop();
      await Promise.all([...this.#held.values()].map((held) => this.#takeBack(held)));
      if (this.#isUnsure) await this.#take(0); // gives back what it never heard of
      await this.#link.run("left", [this.#name, ...this.#tubes], { isSafe: true });
    } catch (error) {
      this.#troubled(asError(error)); // it counts as gone after a while
    } finally {
      for (const end of this.#endings) end();
      this.#settle.resolve();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #troubled(error: Error): void {
    try {
      this.#options.troubled?.(error);
    } catch {
      // Whoever is told of trouble and throws has nobody left to be told.
    }
  }
}

function windowOf(jobs: number): number {
  return Math.max(0, Math.floor(jobs));
}
