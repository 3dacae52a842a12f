/* LateBackend: a back end that need not be there yet: it is opened as soon as that can be.
 *
 *   opening -> open
 *      ^ |
 *      +-+ after a while, longer each time
 *
 * Until it is open whatever is asked of it rejects with an UnreachableError at once, but for
 * consumers: they begin when it is. From then on it is what was opened, which sees to lost
 * connections itself. Used by spool-backend.ts and spread-backend.ts.
 */
import { backOffMillis } from "../client/back-off.ts";
import { asError, ClosedError, UnreachableError } from "../client/errors.ts";
import { pause } from "../client/pause.ts";
import type { Clock } from "../clock.ts";
import type { Cancelled, Capabilities, ConsumeOptions, Consumer, PutOutcome } from "./backend.ts";
import type { QueueBackend, QueueStats, RawEnd, RawFilter, RawJob, RawStatus } from "./backend.ts";
import type { WaitOptions } from "./backend.ts";
import type { Abortable } from "./enqueue-options.ts";

/** What a late back end is made of. */
export interface LateParts {
  /** For people. */
  readonly name: string;
  /** What it is taken to be able to do until it is open. */
  readonly assumed: Capabilities;
  readonly open: () => Promise<QueueBackend>;
  readonly clock: Clock;
}

const AGAIN_MILLIS_MAX = 5000;

/** A back end that may be away when it is opened. */
export class LateBackend implements QueueBackend {
  readonly name: string;
  /** Settles when the first attempt to open it has; never rejects. */
  readonly tried: Promise<void>;
  readonly #parts: LateParts;
  readonly #ending = new AbortController();
  readonly #opened = Promise.withResolvers<QueueBackend>();
  #backend: QueueBackend | undefined;
  #why: Error | undefined;

  constructor(parts: LateParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.#opened.promise.catch(() => undefined); // consumers look
    const first = Promise.withResolvers<void>();
    this.tried = first.promise;
    void this.#open(first.resolve);
  }

  async #open(tried: () => void): Promise<void> {
    const { clock, open } = this.#parts;
    const { signal } = this.#ending;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        const backend = await open();
        if (signal.aborted) return await backend.close();
        this.#backend = backend;
        this.#opened.resolve(backend);
        return tried();
      } catch (error) {
        this.#why = asError(error);
        tried();
        await pause(clock, backOffMillis(failures, AGAIN_MILLIS_MAX, Math.random()), signal);
      }
    }
  }

  /** Why it is not open, if it is not. */
  get trouble(): Error | undefined {
    return this.#backend === undefined ? this.#away() : undefined;
  }

  get isUp(): boolean {
    return this.#backend !== undefined && this.#backend.isUp !== false;
  }

  get can(): Capabilities {
    return this.#backend?.can ?? this.#parts.assumed;
  }

  async put(jobs: readonly RawJob[], options?: Abortable): Promise<readonly PutOutcome[]> {
    return this.#there().put(jobs, options);
  }

  consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    if (this.#backend !== undefined) return this.#backend.consume(tubes, options);
    return new LateConsumer(this.#opened.promise, tubes, options);
  }

  async status(id: string, options?: Abortable): Promise<RawStatus | undefined> {
    return this.#there().status(id, options);
  }

  async end(id: string, options: WaitOptions): Promise<RawEnd | undefined> {
    return this.#there().end(id, options);
  }

  async cancel(id: string, options?: Abortable): Promise<Cancelled> {
    return this.#there().cancel(id, options);
  }

  async move(id: string, tube: string, options?: Abortable): Promise<boolean> {
    return this.#there().move(id, tube, options);
  }

  async retry(id: string, options?: Abortable): Promise<boolean> {
    return this.#there().retry(id, options);
  }

  async *list(filter: RawFilter): AsyncIterable<RawStatus> {
    yield* this.#there().list(filter);
  }

  async pause(tube: string, options?: Abortable): Promise<void> {
    return this.#there().pause(tube, options);
  }

  async resume(tube: string, options?: Abortable): Promise<void> {
    return this.#there().resume(tube, options);
  }

  async stats(tube: string | undefined, options?: Abortable): Promise<QueueStats> {
    return this.#there().stats(tube, options);
  }

  /** What is being opened is closed as soon as it is open. */
  async close(): Promise<void> {
    this.#ending.abort();
    this.#opened.reject(new ClosedError(`${this.name}: it is closed`));
    await this.#backend?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Throws an UnreachableError, or a ClosedError. */
  #there(): QueueBackend {
    if (this.#backend === undefined) throw this.#away();
    return this.#backend;
  }

  #away(): Error {
    if (this.#ending.signal.aborted) return new ClosedError(`${this.name}: it is closed`);
    const why = this.#why === undefined ? "it is not there yet" : this.#why.message;
    return new UnreachableError(`${this.name}: ${why}`, { cause: this.#why });
  }
}

/** A consumer that begins when there is something to consume from. */
class LateConsumer implements Consumer {
  readonly closed: Promise<void>;
  readonly #ended = Promise.withResolvers<void>();
  #window: number;
  #isStopped = false;
  #consumer: Consumer | undefined;

  constructor(opened: Promise<QueueBackend>, tubes: readonly string[], options: ConsumeOptions) {
    this.#window = options.window;
    this.closed = Promise.race([this.#begin(opened, tubes, options), this.#ended.promise]);
    this.closed.catch(() => undefined); // whoever wants to know looks
  }

  async #begin(
    opened: Promise<QueueBackend>,
    tubes: readonly string[],
    options: ConsumeOptions,
  ): Promise<void> {
    const [there] = await Promise.allSettled([opened]);
    if (there.status === "rejected") return; // it was closed before it was open
    if (this.#isStopped) return this.#ended.promise;
    this.#consumer = there.value.consume(tubes, { ...options, window: this.#window });
    return this.#consumer.closed;
  }

  window(jobs: number): void {
    this.#window = jobs;
    this.#consumer?.window(jobs);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#consumer?.stop();
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    await this.#consumer?.close();
    this.#ended.resolve();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
