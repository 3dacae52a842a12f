/* RabbitMQ back end: jobs that are kept in quorum queues of a RabbitMQ.
 *
 * RabbitMQ hands messages on; it does not look into its queues. So there are no keys, no lists and
 * no look at one job; a delay is one of some steps; what came of a job is told to the process that
 * enqueued it. Handed to users by src/entries/.
 */
import { clearTimeout, setTimeout } from "node:timers";
import { asError, ClosedError, TimeoutError } from "../client/errors.ts";
import type { Capabilities, ConsumeOptions, Consumer, PutOutcome } from "../worker/backend.ts";
import type { QueueBackend, QueueStats, RawEnd, RawJob, RawStatus } from "../worker/backend.ts";
import type { WaitOptions } from "../worker/backend.ts";
import type { Abortable } from "../worker/enqueue-options.ts";
import { UnsupportedError } from "../worker/errors.ts";
import { unsupported } from "../worker/unsupported.ts";
import { answered } from "./rabbit-connection.ts";
import type { RabbitConnection } from "./rabbit-connection.ts";
import { RabbitConsumer } from "./rabbit-consumer.ts";
import { RabbitPublisher } from "./rabbit-publisher.ts";
import { RabbitQueues, stepFor } from "./rabbit-queues.ts";
import { RabbitRefusedError } from "./rabbit-refused-error.ts";
import { RabbitReplies } from "./rabbit-replies.ts";

const NAME = "rabbitmq";

/** What jobs can have that a RabbitMQ keeps. */
export const RABBITMQ_CAPABILITIES: Capabilities = {
  delay: "steps",
  priority: false,
  unique: false,
  exclusive: false,
  fair: false,
  expiry: false,
  attemptsMax: false,
  results: "waiting",
  atomicNext: false,
  uncharged: true,
  failures: false,
  progress: false,
  cancelRunning: false,
  listing: false,
  move: false,
  retry: false,
  pause: false,
  lookup: false,
  leases: false,
  stats: "ready",
  durable: true,
};

/** What a back end is made of. */
export interface RabbitParts {
  /** Open, and closed with the back end. RabbitMQ may hold up what publishes. */
  readonly publishing: RabbitConnection;
  readonly consuming: RabbitConnection;
  readonly prefix: string;
  readonly bytesMax: number;
}

/** Jobs of a RabbitMQ. */
export class RabbitBackend implements QueueBackend {
  readonly name = NAME;
  readonly can = RABBITMQ_CAPABILITIES;
  readonly #parts: RabbitParts;
  readonly #queues: RabbitQueues;
  readonly #publisher: RabbitPublisher;
  readonly #replies: RabbitReplies;
  readonly #consumers = new Set<RabbitConsumer>();
  readonly #waits = new AbortController();
  #closing: Promise<void> | undefined;

