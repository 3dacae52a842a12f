/* Redis back end: jobs that are kept by a Redis.
 *
 * All that is done to them the script of redis-script.ts does; here is who calls it, and who waits.
 * What it promises depends on how Redis is set up: redis-target.ts looks. Handed to users by
 * src/entries/.
 */
import { clearTimeout, setTimeout } from "node:timers";
import { asError, ClosedError, TimeoutError } from "../client/errors.ts";
import type { Cancelled, Capabilities, ConsumeOptions, Consumer } from "../worker/backend.ts";
import type { PutOutcome, QueueBackend, QueueStats, RawEnd } from "../worker/backend.ts";
import type { RawFilter, RawJob, RawStatus, WaitOptions } from "../worker/backend.ts";
import type { Abortable } from "../worker/enqueue-options.ts";
import { RedisConsumer } from "./redis-consumer.ts";
import { TIMEOUT_MS, textOf } from "./redis-link.ts";
import type { RedisLink, Word } from "./redis-link.ts";
import { listOf, statusOf } from "./redis-looks.ts";
import { putWords } from "./redis-put.ts";
import { waitForEnd } from "./redis-waits.ts";

const SAFE = { isSafe: true };
/** Jobs that are looked at together. */
const PAGE = 100;

/** What jobs can have that a Redis keeps. */
export function redisCapabilities(isDurable: boolean): Capabilities {
  return {
    delay: "any",
    priority: true,
    unique: true,
    exclusive: true,
    fair: true,
    expiry: true,
    attemptsMax: true,
    results: "kept",
    atomicNext: true,
    uncharged: true,
    failures: true,
    progress: true,
    cancelRunning: true,
    listing: true,
    move: true,
    retry: true,
    pause: true,
    lookup: true,
    leases: true,
    stats: "all",
    durable: isDurable,
  };
}

/** Jobs in Redis. */
export class RedisBackend implements QueueBackend {
  readonly name = "redis";
  readonly can: Capabilities;
  readonly #link: RedisLink;
  readonly #bytesMax: number;
  readonly #consumers = new Set<RedisConsumer>();
  readonly #waits = new AbortController();
  /** Tubes that were paused here, and go on when this is closed. */
  readonly #paused = new Set<string>();
  #closing: Promise<void> | undefined;

  /** `link` is open, and is closed with the back end. */
  constructor(link: RedisLink, isDurable: boolean, bytesMax: number) {
    this.can = redisCapabilities(isDurable);
    this.#link = link;
    this.#bytesMax = bytesMax;
  }

  async put(jobs: readonly RawJob[], { signal }: Abortable = {}): Promise<readonly PutOutcome[]> {
    signal?.throwIfAborted();
    const words: Word[] = [];
    const refused = jobs.map((job) => {
      try {
        words.push(...putWords(job, this.#bytesMax));
        return undefined;
      } catch (error) {
        return { error: asError(error) };
      }
    });
    const count = refused.filter((outcome) => outcome === undefined).length;
    const answers = [...(await this.#putAll(words, count, signal))];
    return refused.map((outcome) => outcome ?? answers.shift() ?? NO_ANSWER);
  }

  /** What is said of each; the same error for all, if all were refused. */
  async #putAll(
    words: readonly Word[],
    count: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly PutOutcome[]> {
    if (count === 0) return [];
    try {
      const answer = listOf(await this.#link.run("put", words, { signal }));
      return answer.map((said) => {
        const [id, isNew] = listOf(said);
        return { id: textOf(id), isNew: textOf(isNew) === "1" };
      });
    } catch (error) {
      signal?.throwIfAborted();
      const outcome = { error: asError(error) };
      return Array.from({ length: count }, () => outcome);
    }
  }

  consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    const left = (): void => void this.#consumers.delete(consumer);
    const consumer = new RedisConsumer(this.#link, tubes, options, this.#bytesMax, left);
    this.#consumers.add(consumer);
    return consumer;
  }

  async status(id: string, { signal }: Abortable = {}): Promise<RawStatus | undefined> {
    return statusOf(id, await this.#link.run("look", [id], { signal, isSafe: true }));
  }

  async end(id: string, { timeoutMillis, signal }: WaitOptions): Promise<RawEnd | undefined> {
    const closed = this.#waits.signal;
    const ends = [closed, ...(signal === undefined ? [] : [signal])];
    const late = new AbortController();
    const timer =
      timeoutMillis === Infinity
        ? undefined
        : setTimeout(
            () => late.abort(new TimeoutError(`await ${id}`, timeoutMillis, true)),
            timeoutMillis,
          );
    try {
      return await waitForEnd(this.#link, id, AbortSignal.any([...ends, late.signal]));
    } finally {
      clearTimeout(timer);
    }
  }

  async cancel(id: string, { signal }: Abortable = {}): Promise<Cancelled> {
    const said = textOf(await this.#link.run("cancel", [id], { signal }));
    return said === "cancelled" || said === "signalled" ? said : "not-found";
  }

  async move(id: string, tube: string, { signal }: Abortable = {}): Promise<boolean> {
    return textOf(await this.#link.run("move", [id, tube], { signal })) === "1";
  }

  async retry(id: string, { signal }: Abortable = {}): Promise<boolean> {
    return textOf(await this.#link.run("retry", [id], { signal })) === "1";
  }

  async *list({ tube, state, signal }: RawFilter): AsyncIterable<RawStatus> {
    const answer = await this.#link.run("list", [tube, state], { signal, isSafe: true });
    const ids = listOf(answer).map(textOf);
    const numbered = ids.toSorted((one, other) => Number(one) - Number(other));
    for (let at = 0; at < numbered.length; at += PAGE) {
      const page = numbered.slice(at, at + PAGE);
      const jobs = await Promise.all(page.map((id) => this.status(id, { signal })));
      for (const job of jobs) if (job?.state === state && job.tube === tube) yield job;
    }
  }

  async pause(tube: string, { signal }: Abortable = {}): Promise<void> {
    await this.#link.run("pause", [tube], { signal, ...SAFE });
    this.#paused.add(tube);
  }

  async resume(tube: string, { signal }: Abortable = {}): Promise<void> {
    await this.#link.run("resume", [tube], { signal, ...SAFE });
    this.#paused.delete(tube);
  }

  async stats(tube: string | undefined, { signal }: Abortable = {}): Promise<QueueStats> {
    const [what, words] = tube === undefined ? ["countAll", []] : ["count", [tube]];
    const answer = await this.#link.run(what, words, { signal, ...SAFE });
    const [available = 0, scheduled = 0, active = 0, discarded = 0, workers = 0] =
      listOf(answer).map(Number);
    return { available, scheduled, active, discarded, workers };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#waits.abort(new ClosedError("the queue is closed"));
    // Where Redis is away, one thing after the other would wait for it. Leases end by themselves.
    const giveUp = setTimeout(() => this.#link.close(), TIMEOUT_MS);
    try {
      await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
      for (const tube of this.#paused) await this.resume(tube);
      await this.#link.idle();
    } finally {
      clearTimeout(giveUp);
      this.#link.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

const NO_ANSWER: PutOutcome = { error: new RangeError("redis said nothing of a job") };
