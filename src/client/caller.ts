/* Caller: what a client's methods are run with: a call for each, its deadline and its signal, the
 * jobs that are held, those that are awaited, and the stream of jobs.
 *
 * Invariants: whoever called hears exactly once, whatever happens to the connection. A job that
 * comes when nobody waits for it any more is given back. Made by client.ts, which has the methods.
 */
import { WINDOW_MAX } from "../protocol/commands.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import { Awaits } from "./awaits.ts";
import type { Done } from "./awaits.ts";
import { ClientCall } from "./client-call.ts";
import type { AnyCall } from "./client-call.ts";
import { MANY_MAX, whole } from "./command.ts";
import type { Command } from "./command.ts";
import { handBack } from "./commands/ends.ts";
import { describeOne, tubeUsed } from "./commands/looks.ts";
import { reserveMany } from "./commands/many.ts";
import { awaiting, reserve, reserveBatch, reserveWithTimeout } from "./commands/reserves.ts";
import { window } from "./commands/tubes.ts";
import type { ClientConnection } from "./connection.ts";
import { ConnectionState } from "./connection-state.ts";
import { asError, BadCommandError, ClosedError, NotHeldError } from "./errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Holdings } from "./job.ts";
import type { CallOptions, Job, JobOwner } from "./job.ts";
import { ReserveStream, WindowStream } from "./job-stream.ts";
import type { JobStream, StreamSource } from "./job-stream.ts";
import { Link } from "./link.ts";
import type { Places } from "./endpoint.ts";
import type { LinkLimits, Surroundings } from "./link.ts";
import { Receiving } from "./receiving.ts";
import { RefusedError } from "./refused-error.ts";

/** What a client is told about itself. */
export interface CallerLimits extends LinkLimits {
  /** How long a call may take that says nothing else. */
  readonly timeoutMs: number;
  /** A server that is only waited for is asked so often whether it is there. */
  readonly heartbeatMs: number;
  /** What is shown first on each connection; undefined if nothing is. */
  readonly token?: string | undefined;
  /** Told what went wrong where nobody waits for it. */
  readonly onError: (error: Error) => void;
}

/** A stream of either kind. */
type Stream = JobStream & { end(): unknown };

const NO_OPTIONS: CallOptions = {};
/** Jobs that a look in this process asks for first, and how many times more the next one does. */
const FIRST_PIECE = 32;
const PIECE_GROWTH = 8;
const SECOND_MS = 1000;
/** How long jobs that are held are let be before it is looked for more, without a window. */
const LOOK_MS = 100;
/** The longest that a clock can wait. */
const TIMEOUT_MS_MAX = 2_147_483_647;

/** What runs one client's calls. */
export class Caller implements StreamSource {
  readonly state = new ConnectionState();
  readonly holdings = new Holdings();
  readonly receiving: Receiving;
  readonly link: Link;
  readonly #awaits: Awaits;
  readonly #heartbeat: Heartbeat;
  readonly #around: Surroundings;
  readonly #limits: CallerLimits;
  readonly #fewer = new Set<() => void>();
  #stream: Stream | undefined;
  /** Jobs that are on their way back; some may be held no more by now. */
  readonly #givingBack = new Set<Job>();
  #closing: Promise<void> | undefined;

