/* ClientConsumer: jobs of some tubes as a client's window brings them; ClientHeldJob: one of them.
 *
 *   connecting -> watching -> open -> stopped -> closed
 *        ^           |
 *        +-----------+ the server is away
 *
 * Invariants: each job that comes goes to `take`, or back. When it closes, what is still held goes
 * back without an attempt being counted. Made by client-backend.ts.
 */
import type { Client } from "../client/client.ts";
import type { ServerPlace } from "../client/server-place.ts";
import type { Job } from "../client/job.ts";
import type { JobStream } from "../client/job-stream.ts";
import { asError, LostError, NotSentError } from "../client/errors.ts";
import { TimeoutError, UnreachableError } from "../client/errors.ts";
import { pause } from "../client/pause.ts";
import { BatchRefusedError, RefusedError } from "../client/refused-error.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import { asClientWord } from "../protocol/client-name.ts";
import { WINDOW_MAX } from "../protocol/commands.ts";
import { DEFAULT_TUBE } from "../protocol/tube-name.ts";
import { RESULT_KEPT_MILLIS } from "./backend.ts";
import type { Completion, ConsumeOptions, Consumer, HeldJob, RawJob } from "./backend.ts";
import { delaySeconds, putOptions } from "./client-put.ts";
import { numberOf } from "./client-looks.ts";
import { PRIORITIES } from "./priority.ts";

const SECOND = 1000;
const RETRY_MILLIS = 500;
const NOTHING = new Uint8Array(0);

/** Makes a client; `signal` ends the attempt. `troubled` is told what no call rejects with. */
export type ConnectConsumer = (
  troubled: (error: Error) => void,
  signal: AbortSignal,
) => Promise<Client>;

/** A consumer with a client of its own. */
export class ClientConsumer implements Consumer {
  readonly closed: Promise<void>;
  readonly #options: ConsumeOptions;
  readonly #place: ServerPlace | undefined;
  /** Jobs that are held, and some that were lost meanwhile. */
  readonly #held = new Set<ClientHeldJob>();
  readonly #opening: Promise<Client>;
  #client: Client | undefined;
  #stream: JobStream | undefined;
  /** What the window is to be, and what it was set to last. */
  #window: number;
  #windowSet = 0;
  #isSetting = false;
  #isFailed = false;
  #isAsking = false;
  readonly #stopped = new AbortController();
  #stopping: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #settle: { readonly resolve: () => void; readonly reject: (error: unknown) => void };

