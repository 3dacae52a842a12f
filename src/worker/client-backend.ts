/* ClientBackend: jobs that are kept by whatever speaks the protocol: a server, or a broker in this
 * process. Each consumer has a client of its own, since jobs belong to the connection that got
 * them; puts and looks go over one more.
 *
 * Invariants: what is put in one call goes out in one go, in its order. A client is in a tube only
 * when the server has said so, so that no put can land in another one. Made by who knows where the
 * jobs are: src/embedded/.
 */
import type { Client } from "../client/client.ts";
import type { ServerPlace } from "../client/server-place.ts";
import { asError } from "../client/errors.ts";
import { RefusedError } from "../client/refused-error.ts";
import type { Cancelled, Capabilities, ConsumeOptions, Consumer, PutOutcome } from "./backend.ts";
import type { QueueBackend, QueueStats, RawEnd, RawFilter, RawJob, RawStatus } from "./backend.ts";
import type { WaitOptions } from "./backend.ts";
import { ClientConsumer } from "./client-consumer.ts";
import type { ConnectConsumer } from "./client-consumer.ts";
import { LISTED, lookAt, statsOf } from "./client-looks.ts";
import { putOptions } from "./client-put.ts";
import type { Abortable } from "./enqueue-options.ts";

/** What a back end is made of. */
export interface ClientBackendParts {
  readonly name: string;
  readonly can: Capabilities;
  /** A client with a connection of its own. */
  readonly connect: ConnectConsumer;
  /** Where other threads find the server; absent if it is in this process. */
  readonly place?: ServerPlace;
  /** Called last, when all clients are closed. */
  close(): Promise<void>;
}

/** A put whose tube was chosen. */
interface Turn {
  readonly putting: Promise<PutOutcome>;
}

/** A pause that somebody has to end: the longest there is, some 136 years. */
const PAUSE_SECONDS = 4_294_967_295;
const PAGE = 100;

/** Jobs behind a protocol. */
export class ClientBackend implements QueueBackend {
  readonly name: string;
  readonly can: Capabilities;
  readonly #parts: ClientBackendParts;
  readonly #client: Client;
  readonly #consumers = new Set<ClientConsumer>();
  /** The tube that puts go to now. */
  #used: string | undefined;
  /** Tubes whose order was made fair, so that keys count there. */
  readonly #fair = new Set<string>();
  /** Resolves when the tube is chosen that the last put wants. */
  #choosing: Promise<Turn> | undefined;
  #broken: Error | undefined;
  #closing: Promise<void> | undefined;

  static async open(parts: ClientBackendParts): Promise<ClientBackend> {
    const client = await parts.connect(() => undefined, new AbortController().signal);
    return new ClientBackend(parts, client);
  }

  /** `client` is for puts and looks; it is closed with the back end. */
  constructor(parts: ClientBackendParts, client: Client) {
    this.name = parts.name;
    this.can = parts.can;
    this.#parts = parts;
    this.#client = client;
  }

  get isUp(): boolean {
    return this.#client.isConnected;
  }

