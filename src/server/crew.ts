/* Crew: the I/O threads of a server, as the main thread sees them.
 *
 * Invariants: a thread that fails, or that ends without having been told to, ends the whole process
 * at once: it may have held a shard's lock, and memory under a broken lock cannot be trusted. Used
 * by server.ts.
 */
import type { TokenList } from "../config/token-file.ts";
import { BindError } from "../runtime.ts";
import type { Order, Report, Runtime, Thread, ThreadSeed } from "../runtime.ts";
import type { Log } from "../log.ts";
import { PROGRAM } from "../version.ts";
import { COUNTER_FREE, COUNTER_LINES_TAKEN, hasBit } from "../engine/common.ts";
import type { Common } from "../engine/common.ts";
import type { ConnectionPage, WhichConnections } from "../session/who-is-there.ts";

/** What all threads are awaited to say. */
type Milestone = "ready" | "listening" | "stopped";

/** All I/O threads. */
export class Crew {
  readonly #runtime: Runtime;
  readonly #log: Log;
  readonly #threads: Thread[] = [];
  #awaited: Milestone | undefined;
  #missing = 0;
  #reached: () => void = () => undefined;
  #failed: (error: BindError) => void = () => undefined;
  /** What was asked and not answered yet. */
  readonly #questions = new Map<number, (page: ConnectionPage) => void>();
  #lastQuestion = 0;
  #wakeMain: () => void = () => undefined;
  /** A thread's row in the common memory. */
  #countersOf: (thread: number) => Float64Array = () => new Float64Array(COUNTER_FREE);

  constructor(runtime: Runtime, log: Log) {
    this.#runtime = runtime;
    this.#log = log;
  }

  /** Starts a thread for each seed. Resolves when all are ready. */
  async start(seeds: readonly ThreadSeed[], common: Common): Promise<void> {
    this.#countersOf = (thread) => common.counters(thread);
    const ready = this.#all("ready", seeds.length);
    for (const seed of seeds) {
      const supervisor = {
        heard: (report: Report) => this.#heard(report, seed.threadIndex),
        died: (why: string) =>
          this.#runtime.die(`${PROGRAM}: I/O thread ${seed.threadIndex} failed: ${why}`),
      };
      this.#threads.push(this.#runtime.startThread(seed, supervisor));
    }
    await ready;
  }

  /**
   * Gives each thread its order. Resolves when all listen; rejects with a BindError if one cannot.
   */
  async listen(orderOf: (threadIndex: number) => Order): Promise<void> {
    const listening = this.#all("listening", this.#threads.length);
    for (const [index, thread] of this.#threads.entries()) thread.post(orderOf(index));
    await listening;
  }

  /** Tells all threads which tokens count from now on. */
  renewTokens(list: TokenList): void {
    for (const thread of this.#threads) thread.post({ kind: "tokens", list });
  }

  /** Makes all threads take part in the recovery. They obey again when it is over. */
  recover(): void {
    for (const thread of this.#threads) thread.post({ kind: "recover" });
  }

  /** A page of one thread's connections. */
  connections(
    threadIndex: number,
    offset: number,
    limit: number,
    which: WhichConnections,
  ): Promise<ConnectionPage> {
    const question = ++this.#lastQuestion;
    return new Promise((resolve) => {
      this.#questions.set(question, resolve);
      this.#threads[threadIndex]?.post({ kind: "connections", question, offset, limit, which });
    });
  }

  /**
   * Makes all threads close what they have. Resolves when they did, at the latest a little after
   * `withinMillis`.
   */
  async stop(withinMillis: number): Promise<void> {
    const stopped = this.#all("stopped", this.#threads.length);
    for (const thread of this.#threads) thread.post({ kind: "stop", withinMillis });
    await stopped;
  }

  /** Ends all threads. What is awaited of them never comes: it is rejected. */
  async end(): Promise<void> {
    this.#failed(new BindError("the threads were ended"));
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  #all(milestone: Milestone, count: number): Promise<void> {
    this.#awaited = milestone;
    this.#missing = count;
    return new Promise((resolve, reject) => {
      this.#reached = resolve;
      this.#failed = reject;
    });
  }

  #heard(report: Report, thread: number): void {
    switch (report.kind) {
      case "log":
        this.#lineTaken(thread);
        this.#log.write(report.level, report.message, { thread, ...report.fields });
        break;
      case "wake":
        this.wake(report.low, report.high);
        break;
      case "connections":
        this.#questions.get(report.question)?.(report.page as ConnectionPage);
        this.#questions.delete(report.question);
        break;
      case "failed":
        this.#failed(new BindError(report.message));
        break;
      case "ready":
      case "listening":
      case "stopped":
        if (report.kind === this.#awaited && --this.#missing === 0) this.#reached();
        break;
    }
  }

  #lineTaken(thread: number): void {
    const counters = this.#countersOf(thread);
    counters[COUNTER_LINES_TAKEN] = (counters[COUNTER_LINES_TAKEN] ?? 0) + 1;
  }

  /**
   * Wakes the threads whose bits are set, in runtimes whose threads cannot wait for a shared word.
   * The bit behind the last thread's is the main thread's.
   */
  wake(low: number, high: number): void {
    for (const [index, thread] of this.#threads.entries()) {
      if (hasBit(low, high, index)) thread.post({ kind: "wake" });
    }
    if (hasBit(low, high, this.#threads.length)) this.#wakeMain();
  }

  /** Calls `wake` when a thread wants the main thread's sessions. */
  onWakeMain(wake: () => void): void {
    this.#wakeMain = wake;
  }
}