  /**
   * `left` is called when it is closed.
   *
   * @param place where others find the server; absent if it is in this process
   */
  constructor(
    connect: ConnectConsumer,
    tubes: readonly string[],
    options: ConsumeOptions,
    left: () => void,
    place?: ServerPlace,
  ) {
    this.#options = options;
    this.#place = place;
    this.#window = windowOf(options.window);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.closed = promise.finally(left);
    this.closed.catch(() => undefined); // whoever wants to know looks
    this.#settle = { resolve, reject };
    this.#opening = this.#open(connect, tubes);
    this.#opening.catch((error: unknown) => {
      if (!this.#stopped.signal.aborted) this.fail(error);
    });
  }

  /** A server that is away for long is still waited for. */
  async #open(connect: ConnectConsumer, tubes: readonly string[]): Promise<Client> {
    const { signal } = this.#stopped;
    for (;;) {
      try {
        const client = await this.#watching(connect, tubes);
        void this.#tellName(client);
        this.#begin(client);
        void this.#tellSession(client);
        return client;
      } catch (error) {
        if (signal.aborted || !isAway(error)) throw error;
        this.#tell(error);
      }
      await pause(SYSTEM_CLOCK, RETRY_MILLIS, signal);
    }
  }

  async #watching(connect: ConnectConsumer, tubes: readonly string[]): Promise<Client> {
    const client = await connect((error) => this.#troubled(error), this.#stopped.signal);
    this.#client = client;
    try {
      await Promise.all(tubes.map((tube) => client.watch(tube)));
      if (!tubes.includes(DEFAULT_TUBE)) await client.ignore(DEFAULT_TUBE);
      return client;
    } catch (error) {
      this.#client = undefined;
      await client.close(); // it may watch tubes that nobody asked for
      throw error;
    }
  }

  /** Says who takes the jobs; the client says it again on each new connection. */
  async #tellName(client: Client): Promise<void> {
    const { called } = this.#options;
    if (called === undefined || !client.can("client-name")) return;
    const { name, place } = called;
    const { host, pid } = place ?? {};
    const where = host === undefined ? {} : { host: asClientWord(host), pid };
    const { signal } = this.#stopped;
    try {
      await client.clientName(asClientWord(name), { ...where, timeoutMs: Infinity, signal });
    } catch (error) {
      if (!signal.aborted) this.#tell(asError(error));
    }
  }

  /** Says by what others can keep what it holds: once for each connection. */
  async #tellSession(client: Client): Promise<void> {
    const { session } = this.#options;
    if (session === undefined || this.#isAsking) return;
    this.#isAsking = true;
    try {
      const token = await client.session({ timeoutMs: Infinity, signal: this.#stopped.signal });
      session({ place: this.#place, token });
    } catch (error) {
      if (!this.#stopped.signal.aborted) this.#tell(asError(error));
    } finally {
      this.#isAsking = false;
    }
  }

  /** Has jobs sent, unless none is wanted yet. */
  #begin(client: Client): void {
    if (this.#window === 0 || this.#stopping !== undefined || this.#isFailed) return;
    this.#windowSet = this.#window;
    this.#stream = client.jobs({ window: this.#window });
    void this.#take(this.#stream);
  }

  async #take(stream: JobStream): Promise<void> {
    try {
      for await (const job of stream) this.#give(job);
      if (this.#stopping === undefined) throw new Error("no more jobs can come");
    } catch (error) {
      if (givesNone(error)) await this.#beginAgain(error);
      else this.fail(error);
    }
  }

  /** A server that can keep nothing gives no jobs either, until its disk has room. */
  async #beginAgain(error: Error): Promise<void> {
    this.#stream = undefined;
    this.#tell(error);
    await pause(SYSTEM_CLOCK, RETRY_MILLIS, this.#stopped.signal);
    const client = this.#client;
    if (client !== undefined && this.#stream === undefined) this.#begin(client);
  }

  #give(job: Job): void {
    const client = this.#client;
    if (client === undefined) return;
    if (this.#held.size > this.#window) this.#forgetLost();
    const held = new ClientHeldJob(client, job, () => void this.#held.delete(held));
    this.#held.add(held);
    this.#hand(held);
  }

  /** A job that is lost leaves without a word. */
  #forgetLost(): void {
    for (const held of this.#held) if (!held.isHeld) this.#held.delete(held);
  }

  /** Calls `take` at once. */
  #hand(held: ClientHeldJob): void {
    const failed = (error: unknown): void => void this.#takeBack(held, error);
    try {
      this.#options.take(held)?.catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  async #takeBack(held: ClientHeldJob, why: unknown): Promise<void> {
    this.#troubled(asError(why));
    if (!held.isHeld) return;
    try {
      await held.handBack();
    } catch (error) {
      this.#troubled(asError(error));
    }
  }

  window(jobs: number): void {
    const size = windowOf(jobs);
    const isSet = size === this.#window && size === this.#windowSet;
    if (isSet || this.#stopping !== undefined) return;
    this.#window = size;
    void this.#setWindow();
  }

  /**
   * Tells the server, one size after the other, for as long as that takes: a new connection is set
   * to what the server agreed to last, so that a size which is given up would never hold.
   */
  async #setWindow(): Promise<void> {
    if (this.#isSetting) return;
    this.#isSetting = true;
    const { signal } = this.#stopped;
    try {
      const client = await this.#opening;
      if (this.#stream === undefined) this.#begin(client);
      while (this.#stream !== undefined && this.#windowSet !== this.#window && !signal.aborted) {
        const size = this.#window;
        await client.window(size, { timeoutMs: Infinity, signal });
        this.#windowSet = size;
      }
    } catch (error) {
      if (!signal.aborted) this.#troubled(asError(error));
    } finally {
      this.#isSetting = false;
    }
  }

  stop(): Promise<void> {
    this.#stopped.abort();
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    try {
      await this.#opening;
    } catch {
      return; // no job ever came; `closed` says why
    }
    await this.#stream?.return();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.stop();
      const held = [...this.#held].filter(({ isHeld }) => isHeld);
      await Promise.allSettled(held.map((job) => job.handBack()));
      await this.#client?.close();
    } finally {
      this.#settle.resolve();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** It cannot go on; `closed` says why. */
  fail(error: unknown): void {
    this.#isFailed = true;
    this.#settle.reject(error);
    this.#stopped.abort(); // nor is a server waited for any more
    void this.#hangUp();
  }

  async #hangUp(): Promise<void> {
    try {
      await Promise.allSettled([this.#opening]); // it may make the client yet
      await this.#client?.close();
    } catch (error) {
      this.#troubled(asError(error));
    }
  }

  #troubled(error: Error): void {
    if (this.#client !== undefined) void this.#tellSession(this.#client); // it has another one then
    this.#tell(error);
  }

  #tell(error: Error): void {
    try {
      this.#options.troubled?.(error);
    } catch {
      // Whoever is told of trouble and throws has nobody left to be told.
    }
  }
}

/** Whether the server may be there later. */
function isAway(error: unknown): error is Error {
  const kinds = [UnreachableError, NotSentError, LostError, TimeoutError];
  return kinds.some((kind) => error instanceof kind);
}

/** Whether the server is there, and may give jobs later. */
function givesNone(error: unknown): error is Error {
  if (error instanceof TimeoutError) return true;
  return error instanceof RefusedError && error.code === "HM_OUT_OF_MEMORY";
}

/** One job that a consumer holds. */
class ClientHeldJob implements HeldJob {
  readonly id: string;
  readonly tube: string;
  readonly attempt: number;
  readonly body: Uint8Array;
  readonly #client: Client;
  readonly #job: Job;
  readonly #left: () => void;

  /** `left` is called when one of its ends was asked for and it is held no more. */
  constructor(client: Client, job: Job, left: () => void) {
    const { id, tube = DEFAULT_TUBE, attempt = 1, body } = job;
    this.id = String(id);
    this.tube = tube;
    this.attempt = attempt;
    this.body = body;
    this.#client = client;
    this.#job = job;
    this.#left = left;
  }

  get signal(): AbortSignal {
    return this.#job.signal;
  }

  onDoomed(told: (reason: unknown) => void): void {
    this.#job.onDoomed(told);
  }

  get isHeld(): boolean {
    return this.#job.isHeld;
  }

  complete(completion: Completion = {}): Promise<void> {
    const { next = [], result, keepMillis = RESULT_KEPT_MILLIS } = completion;
    const keepSeconds = Math.ceil(keepMillis / SECOND);
    return this.#ending(() => {
      if (next.length > 0) return this.#completeWith(next, result ?? NOTHING, keepSeconds);
      if (result === undefined && keepSeconds === 0) return this.#job.delete();
      return this.#job.finish(result ?? NOTHING, { keepSeconds });
    });
  }

  /** All in one step, but for a job that is there already by its unique key: without that. */
  async #completeWith(
    next: readonly RawJob[],
    result: Uint8Array,
    keepSeconds: number,
  ): Promise<void> {
    if (next.length === 0 || !this.isHeld) return this.#job.finish(result, { keepSeconds });
    const isInTube = (place: number): boolean => next[place - 1]?.tube === next[place]?.tube;
    try {
      await this.#client.batch((commands) => [
        commands.finish(this.#job.id, result, { keepSeconds }), // first: its key is free then
        ...next.flatMap((job, place) => {
          const put = commands.put(job.body, putOptions(job));
          return isInTube(place) ? [put] : [commands.use(job.tube), put];
        }),
      ]);
    } catch (error) {
      if (!(error instanceof BatchRefusedError) || error.code !== "HM_EXISTS") throw error;
      const places = next.flatMap((_, place) => (isInTube(place) ? [place] : [place, place]));
      const known = places[error.index - 1];
      if (known === undefined) throw error;
      return this.#completeWith(next.toSpliced(known, 1), result, keepSeconds);
    }
  }

  release(
    options: { readonly afterMillis?: number; readonly failure?: Uint8Array } = {},
  ): Promise<void> {
    const { afterMillis = 0, failure } = options;
    return this.#ending(async () => {
      await this.#job.release({
        pri: await this.#priority(),
        delaySeconds: delaySeconds(afterMillis),
        ...(failure !== undefined && { failure }),
      });
    });
  }

  handBack({ afterMillis = 0 }: { readonly afterMillis?: number } = {}): Promise<void> {
    return this.#ending(() => this.#job.handBack({ delaySeconds: delaySeconds(afterMillis) }));
  }

  bury({ failure }: { readonly failure?: Uint8Array } = {}): Promise<void> {
    return this.#ending(async () => {
      const pri = await this.#priority();
      await this.#job.bury({ pri, ...(failure !== undefined && { failure }) });
    });
  }

  moveTo(tube: string, options: { readonly failure?: Uint8Array } = {}): Promise<void> {
    return this.#ending(() => this.#job.move(tube, options));
  }

  discard(): Promise<void> {
    return this.#ending(() => this.#job.delete());
  }

  async renew(): Promise<void> {
    await this.#job.touch();
  }

  async progress(note: Uint8Array): Promise<void> {
    await this.#job.progress(note);
  }

  /** Runs one of its ends; what the server refused leaves it held. */
  async #ending(end: () => Promise<unknown>): Promise<void> {
    try {
      await end();
    } finally {
      if (!this.isHeld) this.#left();
    }
  }

  /** The one that it has: a release or a bury must name one. */
  async #priority(): Promise<number> {
    const facts = await this.#client.statsJob(this.#job.id);
    return facts === undefined ? PRIORITIES.normal : numberOf(facts, "pri");
  }
}

function windowOf(jobs: number): number {
  return Math.max(0, Math.min(WINDOW_MAX, Math.floor(jobs)));
}
