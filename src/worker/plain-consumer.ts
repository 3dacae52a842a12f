/* PlainConsumer: jobs of some tubes of a plain beanstalkd; Lane: a connection that holds one.
 *
 * A waiting `reserve` holds back every command behind it, and only the connection that holds a job
 * may end it. So each job has a connection of its own, and at most one lane waits at a time: there
 * are as many connections as jobs were held at once, and one more.
 *
 * Invariants: each job that comes goes to `take`, or back. A lane waits only while fewer jobs are
 * held than the window says. Made by plain-backend.ts.
 */
import type { Client } from "../client/client.ts";
import type { Facts } from "../client/document.ts";
import { asError, ClosedError } from "../client/errors.ts";
import type { Job } from "../client/job.ts";
import { pause } from "../client/pause.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import { DEFAULT_TUBE } from "../protocol/tube-name.ts";
import type { ConsumeOptions, Consumer, PutOutcome, RawJob } from "./backend.ts";
import type { ConnectConsumer } from "./client-consumer.ts";
import { PlainHeldJob } from "./plain-held-job.ts";

/** Most jobs that one consumer holds, however large its window is. */
export const LANES_MAX = 100;
const RETRY_MILLIS = 500;

/** What consumers need of their back end. */
export interface PlainSurroundings {
  readonly connect: ConnectConsumer;
  put(jobs: readonly RawJob[]): Promise<readonly PutOutcome[]>;
  /** Called when it is closed. */
  left(): void;
}

interface Lane {
  readonly client: Client;
  held: PlainHeldJob | undefined;
}

/** A consumer. */
export class PlainConsumer implements Consumer {
  readonly closed: Promise<void>;
  readonly #tubes: readonly string[];
  readonly #options: ConsumeOptions;
  readonly #around: PlainSurroundings;
  readonly #lanes: Lane[] = [];
  /** Ends the wait of the lane that waits. */
  #wait: AbortController | undefined;
  #waiting: Promise<void> = Promise.resolve();
  #window: number;
  #isOver = false;
  #closing: Promise<void> | undefined;
  readonly #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };

  constructor(tubes: readonly string[], options: ConsumeOptions, around: PlainSurroundings) {
    this.#tubes = tubes;
    this.#options = options;
    this.#around = around;
    this.#window = windowOf(options.window);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.closed = promise.finally(() => around.left());
    this.closed.catch(() => undefined); // whoever wants to know looks
    this.#settle = { resolve, reject };
    this.#wish();
  }

  get #heldCount(): number {
    return this.#lanes.filter(({ held }) => held !== undefined).length;
  }

  window(jobs: number): void {
    this.#window = windowOf(jobs);
    this.#wish();
  }

  /** Has a lane wait if one more job is wanted, and none if not. */
  #wish(): void {
    const isWanted = !this.#isOver && this.#heldCount < this.#window;
    if (!isWanted) this.#wait?.abort();
    else if (this.#wait === undefined) this.#waiting = this.#begin();
  }

  async #begin(): Promise<void> {
    const wait = new AbortController();
    this.#wait = wait;
    try {
      const lane = await this.#idleLane(wait.signal);
      const held = await this.#next(lane, wait.signal);
      if (held !== undefined) this.#give(lane, held);
    } catch (error) {
      await this.#failed(error, wait.signal);
    } finally {
      this.#wait = undefined;
      this.#wish();
    }
  }

  /** A server that is away for long is still waited for. */
  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (error instanceof ClosedError) return this.#fail(error);
    this.#troubled(asError(error));
    await pause(SYSTEM_CLOCK, RETRY_MILLIS, signal);
  }

  async #idleLane(signal: AbortSignal): Promise<Lane> {
    const idle = this.#lanes.find(({ held }) => held === undefined);
    if (idle !== undefined) return idle;
    const client = await this.#around.connect((error) => this.#troubled(error), signal);
    try {
      await Promise.all(this.#tubes.map((tube) => client.watch(tube)));
      if (!this.#tubes.includes(DEFAULT_TUBE)) await client.ignore(DEFAULT_TUBE);
    } catch (error) {
      await client.close(); // it may watch tubes that nobody asked for
      throw error;
    }
    const lane: Lane = { client, held: undefined };
    this.#lanes.push(lane);
    return lane;
  }

  /** Undefined if none is wanted any more, or it was lost as soon as it came. */
  async #next({ client }: Lane, signal: AbortSignal): Promise<PlainHeldJob | undefined> {
    signal.throwIfAborted();
    const job = await client.reserve({ signal });
    const facts = await this.#factsOf(client, job);
    if (facts === undefined || !job.isHeld) return undefined;
    return new PlainHeldJob(job, facts, (jobs) => this.#around.put(jobs));
  }

  async #factsOf(client: Client, job: Job): Promise<Facts | undefined> {
    try {
      return await client.statsJob(job.id);
    } catch (error) {
      this.#troubled(asError(error)); // its lease ends, or its connection
      return undefined;
    }
  }

  #give(lane: Lane, held: PlainHeldJob): void {
    lane.held = held;
    held.onGone(() => {
      lane.held = undefined;
      this.#wish();
    });
    if (this.#isOver || this.#heldCount > this.#window) void this.#takeBack(held);
    else void this.#hand(held);
  }

  /** Calls `take` at once. */
  async #hand(held: PlainHeldJob): Promise<void> {
    try {
      await this.#options.take(held);
    } catch (error) {
      this.#troubled(asError(error));
      await this.#takeBack(held);
    }
  }

  async #takeBack(held: PlainHeldJob | undefined): Promise<void> {
    if (held?.isHeld !== true) return;
    try {
      await held.handBack();
    } catch (error) {
      this.#troubled(asError(error));
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#wish();
    await this.#waiting;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.stop();
      await Promise.all(this.#lanes.map((lane) => this.#takeBack(lane.held)));
      await this.#hangUp();
    } finally {
      this.#settle.resolve();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** It cannot go on; `closed` says why. */
  #fail(error: unknown): void {
    this.#isOver = true;
    this.#settle.reject(error);
    void this.#hangUp();
  }

  async #hangUp(): Promise<void> {
    try {
      await Promise.all(this.#lanes.map(({ client }) => client.close()));
    } catch (error) {
      this.#troubled(asError(error));
    }
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
  return Math.max(0, Math.min(LANES_MAX, Math.floor(jobs)));
}
