/* Room: a thread or a process that runs handlers, one job after the other, as a worker sees it.
 *
 *   starting -> idle <-> running -> closing -> gone        each -> gone, however it ends
 *
 * Invariants: a job that it runs has an outcome, whatever becomes of it. It is used only when it
 * has said that it is ready. A room that is disposed of is gone then. Made by isolated.ts for each
 * slot, of which it is the state.
 */
import { asError } from "../client/errors.ts";
import type { Clock } from "../clock.ts";
import type { Arrival } from "./arrival.ts";
import type { Capabilities } from "./backend.ts";
import { receivedOutcome } from "./child-messages.ts";
import type { FromChild, ToChild } from "./child-messages.ts";
import type { Child, ChildEnd, Isolation, StartChild } from "./isolation.ts";
import type { AnyJob, JobContext } from "./job-definition.ts";
import type { Logger } from "./logger.ts";
import type { HandlerOutcome } from "./outcome.ts";
import { rebuiltError, serializeError } from "./serialized-error.ts";
import { HandlerDied, HandlerKilled } from "./thrown.ts";
import type { JobAbort } from "./thrown.ts";

/** What a room is made of. */
export interface RoomParts {
  readonly start: StartChild;
  readonly isolation: Isolation;
  /** The names of the jobs that it handles. */
  readonly jobs: readonly string[];
  readonly can: Capabilities;
  readonly clock: Clock;
  /** How long it may take to end when it is told to. */
  readonly abortMillis: number;
  readonly logger: Logger;
  /** It is gone, though nobody wanted that, and ran no job. */
  readonly died: (room: Room, error: Error) => void;
}

/** A job as far as a room needs to know it. */
interface RoomJob extends Pick<Arrival<never>, "event" | "held"> {
  readonly handler: { readonly job: AnyJob };
}

/** A job that it runs. */
interface Running {
  readonly run: number;
  readonly arrival: RoomJob;
  readonly context: JobContext<unknown>;
  readonly settle: (outcome: HandlerOutcome) => void;
}

/** One thread or process. */
export class Room implements AsyncDisposable {
  readonly #parts: RoomParts;
  readonly #child: Child;
  readonly #ready = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();
  #standing: "starting" | "ready" | "closing" | "gone" = "starting";
  #running: Running | undefined;
  #runs = 0;
  /** What nobody caught there. */
  #uncaught: Error | undefined;
  #killed: JobAbort | undefined;

  /**
   * Starts one, and waits until it is ready. Rejects with what its module or its `init` threw, with
   * a HandlerDied, or with the signal's reason.
   */
  static async open(parts: RoomParts, signal: AbortSignal): Promise<Room> {
    signal.throwIfAborted();
    const room = new Room(parts);
    const giveUp = (): void => room.#ready.reject(asError(signal.reason));
    signal.addEventListener("abort", giveUp);
    try {
      await room.#ready.promise;
      return room;
    } catch (error) {
      await room.#child.end();
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  private constructor(parts: RoomParts) {
    this.#parts = parts;
    this.#ready.promise.catch(() => undefined); // `open` waits for it
    const { start, isolation, jobs, can } = parts;
    this.#child = start(isolation, {
      heard: (message) => this.#heard(message),
      gone: (end) => this.#gone(end),
    });
    this.#post({ kind: "start", module: isolation.module.href, jobs, can });
  }

  /** Whether it can run nothing any more. */
  get isGone(): boolean {
    return this.#standing === "gone" || this.#killed !== undefined;
  }

  /** Runs a job. Never rejects. */
  run(arrival: RoomJob, context: JobContext<unknown>): Promise<HandlerOutcome> {
    if (this.isGone) return Promise.resolve({ end: "thrown", error: this.#death("it was gone") });
    const { promise, resolve } = Promise.withResolvers<HandlerOutcome>();
    const run = ++this.#runs;
    this.#running = { run, arrival, context, settle: resolve };
    const { held, event, handler } = arrival;
    const job = handler.job.name;
    // A copy: the body may lie in much that is no one's business.
    this.#post({ kind: "run", run, job, event, body: held.body.slice() });
    return promise;
  }

  /** Has the handler told to stop. */
  abort({ why }: JobAbort): void {
    const run = this.#running?.run;
    if (run !== undefined) this.#post({ kind: "abort", run, why });
  }

  /** Ends it with what it runs. Returns whether there was something to end. */
  kill(why: JobAbort): boolean {
    if (this.#running === undefined || this.isGone) return false;
    this.#killed = why;
    void this.#child.end();
    return true;
  }

  /** It is told to end, and ended if it does not. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#standing === "gone") return;
    this.#standing = "closing";
    const { clock, abortMillis } = this.#parts;
    const isIdle = this.#running === undefined && this.#killed === undefined;
    if (isIdle) this.#post({ kind: "close" });
    else void this.#child.end();
    const cancel = clock.after(abortMillis, () => void this.#child.end());
    await this.#over.promise;
    cancel();
  }

  #post(message: ToChild): void {
    this.#child.post(message);
  }

  #heard(message: FromChild): void {
    if (message.kind === "ready") this.#begin();
    else if (message.kind === "failed") this.#ready.reject(rebuiltError(message.error));
    else if (message.kind === "uncaught") this.#uncaught = rebuiltError(message.error);
    else if (message.kind === "log") {
      const log = this.#running?.context.log ?? this.#parts.logger;
      log[message.level](message.fields as object, message.message);
    } else this.#heardOfRun(message);
  }

  #begin(): void {
    if (this.#standing === "starting") this.#standing = "ready";
    this.#ready.resolve();
  }

  #heardOfRun(message: Extract<FromChild, { readonly run: number }>): void {
    const running = this.#running;
    if (running?.run !== message.run) return; // it is late
    if (message.kind === "note") running.context.progress(message.value);
    else if (message.kind === "touch") void this.#touch(running);
    else {
      this.#running = undefined;
      const { handler } = running.arrival;
      const outcome = receivedOutcome(message.outcome, (result) =>
        handler.job.decodeResult(result),
      );
      void outcome.then(running.settle);
    }
  }

  async #touch({ run, context }: Running): Promise<void> {
    try {
      await context.touch();
      this.#post({ kind: "touched", run });
    } catch (error) {
      this.#post({ kind: "touched", run, error: serializeError(error) });
    }
  }

  #gone({ how, error }: ChildEnd): void {
    const isExpected = this.#standing === "closing" || this.#killed !== undefined;
    const wasReady = this.#standing === "ready";
    this.#standing = "gone";
    const death = this.#death(how, error);
    this.#ready.reject(death);
    this.#over.resolve();
    const running = this.#running;
    this.#running = undefined;
    if (running !== undefined) running.settle({ end: "thrown", error: death });
    else if (wasReady && !isExpected) this.#parts.died(this, death);
  }

  #death(how: string, error?: unknown): Error {
    const { isolate } = this.#parts.isolation;
    if (this.#killed !== undefined) return new HandlerKilled(isolate, this.#killed);
    const cause = this.#uncaught ?? error;
    return new HandlerDied(isolate, how, cause === undefined ? {} : { cause });
  }
}