  static async open(parts: RabbitParts): Promise<RabbitBackend> {
    const backend = new RabbitBackend(parts);
    await parts.consuming.each((model) => answered("listen", backend.#replies.begin(model)));
    return backend;
  }

  private constructor(parts: RabbitParts) {
    this.#parts = parts;
    this.#queues = new RabbitQueues(parts.prefix);
    this.#publisher = new RabbitPublisher(parts.publishing);
    this.#replies = new RabbitReplies(this.#queues.reply(crypto.randomUUID()));
  }

  put(jobs: readonly RawJob[], { signal }: Abortable = {}): Promise<readonly PutOutcome[]> {
    if (signal?.aborted === true) return Promise.reject(asError(signal.reason));
    return Promise.all(jobs.map((job) => this.#put(job)));
  }

  async #put(job: RawJob): Promise<PutOutcome> {
    try {
      checkJob(job, this.#parts.bytesMax);
      const { tube, delayMillis, body } = job;
      const id = crypto.randomUUID();
      const work = this.#queues.work(tube);
      const isNow = delayMillis <= 0;
      // Before anything is awaited of one that goes at once: so jobs stay in their order.
      if (!isNow) await this.#publisher.declare(work);
      const queue = isNow ? work : this.#queues.delay(tube, stepFor(delayMillis));
      const headers = isNow ? {} : { "hm-due": Date.now() + delayMillis };
      const about = { messageId: id, replyTo: this.#replies.queue.name, headers };
      await this.#publisher.publish(queue, body, about);
      return { id, isNew: true };
    } catch (error) {
      return { error: asError(error) };
    }
  }

  async #putAll(jobs: readonly RawJob[]): Promise<void> {
    for (const outcome of await this.put(jobs)) if ("error" in outcome) throw outcome.error;
  }

  consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    const around = {
      publisher: this.#publisher,
      queues: this.#queues,
      put: (jobs: readonly RawJob[]) => this.#putAll(jobs),
    };
    const left = (): void => void this.#consumers.delete(consumer);
    const { consuming } = this.#parts;
    const consumer = new RabbitConsumer(consuming, tubes, options, around, left);
    this.#consumers.add(consumer);
    return consumer;
  }

  status(): Promise<never> {
    return unsupported(NAME, "look at one job");
  }

  async end(id: string, { timeoutMillis, signal }: WaitOptions): Promise<RawEnd | undefined> {
    const late = new AbortController();
    const tell = (): void => late.abort(new TimeoutError(`await ${id}`, timeoutMillis, true));
    const timer = timeoutMillis === Infinity ? undefined : setTimeout(tell, timeoutMillis);
    const ends = [this.#waits.signal, late.signal, ...(signal === undefined ? [] : [signal])];
    try {
      return await this.#replies.wait(id, AbortSignal.any(ends));
    } finally {
      clearTimeout(timer);
    }
  }

  cancel(): Promise<never> {
    return unsupported(NAME, "way to cancel jobs");
  }

  move(): Promise<never> {
    return unsupported(NAME, "moves");
  }

  retry(): Promise<never> {
    return unsupported(NAME, "way to retry one job");
  }

  // eslint-disable-next-line require-yield -- it has no job to yield, whatever is asked
  async *list(): AsyncIterable<RawStatus> {
    await unsupported(NAME, "lists of jobs");
  }

  pause(): Promise<never> {
    return unsupported(NAME, "pauses");
  }

  resume(): Promise<never> {
    return unsupported(NAME, "pauses");
  }

  /**
   * What runs is counted as far as it runs in this process; what waits for its time, not at all.
   */
  async stats(tube: string | undefined): Promise<QueueStats> {
    if (tube === undefined) throw new UnsupportedError(`${NAME}: only one tube can be counted`);
    const [work, dead] = await Promise.all([
      this.#count(this.#queues.work(tube).name),
      this.#count(this.#queues.dead(tube).name),
    ]);
    const held = [...this.#consumers].reduce((sum, consumer) => sum + consumer.held, 0);
    return {
      available: work.messageCount,
      scheduled: 0,
      active: held,
      discarded: dead.messageCount,
      workers: work.consumerCount,
    };
  }

  /** On a channel of its own, which ends where there is no such queue. */
  async #count(
    queue: string,
  ): Promise<{ readonly messageCount: number; readonly consumerCount: number }> {
    const model = await this.#parts.consuming.model(); // which RabbitMQ does not hold up
    const channel = await answered("open a channel", model.createChannel());
    channel.on("error", () => undefined); // the call rejects with it
    try {
      const counts = await answered(`count ${queue}`, channel.checkQueue(queue));
      await answered("close", channel.close());
      return counts;
    } catch (error) {
      const isMissing = error instanceof Error && "code" in error && error.code === 404;
      if (isMissing) return { messageCount: 0, consumerCount: 0 };
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#waits.abort(new ClosedError("the queue is closed"));
    try {
      await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
      await this.#publisher.idle();
    } finally {
      await this.#parts.publishing.close();
      await this.#parts.consuming.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Throws an UnsupportedError, and a RabbitRefusedError (HM_JOB_TOO_BIG). */
function checkJob(job: RawJob, bytesMax: number): void {
  const lack = [
    job.unique !== undefined && "unique keys",
    job.exclusive !== undefined && "keys of which only so many jobs run",
    job.key !== undefined && "a fair share of keys",
    job.expiresMillis !== undefined && "jobs that expire",
    job.attemptsMax !== undefined && "a limit of attempts",
    job.acknowledge !== undefined && "levels of safety for each job",
  ].find((one) => typeof one === "string");
  if (lack !== undefined) throw new UnsupportedError(`${NAME}: this back end has no ${lack}`);
  if (job.body.length <= bytesMax) return;
  const size = `${job.body.length} bytes, and ${bytesMax} are the most`;
  throw new RabbitRefusedError("HM_JOB_TOO_BIG", `the body is too long: ${size}`);
}
