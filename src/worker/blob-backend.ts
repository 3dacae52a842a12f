/* Blob back end: another back end, whose jobs may have bodies of any size: long ones lie in a blob
 * store, and what is in the queue refers to them.
 *
 * Whoever enqueues and whoever works sees whole bodies alone. Invariants: those of Blobs; a job
 * whose blob is lost is set aside with that as its error, and one whose store does not answer is
 * given back with no attempt counted. Its lease is renewed while its body is fetched. Made by
 * src/entries/.
 */
import { asError } from "../client/errors.ts";
import type { Clock } from "../clock.ts";
import type { Cancelled, Capabilities, Completion, Consumer, ConsumeOptions } from "./backend.ts";
import type {
  HeldJob,
  PutOutcome,
  QueueBackend,
  QueueStats,
  RawEnd,
  RawFilter,
} from "./backend.ts";
import type { RawJob, RawStatus, WaitOptions } from "./backend.ts";
import { referenceIn } from "./blob-reference.ts";
import type { BlobReference } from "./blob-reference.ts";
import { BlobError } from "./blob-store.ts";
import type { BlobOptions } from "./blob-store.ts";
import { Blobs, isUnsupported } from "./blobs.ts";
import { whenDoomed } from "./doomed.ts";
import type { Abortable } from "./enqueue-options.ts";
import { BadOptionError } from "./errors.ts";
import { encodeFailure, serializeError } from "./serialized-error.ts";
import type { Logger } from "./logger.ts";

/** What it goes by. */
export interface BlobBackendParts extends BlobOptions {
  readonly now: () => number;
  /** Its timers keep no process alive. */
  readonly clock: Clock;
  readonly logger: Logger | undefined;
}

const RENEW_MILLIS = 5000;
/** How long a job waits whose store did not answer. */
const STORE_WAIT_MILLIS = 5000;
/** After these a job may be there or not. */
const UNKNOWN = new Set(["HM_LOST", "HM_TIMEOUT"]);

/** A back end with big bodies. */
export class BlobBackend implements QueueBackend {
  readonly #backend: QueueBackend;
  readonly #blobs: Blobs;
  readonly #parts: BlobBackendParts;
  #stopSweeping: () => void = () => undefined;
  #isClosed = false;

  constructor(backend: QueueBackend, parts: BlobBackendParts) {
    this.#backend = backend;
    this.#blobs = new Blobs(parts, parts);
    this.#parts = parts;
    const { sweepEveryMillis } = parts;
    if (sweepEveryMillis === undefined) return;
    if (!(sweepEveryMillis >= 1000)) {
      throw new BadOptionError(`blobs.sweepEveryMillis: ${sweepEveryMillis} is less than a second`);
    }
    this.#sweepAfter(sweepEveryMillis);
  }

  get name(): string {
    return this.#backend.name;
  }

  get can(): Capabilities {
    return this.#backend.can;
  }

