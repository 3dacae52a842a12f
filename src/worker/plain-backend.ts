/* Plain back end: jobs that are kept by a plain beanstalkd, which knows none of Homemaker's
 * additions.
 *
 * What can be done with it is what its own commands do: no keys, no results, no lists, no errors of
 * attempts. Delays and leases are whole seconds, rounded up. An attempt that was none counts as any
 * other. Made by server-backend.ts, which has asked the server what it is.
 */
import type { Client } from "../client/client.ts";
import type { Cancelled, Capabilities, ConsumeOptions, Consumer, PutOutcome } from "./backend.ts";
import type { QueueBackend, QueueStats, RawJob, RawStatus } from "./backend.ts";
import { ClientBackend, idOf, orUndefined } from "./client-backend.ts";
import type { ClientBackendParts } from "./client-backend.ts";
import { lookAt, numberOf } from "./client-looks.ts";
import type { Abortable } from "./enqueue-options.ts";
import { PlainConsumer } from "./plain-consumer.ts";
import { unsupported } from "./unsupported.ts";

const NAME = "beanstalkd";
const SECOND = 1000;

/** What jobs can have that a plain beanstalkd keeps, with a binlog or without one. */
export function plainCapabilities(isDurable: boolean): Capabilities {
  return {
    delay: "any",
    priority: true,
    unique: false,
    exclusive: false,
    fair: false,
    expiry: false,
    attemptsMax: false,
    results: "none",
    atomicNext: false,
    uncharged: false,
    failures: false,
    progress: false,
    cancelRunning: false,
    listing: false,
    move: false,
    retry: true,
    pause: true,
    lookup: true,
    leases: true,
    stats: "all",
    durable: isDurable,
  };
}

/** Jobs of a plain beanstalkd. */
export class PlainBackend implements QueueBackend {
  readonly name = NAME;
  readonly can: Capabilities;
  readonly #connect: ClientBackendParts["connect"];
  readonly #client: Client;
  /** What is done as with any server: puts, pauses and counts. */
  readonly #common: ClientBackend;
  readonly #consumers = new Set<PlainConsumer>();
  #closing: Promise<void> | undefined;

  /** `client` is for puts and looks; it is closed with the back end. */
  static async open(
    client: Client,
    parts: Pick<ClientBackendParts, "connect" | "close">,
  ): Promise<PlainBackend> {
    const facts = await client.stats();
    return new PlainBackend(client, parts, numberOf(facts, "binlog-current-index") > 0);
  }

  private constructor(
    client: Client,
    parts: Pick<ClientBackendParts, "connect" | "close">,
    isDurable: boolean,
  ) {
    this.can = plainCapabilities(isDurable);
    this.#connect = parts.connect;
    this.#client = client;
    this.#common = new ClientBackend({ name: NAME, can: this.can, ...parts }, client);
  }

  put(jobs: readonly RawJob[], options?: Abortable): Promise<readonly PutOutcome[]> {
    return this.#common.put(jobs.map(inWholeSeconds), options);
  }

  consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    const consumer: PlainConsumer = new PlainConsumer(tubes, options, {
      connect: this.#connect,
      put: (jobs) => this.put(jobs),
      left: () => void this.#consumers.delete(consumer),
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  status(id: string, options: Abortable = {}): Promise<RawStatus | undefined> {
    return lookAt(this.#client, idOf(id), options);
  }

  end(): Promise<never> {
    return unsupported(NAME, "results");
  }

  /** A job that is held is its holder's: to others it is not there. */
  async cancel(id: string, options: Abortable = {}): Promise<Cancelled> {
    const isGone = await orUndefined(this.#client.delete(idOf(id), options).then(() => true));
    return isGone === true ? "cancelled" : "not-found";
  }

  move(): Promise<never> {
    return unsupported(NAME, "moves");
  }

  retry(id: string, options?: Abortable): Promise<boolean> {
    return this.#common.retry(id, options);
  }

  // eslint-disable-next-line require-yield -- it has no job to yield, whatever is asked
  async *list(): AsyncIterable<RawStatus> {
    await unsupported(NAME, "lists of jobs");
  }

  pause(tube: string, options?: Abortable): Promise<void> {
    return this.#common.pause(tube, options);
  }

  resume(tube: string, options?: Abortable): Promise<void> {
    return this.#common.resume(tube, options);
  }

  stats(tube: string | undefined, options?: Abortable): Promise<QueueStats> {
    return this.#common.stats(tube, options);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    } finally {
      await this.#common.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function inWholeSeconds(job: RawJob): RawJob {
  return { ...job, delayMillis: Math.ceil(job.delayMillis / SECOND) * SECOND };
}