  async put(jobs: readonly RawJob[], options: Abortable = {}): Promise<readonly PutOutcome[]> {
    options.signal?.throwIfAborted();
    const [first] = jobs;
    if (jobs.length === 1 && first !== undefined) return [await this.#putInTurn(first, options)];
    return Promise.all(jobs.map((job) => this.#putInTurn(job, options)));
  }

  #putInTurn(job: RawJob, options: Abortable): Promise<PutOutcome> {
    const isThere = this.#choosing === undefined && this.#isSet(job);
    return isThere ? this.#put(job, options) : this.#putElsewhere(job, options);
  }

  async #put(job: RawJob, { signal }: Abortable): Promise<PutOutcome> {
    try {
      const { id, isNew } = await this.#client.put(job.body, putOptions(job, signal));
      return { id: String(id), isNew };
    } catch (error) {
      return { error: asError(error) };
    }
  }

  /** Puts it when the tube is chosen; all that is put meanwhile waits behind it. */
  async #putElsewhere(job: RawJob, options: Abortable): Promise<PutOutcome> {
    const turn = this.#turn(this.#choosing, job, options);
    this.#choosing = turn;
    const { putting } = await turn;
    if (this.#choosing === turn) this.#choosing = undefined;
    return putting;
  }

  /** Never rejects. What the put comes to is not waited for: the next one goes out meanwhile. */
  async #turn(before: Promise<Turn> | undefined, job: RawJob, options: Abortable): Promise<Turn> {
    await before;
    try {
      if (!this.#isSet(job)) await this.#set(job);
      return { putting: this.#put(job, options) };
    } catch (error) {
      return { putting: Promise.resolve({ error: asError(error) }) };
    }
  }

  /** Whether puts go to its tube, and its key counts there. */
  #isSet({ tube, key }: RawJob): boolean {
    return this.#used === tube && (key === undefined || this.#fair.has(tube));
  }

  async #set({ tube, key }: RawJob): Promise<void> {
    if (this.#used !== tube) {
      this.#used = undefined;
      await this.#client.use(tube);
      this.#used = tube;
    }
    if (key === undefined || this.#fair.has(tube)) return;
    await this.#client.setTube(tube, { order: "fair" });
    this.#fair.add(tube);
  }

  consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    const left = (): void => void this.#consumers.delete(consumer);
    const { connect, place } = this.#parts;
    const consumer = new ClientConsumer(connect, tubes, options, left, place);
    this.#consumers.add(consumer);
    if (this.#broken !== undefined) consumer.fail(this.#broken);
    return consumer;
  }

  status(id: string, options: Abortable = {}): Promise<RawStatus | undefined> {
    return lookAt(this.#client, idOf(id), { ...options, isWhole: true });
  }

  async end(id: string, { timeoutMillis, signal }: WaitOptions): Promise<RawEnd | undefined> {
    const done = await orUndefined(
      this.#client.await(idOf(id), { timeoutMs: timeoutMillis, signal }),
    );
    if (done === undefined) return undefined;
    const { end, body } = done;
    if (end === "finished") return { end, result: body };
    return { end, failure: body.length === 0 ? undefined : body };
  }

  async cancel(id: string, options: Abortable = {}): Promise<Cancelled> {
    const outcome = await orUndefined(this.#client.cancel(idOf(id), options));
    if (outcome === undefined) return "not-found";
    return outcome === "cancelled" ? "cancelled" : "signalled";
  }

  async move(id: string, tube: string, options: Abortable = {}): Promise<boolean> {
    return (await orUndefined(this.#client.move(idOf(id), tube, options))) !== undefined;
  }

  async retry(id: string, options: Abortable = {}): Promise<boolean> {
    const kicked = this.#client.kickJob(idOf(id), options).then(() => true);
    return (await orUndefined(kicked)) === true;
  }

  async *list(filter: RawFilter): AsyncIterable<RawStatus> {
    const { tube, state, signal } = filter;
    for (let after = 0; ;) {
      const options = { after, limit: PAGE, signal };
      const page = await this.#client.listJobs(tube, LISTED[state], options);
      if (page === undefined) return;
      const ids = page.jobs.map(({ id }) => Number(id));
      const jobs = await Promise.all(ids.map((id) => lookAt(this.#client, id, filter)));
      for (const job of jobs) if (job?.state === state && job.tube === tube) yield job;
      if (page.next === 0) return;
      after = page.next;
    }
  }

  /** A tube without jobs is there, and stays paused, as long as somebody watches it. */
  async pause(tube: string, options: Abortable = {}): Promise<void> {
    await this.#client.watch(tube, options);
    await this.#client.pauseTube(tube, PAUSE_SECONDS, options);
  }

  async resume(tube: string, options: Abortable = {}): Promise<void> {
    await orUndefined(this.#client.pauseTube(tube, 0, options));
    await this.#client.ignore(tube, options);
  }

  stats(tube: string | undefined, options: Abortable = {}): Promise<QueueStats> {
    return statsOf(this.#client, tube, options);
  }

  /** What keeps the jobs is of no use any more: consumers end with it, later ones too. */
  fail(error: Error): void {
    this.#broken ??= error;
    for (const consumer of this.#consumers) consumer.fail(error);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
      await this.#client.close();
    } finally {
      await this.#parts.close();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The number of an id; 0, which no job has, of what is none. */
export function idOf(id: string): number {
  const number = /^\d{1,16}$/.test(id) ? Number(id) : 0;
  return Number.isSafeInteger(number) ? number : 0;
}

/** What it resolves with; undefined if the server found no such job or tube. */
export async function orUndefined<Result>(answer: Promise<Result>): Promise<Result | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RefusedError && error.code === "HM_NOT_FOUND") return undefined;
    throw error;
  }
}
