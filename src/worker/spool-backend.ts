/* SpoolBackend: a back end that may be away, with a spool on a disk of this machine that takes jobs
 * meanwhile.
 *
 *   put -> target              while it answers and the spool is empty
 *   put -> spool -> target     otherwise, in that order
 *
 * Invariants: a put resolves when the target has the job, or when it is safe in the spool. A job of
 * which nobody knows whether the target has it is not said to be nowhere. As long as a job is in
 * the spool all others go there, so that they stay in their order. A job is put under a key of its
 * own, where the target knows keys and it has none, so that one of which the answer was lost is
 * there once. Made by src/entries/, on a store of src/embedded/.
 */
import { asError, LostError, TimeoutError } from "../client/errors.ts";
import { pause } from "../client/pause.ts";
import type { Clock } from "../clock.ts";
import { HomemakerError } from "../protocol/homemaker-error.ts";
import type { Cancelled, Capabilities, ConsumeOptions, Consumer, PutOutcome } from "./backend.ts";
import type { QueueBackend, QueueStats, RawEnd, RawFilter, RawJob, RawStatus } from "./backend.ts";
import type { WaitOptions } from "./backend.ts";
import type { Duration } from "./duration.ts";
import type { Abortable } from "./enqueue-options.ts";
import { SpoolError } from "./errors.ts";
import { PRIORITIES } from "./priority.ts";
import { putWithin, SpoolForwarder } from "./spool-forwarder.ts";
import type { ForwarderParts } from "./spool-forwarder.ts";
import { decodeSpooled, encodeSpooled, keyed, SPOOL_TUBE } from "./spooled-job.ts";

/** A spool. */
export interface SpoolOptions {
  /** On a disk of this machine. Several processes may have the same. */
  readonly directory: string;
  /** How long an enqueue waits for the back end before the spool takes the job; 1 s if absent. */
  readonly wait?: Duration;
  /**
   * How long the back end remembers a job that is done, so that it is not put again when the answer
   * was lost; 10 min if absent.
   */
  readonly cooldown?: Duration;
}

/** Where jobs wait. */
export interface SpoolStore {
  /** Names this part of the spool, of which this process alone has one. */
  readonly slot: string;
  readonly backend: QueueBackend;
  /** Other parts that no process has open any more; each is closed by whoever gets it. */
  abandoned(): AsyncIterable<QueueBackend>;
}

/** What a back end with a spool is made of. */
export interface SpoolParts extends Omit<ForwarderParts, "store"> {
  readonly store: SpoolStore;
}

const LEASE_MILLIS = 86_400_000;
const KNOWN_TIMEOUT_MILLIS = 10_000;
const LOOK_MILLIS = 30_000;
/** The back end is away, or has no room. */
const AWAY = new Set([
  "HM_UNREACHABLE",
  "HM_NOT_SENT",
  "HM_LOST",
  "HM_TIMEOUT",
  "HM_DRAINING",
  "HM_OUT_OF_MEMORY",
  "HM_BACKLOG",
]);
const TEXT = new TextDecoder();

/** Jobs that go to a back end, if need be by way of a spool. */
export class SpoolBackend implements QueueBackend {
  readonly #parts: SpoolParts;
  readonly #own: SpoolForwarder;
  readonly #run = crypto.randomUUID();
  readonly #ending = new AbortController();
  readonly #adopting: Promise<void>;
  #serial = 0;
  #closing: Promise<void> | undefined;

  static async open(parts: SpoolParts): Promise<SpoolBackend> {
    return new SpoolBackend(
      parts,
      await SpoolForwarder.open(forwarding(parts, parts.store.backend)),
    );
  }

  private constructor(parts: SpoolParts, own: SpoolForwarder) {
    this.#parts = parts;
    this.#own = own;
    this.#adopting = this.#adopt(parts.clock);
  }

  get name(): string {
    return this.#parts.target.name;
  }

  get can(): Capabilities {
    return this.#parts.target.can;
  }

  /** Jobs of this process that wait in the spool. */
  get pending(): number {
    return this.#own.pending;
  }

