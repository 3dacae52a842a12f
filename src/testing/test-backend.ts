/* TestBackend: the back end of a queue for tests: another one, of which is known what is under way,
 * and whose workers take jobs when the test says so.
 *
 * Invariants: a consumer that was made while `drive` ran takes jobs only while its gate is open,
 * and any other one always. Dates of failures are those of the test's time. Made by test-queue.ts.
 */
import type { Cancelled, Capabilities, ConsumeOptions, Consumer } from "../worker/backend.ts";
import type { HeldJob, PutOutcome, QueueBackend, QueueStats } from "../worker/backend.ts";
import type { RawEnd, RawFilter, RawJob, RawStatus, WaitOptions } from "../worker/backend.ts";
import type { Abortable } from "../worker/enqueue-options.ts";

/** A consumer that takes jobs when it is told to. */
export class GatedConsumer implements Consumer {
  readonly #inner: Consumer;
  readonly #take: ConsumeOptions["take"];
  #wanted: number;
  #isOpen: boolean;

  constructor(
    options: ConsumeOptions,
    isOpen: boolean,
    consume: (options: ConsumeOptions) => Consumer,
  ) {
    this.#take = options.take;
    this.#wanted = options.window;
    this.#isOpen = isOpen;
    this.#inner = consume({ ...options, window: this.#window, take: (held) => this.#came(held) });
  }

  /** From now on it takes jobs, or takes none. */
  set isOpen(isOpen: boolean) {
    this.#isOpen = isOpen;
    this.#inner.window(this.#window);
  }

  /** Hands a job to whoever consumes, wherever it is from. */
  give(held: HeldJob): void | Promise<void> {
    return this.#take(held);
  }

  window(jobs: number): void {
    this.#wanted = jobs;
    this.#inner.window(this.#window);
  }

  stop(): Promise<void> {
    return this.#inner.stop();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  get closed(): Promise<void> {
    return this.#inner.closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #window(): number {
    return this.#isOpen ? this.#wanted : 0;
  }

  /** A job may have been on its way when the gate was closed. */
  #came(held: HeldJob): void | Promise<void> {
    return this.#isOpen ? this.#take(held) : held.handBack();
  }
}

/** The consumers that one worker made while something was driven: one, or one for each limit. */
export class DrivenConsumers {
  readonly #all: readonly [GatedConsumer, ...GatedConsumer[]];

  constructor(all: readonly [GatedConsumer, ...GatedConsumer[]]) {
    this.#all = all;
  }

  /** From now on they take jobs, or take none. */
  set isOpen(isOpen: boolean) {
    for (const consumer of this.#all) consumer.isOpen = isOpen;
  }

  /** Hands a job to whoever consumes, wherever it is from. */
  give(held: HeldJob): void | Promise<void> {
    return this.#all[0].give(held);
  }
}

/** A back end for tests. */
export class TestBackend implements QueueBackend {
  readonly name = "test";
  readonly can: Capabilities;
  /** The one behind it. */
  readonly inner: QueueBackend;
  /** How much later the test's time is than the engine's. */
  readonly #aheadMillis: number;
  #pending = 0;
  /** Consumers that were made while something was driven. */
  #driven: GatedConsumer[] = [];
  #isDriving = false;

  constructor(inner: QueueBackend, aheadMillis: number) {
    this.inner = inner;
    this.can = inner.can;
    this.#aheadMillis = aheadMillis;
  }

  /** Calls that are not answered yet, but for those that wait for the end of a job. */
  get pending(): number {
    return this.#pending;
  }

  /** Runs something at once; returns the consumers that it makes, whose gates are closed. */
  drive(run: () => void): DrivenConsumers | undefined {
    this.#driven = [];
    this.#isDriving = true;
    try {
      run();
    } finally {
      this.#isDriving = false;
    }
    const [first, ...others] = this.#driven;
    return first && new DrivenConsumers([first, ...others]);
  }

  consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    const consumer = new GatedConsumer(options, !this.#isDriving, (gated) =>
      this.inner.consume(tubes, gated),
    );
    if (this.#isDriving) this.#driven.push(consumer);
    return consumer;
  }

  put(jobs: readonly RawJob[], options?: Abortable): Promise<readonly PutOutcome[]> {
    return this.#asked(this.inner.put(jobs, options));
  }

  async status(id: string, options?: Abortable): Promise<RawStatus | undefined> {
    const raw = await this.#asked(this.inner.status(id, options));
    return raw === undefined ? undefined : this.#dated(raw);
  }

  end(id: string, options: WaitOptions): Promise<RawEnd | undefined> {
    return this.inner.end(id, options);
  }

  cancel(id: string, options?: Abortable): Promise<Cancelled> {
    return this.#asked(this.inner.cancel(id, options));
  }

  move(id: string, tube: string, options?: Abortable): Promise<boolean> {
    return this.#asked(this.inner.move(id, tube, options));
  }

  retry(id: string, options?: Abortable): Promise<boolean> {
    return this.#asked(this.inner.retry(id, options));
  }

  async *list(filter: RawFilter): AsyncIterable<RawStatus> {
    for await (const raw of this.inner.list(filter)) yield this.#dated(raw);
  }

  pause(tube: string, options?: Abortable): Promise<void> {
    return this.#asked(this.inner.pause(tube, options));
  }

  resume(tube: string, options?: Abortable): Promise<void> {
    return this.#asked(this.inner.resume(tube, options));
  }

  stats(tube: string | undefined, options?: Abortable): Promise<QueueStats> {
    return this.#asked(this.inner.stats(tube, options));
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #asked<Result>(call: Promise<Result>): Promise<Result> {
    this.#pending += 1;
    try {
      return await call;
    } finally {
      this.#pending -= 1;
    }
  }

  #dated(raw: RawStatus): RawStatus {
    const failures = raw.failures.map((failure) => ({
      ...failure,
      at: new Date(failure.at.getTime() + this.#aheadMillis),
    }));
    return { ...raw, failures };
  }
}