  async put(jobs: readonly RawJob[], options: Abortable = {}): Promise<readonly PutOutcome[]> {
    if (!jobs.some((job) => this.#blobs.isLong(job))) return this.#backend.put(jobs, options);
    const written = await this.#offloadAll(jobs, options);
    const sent = written.filter((one): one is RawJob => !(one instanceof Error));
    let outcomes: readonly PutOutcome[];
    try {
      outcomes = await this.#backend.put(sent, options);
    } catch (error) {
      await Promise.all(sent.map((job) => this.#removeBlobOf(job))); // nothing was done
      throw error;
    }
    await Promise.all(sent.map((job, at) => this.#settle(job, outcomes[at])));
    let next = 0;
    return written.map((one) => {
      if (one instanceof Error) return { error: one };
      return outcomes[next++] ?? { error: new RangeError("the back end said nothing of a job") };
    });
  }

  /** One after the other, so that few are in memory twice; an error for those that failed. */
  async #offloadAll(
    jobs: readonly RawJob[],
    options: Abortable,
  ): Promise<readonly (RawJob | Error)[]> {
    const written: (RawJob | Error)[] = [];
    for (const job of jobs) {
      if (!this.#blobs.isLong(job)) written.push(job);
      else written.push(await this.#blobs.offload(job, options).catch(asError));
    }
    return written;
  }

  async #settle(job: RawJob, outcome: PutOutcome | undefined): Promise<void> {
    const blob = referenceIn(job.body);
    if (blob === undefined || outcome === undefined) return;
    if ("id" in outcome && outcome.isSpooled === true) return; // its id will be another one
    if ("id" in outcome && outcome.isNew) return this.#blobs.note(blob.key, outcome.id);
    if ("error" in outcome && isUnknown(outcome.error)) return;
    await this.#blobs.remove(blob.key);
  }

  async #removeBlobOf({ body }: { readonly body: Uint8Array }): Promise<void> {
    const blob = referenceIn(body);
    if (blob !== undefined) await this.#blobs.remove(blob.key);
  }

  consume(tubes: readonly string[], options: ConsumeOptions): Consumer {
    const take = (held: HeldJob): void | Promise<void> => {
      const blob = referenceIn(held.body);
      if (blob === undefined) return options.take(this.#wrapped(held, held.body, undefined));
      return this.#takeWithBlob(held, blob, options);
    };
    return this.#backend.consume(tubes, { ...options, take });
  }

  async #takeWithBlob(held: HeldJob, blob: BlobReference, options: ConsumeOptions): Promise<void> {
    const body = await this.#bodyOf(held, blob, options);
    if (body !== undefined && held.isHeld) await options.take(this.#wrapped(held, body, blob.key));
  }

  /** The body; undefined if the job was ended for want of it. */
  async #bodyOf(
    held: HeldJob,
    blob: BlobReference,
    { troubled }: ConsumeOptions,
  ): Promise<Uint8Array | undefined> {
    const renewing = this.#renewing(held);
    try {
      return await this.#blobs.bring(blob);
    } catch (thrown) {
      const error = asError(thrown);
      troubled?.(error);
      if (error instanceof BlobError) {
        await held.bury({ failure: encodeFailure(serializeError(error)) });
      } else await held.handBack({ afterMillis: STORE_WAIT_MILLIS });
      return undefined;
    } finally {
      renewing();
    }
  }

  /** Renews its lease again and again, until what it returns is called. */
  #renewing(held: HeldJob): () => void {
    let cancel: () => void;
    const renew = (): void => {
      held.renew().catch(() => undefined); // whether it is still held is seen afterwards
      cancel = this.#parts.clock.after(RENEW_MILLIS, renew);
    };
    cancel = this.#parts.clock.after(RENEW_MILLIS, renew);
    return () => cancel();
  }

  #wrapped(held: HeldJob, body: Uint8Array, key: string | undefined): HeldJob {
    return new HeldWithBlob(held, body, {
      offload: async (next) => {
        const written = await this.#offloadAll(next, {});
        const failed = written.find((one) => one instanceof Error);
        if (failed !== undefined) throw failed;
        return written.filter((one): one is RawJob => !(one instanceof Error));
      },
      gone: async () => {
        if (key !== undefined) await this.#blobs.remove(key);
      },
      renamed: async () => {
        if (key !== undefined && !this.can.move) await this.#blobs.forget(key);
      },
    });
  }

  async status(id: string, options: Abortable = {}): Promise<RawStatus | undefined> {
    const status = await this.#backend.status(id, options);
    const blob = status === undefined ? undefined : referenceIn(status.body);
    if (status === undefined || blob === undefined) return status;
    try {
      return { ...status, body: await this.#blobs.bring(blob, options) };
    } catch (error) {
      if (error instanceof BlobError) return status; // what is left of it
      throw error;
    }
  }

  end(id: string, options: WaitOptions): Promise<RawEnd | undefined> {
    return this.#backend.end(id, options);
  }

  async cancel(id: string, options: Abortable = {}): Promise<Cancelled> {
    const before = await this.#lookAt(id, options);
    const outcome = await this.#backend.cancel(id, options);
    if (outcome === "cancelled" && before !== undefined) await this.#removeBlobOf(before);
    return outcome;
  }

  async #lookAt(id: string, options: Abortable): Promise<RawStatus | undefined> {
    try {
      return await this.#backend.status(id, options);
    } catch (error) {
      if (isUnsupported(error)) return undefined;
      throw error;
    }
  }

  move(id: string, tube: string, options: Abortable = {}): Promise<boolean> {
    return this.#backend.move(id, tube, options);
  }

  retry(id: string, options: Abortable = {}): Promise<boolean> {
    return this.#backend.retry(id, options);
  }

  /** Bodies of many jobs are not fetched: of a long one its type is there, and no payload. */
  list(filter: RawFilter): AsyncIterable<RawStatus> {
    return this.#backend.list(filter);
  }

  pause(tube: string, options: Abortable = {}): Promise<void> {
    return this.#backend.pause(tube, options);
  }

  resume(tube: string, options: Abortable = {}): Promise<void> {
    return this.#backend.resume(tube, options);
  }

  stats(tube: string | undefined, options: Abortable = {}): Promise<QueueStats> {
    return this.#backend.stats(tube, options);
  }

  /** Removes what no job has any more; returns how many. */
  sweep(): Promise<number> {
    return this.#blobs.sweep(this.#backend);
  }

  #sweepAfter(millis: number): void {
    this.#stopSweeping = this.#parts.clock.after(millis, () => void this.#sweepNow(millis));
  }

  async #sweepNow(millis: number): Promise<void> {
    try {
      const removed = await this.sweep();
      if (removed > 0) this.#parts.logger?.info({ removed }, "blobs without a job were removed");
    } catch (error) {
      this.#parts.logger?.warn({ error }, "blobs could not be looked through");
      if (isUnsupported(error)) return;
    }
    if (!this.#isClosed) this.#sweepAfter(millis);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#stopSweeping();
    return this.#backend.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Who sees to the blobs of a job that is held. */
interface BlobCare {
  /** Writes long bodies of jobs that follow. */
  offload(next: readonly RawJob[]): Promise<readonly RawJob[]>;
  /** The job is gone. */
  gone(): Promise<void>;
  /** The job may get another id. */
  renamed(): Promise<void>;
}

/** A held job with its whole body. */
class HeldWithBlob implements HeldJob {
  readonly body: Uint8Array;
  readonly #held: HeldJob;
  readonly #care: BlobCare;

  constructor(held: HeldJob, body: Uint8Array, care: BlobCare) {
    this.#held = held;
    this.body = body;
    this.#care = care;
  }

  get id(): string {
    return this.#held.id;
  }

  get tube(): string {
    return this.#held.tube;
  }

  get attempt(): number {
    return this.#held.attempt;
  }

  get signal(): AbortSignal {
    return this.#held.signal;
  }

  onDoomed(told: (reason: unknown) => void): void {
    whenDoomed(this.#held, told);
  }

  get isHeld(): boolean {
    return this.#held.isHeld;
  }

  async complete(completion: Completion = {}): Promise<void> {
    const { next } = completion;
    const whole =
      next === undefined ? completion : { ...completion, next: await this.#care.offload(next) };
    await this.#held.complete(whole);
    await this.#care.gone();
  }

  release(options?: Parameters<HeldJob["release"]>[0]): Promise<void> {
    return this.#held.release(options);
  }

  handBack(options?: Parameters<HeldJob["handBack"]>[0]): Promise<void> {
    return this.#held.handBack(options);
  }

  bury(options?: Parameters<HeldJob["bury"]>[0]): Promise<void> {
    return this.#held.bury(options);
  }

  async moveTo(tube: string, options?: Parameters<HeldJob["moveTo"]>[1]): Promise<void> {
    await this.#care.renamed();
    await this.#held.moveTo(tube, options);
  }

  async discard(): Promise<void> {
    await this.#held.discard();
    await this.#care.gone();
  }

  renew(): Promise<void> {
    return this.#held.renew();
  }

  progress(note: Uint8Array): Promise<void> {
    return this.#held.progress(note);
  }
}

function isUnknown(error: Error): boolean {
  return "code" in error && UNKNOWN.has(String(error.code));
}