  async put(jobs: readonly RawJob[], { signal }: Abortable = {}): Promise<readonly PutOutcome[]> {
    signal?.throwIfAborted();
    const keys = jobs.map(() => `spool/${this.#run}/${this.#serial++}`);
    if (this.#own.pending > 0) return this.#spool(jobs, keys);
    const outcomes = await this.#send(jobs, keys, signal);
    const away = [...outcomes.keys()].filter((at) => isAway(outcomes[at]));
    if (away.length === 0) return outcomes;
    const left = await this.#spool(
      away.flatMap((at) => jobs[at] ?? []),
      away.map((at) => keys[at] ?? ""),
    );
    const spooled = new Map(
      away.map((at, place) => [at, isUnsure(outcomes[at]) ? unsure(left[place]) : left[place]]),
    );
    return outcomes.map((outcome, at) => spooled.get(at) ?? outcome);
  }

  async #send(
    jobs: readonly RawJob[],
    keys: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<readonly PutOutcome[]> {
    const { target, cooldownMillis } = this.#parts;
    const { can } = target;
    const sent = jobs.map((job, at) => keyed(job, keys[at] ?? "", can, cooldownMillis));
    try {
      return await putWithin(sent, { ...this.#parts, signal });
    } catch (error) {
      signal?.throwIfAborted();
      return jobs.map(() => ({ error: asError(error) }));
    }
  }

  /** All of them, in their order, whether the target is there or not. */
  async #spool(jobs: readonly RawJob[], keys: readonly string[]): Promise<readonly PutOutcome[]> {
    const { store, now } = this.#parts;
    this.#own.count(jobs.length); // at once: what comes meanwhile goes behind them
    const at = now();
    const spooled = jobs.map((job, place) => ({
      tube: SPOOL_TUBE,
      body: encodeSpooled({ job, at, key: keys[place] ?? "" }),
      priority: PRIORITIES.normal,
      delayMillis: 0,
      leaseMillis: LEASE_MILLIS,
    }));
    try {
      const outcomes = await store.backend.put(spooled);
      return outcomes.map((outcome) => this.#spooled(outcome));
    } catch (error) {
      this.#own.count(-jobs.length);
      const why = new SpoolError(asError(error));
      return jobs.map(() => ({ error: why }));
    }
  }

  #spooled(outcome: PutOutcome): PutOutcome {
    if ("id" in outcome) {
      const id = `spool-${this.#parts.store.slot}-${outcome.id}`;
      return { id, isNew: true, isSpooled: true };
    }
    this.#own.count(-1);
    return { error: new SpoolError(outcome.error) };
  }

  consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    return this.#parts.target.consume(tubes, options);
  }

  async status(id: string, options?: Abortable): Promise<RawStatus | undefined> {
    const { target, store } = this.#parts;
    const own = this.#spoolId(id);
    if (own === undefined) return target.status(id, options);
    const waiting = await store.backend.status(own, options);
    if (waiting !== undefined) return { ...spooledStatus(waiting), id };
    const there = await this.#delivered(own, options);
    return there === undefined ? undefined : target.status(there, options);
  }

  async end(id: string, options: WaitOptions): Promise<RawEnd | undefined> {
    const { target, store, now } = this.#parts;
    const own = this.#spoolId(id);
    if (own === undefined) return target.end(id, options);
    const began = now();
    const left = await store.backend.end(own, options);
    if (left === undefined || left.end !== "finished") return left;
    const timeoutMillis = Math.max(0, options.timeoutMillis - (now() - began));
    return target.end(TEXT.decode(left.result), { ...options, timeoutMillis });
  }

  async cancel(id: string, options?: Abortable): Promise<Cancelled> {
    const { target, store } = this.#parts;
    const own = this.#spoolId(id);
    if (own === undefined) return target.cancel(id, options);
    const cancelled = await store.backend.cancel(own, options);
    if (cancelled !== "not-found") {
      if (cancelled === "cancelled") this.#own.count(-1);
      return cancelled;
    }
    const there = await this.#delivered(own, options);
    return there === undefined ? "not-found" : target.cancel(there, options);
  }