  constructor(places: Places, around: Surroundings, limits: CallerLimits, owner: JobOwner) {
    this.#around = around;
    this.#limits = limits;
    const { clock } = around;
    this.state.token = limits.token;
    this.#heartbeat = new Heartbeat(clock, limits.heartbeatMs, () => this.#beat());
    this.#awaits = new Awaits({
      clock,
      ask: (id) => this.run(() => awaiting(id)),
      stay: (isWaiting) => this.stay(isWaiting),
    });
    this.receiving = new Receiving({
      owner,
      holdings: this.holdings,
      awaits: this.#awaits,
      giveBack: (job) => this.#giveBack(job),
      troubled: (error) => this.troubled(error),
    });
    this.link = new Link({
      places,
      state: this.state,
      around,
      limits,
      pushed: (push: Reply) => this.receiving.pushed(push),
      lost: (cause) => this.holdings.lostAll(cause),
      greeted: () => this.#awaits.again(),
      holdsJobs: () => this.holdings.hasOther(this.#givingBack),
      troubled: (error) => this.troubled(error),
      refused: (error) => this.#refused(error),
    });
  }

  /** The server does not know this client's token: nothing that it asks is answered any more. */
  #refused(error: Error): void {
    this.#awaits.stop(error);
    this.receiving.stop(error);
    void this.#stream?.end();
    this.troubled(error);
  }

  /** A job is not held any more. */
  readonly gone = (id: number): void => {
    this.holdings.gone(id);
    for (const tell of this.#fewer) tell();
  };

  /** The server says that it is not held. */
  readonly lost = (id: number): void => this.holdings.lost(id);

  /** Runs a command. `make` may throw, then nothing is sent. */
  run<Result>(
    make: () => Command<Result>,
    options: CallOptions = NO_OPTIONS,
    timeoutMs: number = this.#limits.timeoutMs,
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.link.run(this.#call(make(), options, timeoutMs, resolve, reject));
    });
  }

  #call<Result>(
    command: Command<Result>,
    options: CallOptions,
    timeoutMs: number,
    resolve: (result: Result) => void,
    reject: (reason: unknown) => void,
  ): AnyCall {
    const limits = {
      signal: options.signal,
      timeoutMs: checkedTimeout(options, timeoutMs),
      heldJob: command.jobs?.find(this.holdings.has),
    };
    return new ClientCall(command, this.link, limits, resolve, reject) as AnyCall;
  }

  /** Resolves when there is a connection. */
  connected(options: CallOptions): Promise<void> {
    return this.run(() => ({ head: "", read: () => undefined }), options);
  }

  /** Whether calls may go past this one, as no call may that waits or is told something later. */
  get free(): ClientConnection | undefined {
    return this.#closing === undefined ? this.link.free : undefined;
  }

  /** A call of a command that was sent already; it tells what comes of it as `run` does. */
  sent<Result>(
    command: Command<Result>,
    resolve: (result: Result) => void,
    reject: (reason: unknown) => void,
  ): AnyCall {
    const call = this.#call(command, NO_OPTIONS, this.#limits.timeoutMs, resolve, reject);
    this.link.adopt(call);
    return call;
  }

  /** The same of a reserve that was sent and waits. */
  sentReserve(resolve: (job: Job | undefined) => void, reject: (reason: unknown) => void): AnyCall {
    const calls: AnyCall[] = [];
    const start = (call: AnyCall): void => {
      calls.push(call);
      this.link.adopt(call);
    };
    this.reserveFor(undefined, NO_OPTIONS, start).then(resolve, reject);
    const [call] = calls;
    if (call === undefined) throw new BadCommandError("reserve: it was not begun");
    return call;
  }

  /**
   * Waits for a job, for so many seconds or as long as it takes. `start` takes the call; if absent,
   * it is run.
   */
  reserveFor(
    seconds: number | undefined,
    options: CallOptions,
    start: (call: AnyCall) => void = (call) => this.link.run(call),
  ): Promise<Job | undefined> {
    const { watchVersion } = this.state;
    const leave = (job: Job): void => this.receiving.pass(job, watchVersion);
    const most = seconds === undefined ? Infinity : seconds * SECOND_MS + this.#limits.timeoutMs;
    return new Promise((resolve, reject) => {
      const command =
        seconds === undefined
          ? reserve(this.receiving, leave)
          : reserveWithTimeout(seconds, this.receiving, leave);
      const settled =
        <Value>(settle: (value: Value) => void) =>
        (value: Value): void => {
          this.receiving.waitsNoMore(call as ClientCall<Job | undefined>);
          settle(value);
        };
      const call = this.#call(command, options, most, settled(resolve), settled(reject));
      this.receiving.waits(call as ClientCall<Job | undefined>, watchVersion);
      start(call);
    });
  }

  /**
   * Jobs, without waiting: with one command, where the server knows that, and else with one for
   * each. In this process, where an answer comes at once, a few are asked for first, and more as
   * long as there are some.
   */
  async reserveMany(count: number, options: CallOptions): Promise<readonly Job[]> {
    const { receiving } = this;
    const most = whole("count", count, 1, MANY_MAX);
    if (!this.link.isConnected) await this.connected(options); // the next server may know less
    const { isNear, support } = this.link;
    if (!isNear) {
      const hasBatch = support?.has("reserve-batch") === true;
      const make = hasBatch ? reserveBatch : reserveMany;
      return this.run(() => make(most, receiving), options);
    }
    const jobs: Job[] = [];
    let piece = FIRST_PIECE;
    while (jobs.length < most) {
      const asked = Math.min(piece, most - jobs.length);
      try {
        const some = await this.run(() => reserveMany(asked, receiving), options);
        jobs.push(...some);
        if (some.length < asked) break;
      } catch (error) {
        if (jobs.length === 0) throw error;
        break;
      }
      piece *= PIECE_GROWTH;
    }
    return jobs;
  }

  /** Waits until a job has ended. */
  done(id: number, options: CallOptions): Promise<Done> {
    return this.#awaits.wait(id, options);
  }

  /** A stream of jobs, of at most so many at a time. */
  jobs(size: number, signal: AbortSignal | undefined): JobStream {
    if (this.#closing !== undefined) throw new ClosedError("the client is closed");
    if (this.#stream !== undefined) {
      throw new BadCommandError("there is a stream of jobs already; a client has one at a time");
    }
    const left = (): void => {
      signal?.removeEventListener("abort", end);
      this.receiving.stream = undefined;
      this.#stream = undefined;
    };
    const stream = this.#newStream(whole("window", size, 1, WINDOW_MAX), left);
    const end = (): void => void stream.end();
    this.#stream = stream;
    if (signal?.aborted === true) end();
    else signal?.addEventListener("abort", end, { once: true });
    return stream;
  }

  #newStream(size: number, left: () => void): Stream {
    if (this.link.support?.has("window") !== true) return new ReserveStream(this, size, left);
    const stream = new WindowStream(this, size, left);
    this.receiving.stream = stream;
    return stream;
  }

  /**
   * Ends it: what is under way is waited for, but not who waits for a job or for the end of one.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = new ClosedError("the client is closed");
    try {
      const ended = this.#stream?.end();
      this.#awaits.stop(closed);
      this.receiving.stop(closed);
      if (!this.link.isConnected) return;
      await ended;
      await this.link.idle(this.#limits.timeoutMs);
    } finally {
      this.link.close(closed);
    }
  }

  /* As StreamSource. */

  window(size: number): Promise<void> {
    return this.run(() => window(size, this.state));
  }

  windowIsOver(): void {
    this.state.window = 0;
  }

  reserve(seconds: number | undefined, signal: AbortSignal): Promise<Job | undefined> {
    return this.reserveFor(seconds, { signal });
  }

  get held(): number {
    return this.holdings.size;
  }

  fewer(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        this.#fewer.delete(over);
        signal.removeEventListener("abort", over);
        cancel();
        this.stay(false);
        resolve();
      };
      const cancel = this.#around.clock.after(LOOK_MS, over);
      this.stay(true);
      this.#fewer.add(over);
      signal.addEventListener("abort", over, { once: true });
    });
  }

  leave(job: Job): void {
    this.#giveBack(job);
  }

  stay(isWaiting: boolean): void {
    this.link.stay(isWaiting);
    this.#heartbeat.stay(isWaiting);
  }

  #beat(): void {
    if (!this.link.isConnected) return;
    this.run(tubeUsed).catch((error: unknown) => this.troubled(error));
  }

  troubled(error: unknown): void {
    if (error instanceof ClosedError) return; // which was asked for
    try {
      this.#limits.onError(asError(error));
    } catch {
      // Whoever is told of trouble and throws has nobody left to be told.
    }
  }

  /** As if it had not been taken, where the server knows how. */
  #giveBack(job: Job): void {
    void this.#givenBack(job);
  }

  async #givenBack(job: Job): Promise<void> {
    this.#givingBack.add(job);
    try {
      if (this.link.support?.has("hand-back") === true) await this.#handBack(job.id);
      else await this.#release(job);
    } catch (error) {
      // A job that was lost meanwhile is back already.
      const isBack =
        error instanceof NotHeldError ||
        (error instanceof RefusedError && error.code === "HM_NOT_FOUND");
      if (!isBack) this.troubled(error);
    } finally {
      this.#givingBack.delete(job);
    }
  }

  async #handBack(id: number): Promise<void> {
    await this.run(() => handBack(id, 0, this.gone));
  }

  /** With the priority that it has. */
  async #release(job: Job): Promise<void> {
    const facts = await this.run(() => describeOne("stats-job", job.id));
    const pri = facts?.["pri"];
    if (typeof pri === "number") await job.release({ pri });
  }
}

function checkedTimeout({ timeoutMs }: CallOptions, byDefault: number): number {
  const millis = timeoutMs ?? byDefault;
  if (millis === Infinity || (millis >= 0 && millis <= TIMEOUT_MS_MAX)) return millis;
  throw new BadCommandError(`timeoutMs: ${String(millis)} is no time, nor Infinity`);
}