  async move(id: string, tube: string, options?: Abortable): Promise<boolean> {
    const { target, store } = this.#parts;
    const own = this.#spoolId(id);
    if (own === undefined) return target.move(id, tube, options);
    if ((await store.backend.status(own, options)) !== undefined) return false;
    const there = await this.#delivered(own, options);
    return there !== undefined && target.move(there, tube, options);
  }

  /** One that is still in the spool is on its way already. */
  async retry(id: string, options?: Abortable): Promise<boolean> {
    const { target, store } = this.#parts;
    const own = this.#spoolId(id);
    if (own === undefined) return target.retry(id, options);
    if ((await store.backend.status(own, options)) !== undefined) return false;
    const there = await this.#delivered(own, options);
    return there !== undefined && target.retry(there, options);
  }

  list(filter: RawFilter): AsyncIterable<RawStatus> {
    return this.#parts.target.list(filter);
  }

  pause(tube: string, options?: Abortable): Promise<void> {
    return this.#parts.target.pause(tube, options);
  }

  resume(tube: string, options?: Abortable): Promise<void> {
    return this.#parts.target.resume(tube, options);
  }

  stats(tube: string | undefined, options?: Abortable): Promise<QueueStats> {
    return this.#parts.target.stats(tube, options);
  }

  /** What waits in the spool stays there, for whoever opens it next. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    const { target, store } = this.#parts;
    await Promise.all([this.#own.close(), this.#adopting]);
    await Promise.all([target.close(), store.backend.close()]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The id in this process's part of the spool; undefined for one of the target. */
  #spoolId(id: string): string | undefined {
    const [, slot, own] = /^spool-(\w+)-(\d+)$/.exec(id) ?? [];
    if (slot === undefined) return undefined;
    return slot === this.#parts.store.slot ? own : "0"; // 0 is no job's
  }

  /** The id that a job has in the target. */
  async #delivered(own: string, options: Abortable = {}): Promise<string | undefined> {
    const wait = { ...options, timeoutMillis: KNOWN_TIMEOUT_MILLIS };
    const end = await this.#parts.store.backend.end(own, wait);
    return end?.end === "finished" ? TEXT.decode(end.result) : undefined;
  }

  /** Delivers what processes left in the spool that are not there any more. */
  async #adopt(clock: Clock): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        for await (const backend of this.#parts.store.abandoned()) await this.#drain(backend);
      } catch (error) {
        this.#parts.troubled(error);
      }
      await pause(clock, LOOK_MILLIS, signal);
    }
  }

  async #drain(backend: QueueBackend): Promise<void> {
    const { signal } = this.#ending;
    try {
      const forwarder = await SpoolForwarder.open(forwarding(this.#parts, backend));
      const close = (): void => void forwarder.close();
      if (signal.aborted) close();
      signal.addEventListener("abort", close);
      await forwarder.empty();
      signal.removeEventListener("abort", close);
      await forwarder.close();
    } finally {
      await backend.close();
    }
  }
}

function forwarding(parts: SpoolParts, store: QueueBackend): ForwarderParts {
  return { ...parts, store };
}

function isAway(outcome: PutOutcome | undefined): boolean {
  if (outcome === undefined || "id" in outcome) return false;
  return outcome.error instanceof HomemakerError && AWAY.has(outcome.error.code);
}

/** Whether the job may be there all the same. */
function isUnsure(outcome: PutOutcome | undefined): boolean {
  if (outcome === undefined || "id" in outcome) return false;
  const { error } = outcome;
  return error instanceof LostError || (error instanceof TimeoutError && error.wasSent);
}

/** What a job has come to that the spool did not take, and that may be there. */
function unsure(outcome: PutOutcome | undefined): PutOutcome | undefined {
  if (outcome === undefined || "id" in outcome) return outcome;
  return { error: new LostError("put", outcome.error) };
}

/** A job that waits in the spool, as one of the target. */
function spooledStatus(raw: RawStatus): RawStatus {
  const { job } = decodeSpooled(raw.body);
  const state = raw.state === "buried" ? "buried" : "delayed";
  const { tube, body, priority } = job;
  return { ...raw, tube, body, priority, state, attempt: 0, leftMillis: 0 };
}
