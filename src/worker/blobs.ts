/* Blobs: writes long bodies to a store before their jobs are put, brings them back, and removes
 * what no job has any more. Used by blob-backend.ts.
 *
 * Invariants: a blob is there before the job that refers to it. It is removed when the job is known
 * to be gone; where that is not known it stays until a sweep finds out.
 */
import { asError } from "../client/errors.ts";
import type { QueueBackend, RawJob } from "./backend.ts";
import {
  digestOf,
  madeAtMillis,
  newKey,
  notedKey,
  noteOf,
  referenceIn,
  referenceTo,
} from "./blob-reference.ts";
import type { BlobReference } from "./blob-reference.ts";
import { BlobError } from "./blob-store.ts";
import type { BlobOptions, BlobStore } from "./blob-store.ts";
import type { Abortable } from "./enqueue-options.ts";
import { BadOptionError, UnsupportedError } from "./errors.ts";
import type { Logger } from "./logger.ts";

/** What else they need. */
export interface BlobSurroundings {
  readonly now: () => number;
  readonly logger: Logger | undefined;
}

const ABOVE_BYTES = 32_768;
const DAY_MILLIS = 86_400_000;
/** A blob that is younger may be of a job that is being put. */
const YOUNG_MILLIS = DAY_MILLIS;
/** One whose job is not known is kept for so long. */
const UNNOTED_MILLIS = 30 * DAY_MILLIS;
const BYTES = new TextEncoder();
const TEXT = new TextDecoder();

/** The blobs of one queue. */
export class Blobs {
  readonly #store: BlobStore;
  readonly #aboveBytes: number;
  readonly #around: BlobSurroundings;

  constructor({ store, aboveBytes = ABOVE_BYTES }: BlobOptions, around: BlobSurroundings) {
    if (!Number.isInteger(aboveBytes) || aboveBytes < 0) {
      throw new BadOptionError(`blobs.aboveBytes: ${aboveBytes} is no number of bytes`);
    }
    this.#store = store;
    this.#aboveBytes = aboveBytes;
    this.#around = around;
  }

  /** Whether its body is too long for the queue. */
  isLong({ body }: RawJob): boolean {
    return body.length > this.#aboveBytes;
  }

  /** Writes its body to the store; returns the job that refers to it. */
  async offload(job: RawJob, options: Abortable): Promise<RawJob> {
    const { body } = job;
    const key = newKey(this.#around.now());
    await this.#store.write(key, body, options);
    const blob = { key, bytes: body.length, sha256: await digestOf(body) };
    return { ...job, body: referenceTo(body, blob) };
  }

  /** The body that is referred to. Rejects with a BlobError, and as the store does. */
  async bring({ key, bytes, sha256 }: BlobReference, options: Abortable = {}): Promise<Uint8Array> {
    const body = await this.#store.read(key, options);
    if (body === undefined) throw new BlobError("HM_BLOB_MISSING", key);
    if (body.length !== bytes || (await digestOf(body)) !== sha256) {
      throw new BlobError("HM_BLOB_DAMAGED", key);
    }
    return body;
  }

  /** Writes down whose it is. */
  note(key: string, id: string): Promise<void> {
    return this.#quietly(key, () => this.#store.write(noteOf(key), BYTES.encode(id)));
  }

  /** Its job gets another id, which is not known here. */
  forget(key: string): Promise<void> {
    return this.#quietly(key, () => this.#store.remove(noteOf(key)));
  }

  /** Its job is gone. What cannot be removed now is found by a sweep. */
  remove(key: string): Promise<void> {
    return this.#quietly(key, async () => {
      await this.#store.remove(key);
      await this.#store.remove(noteOf(key));
    });
  }

  async #quietly(key: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#around.logger?.warn({ error: asError(error), blob: key }, "the blob store refused");
    }
  }

  /**
   * Removes what no job of that back end has any more; returns how many. Rejects with an
   * UnsupportedError where the back end cannot be asked for a job.
   */
  async sweep(backend: QueueBackend): Promise<number> {
    const keys = new Set<string>();
    for await (const key of this.#store.list()) keys.add(key);
    let removed = 0;
    for (const key of keys) {
      const blob = notedKey(key) ?? key;
      const madeAt = madeAtMillis(blob);
      if (madeAt === undefined || (blob !== key && keys.has(blob))) continue;
      const ageMillis = this.#around.now() - madeAt;
      if (ageMillis < YOUNG_MILLIS || (await this.#isNeeded(blob, ageMillis, backend))) continue;
      await this.remove(blob);
      removed += 1;
    }
    return removed;
  }

  async #isNeeded(key: string, ageMillis: number, backend: QueueBackend): Promise<boolean> {
    const note = await this.#store.read(noteOf(key));
    if (note === undefined) return ageMillis < UNNOTED_MILLIS;
    const job = await backend.status(TEXT.decode(note));
    return job !== undefined && referenceIn(job.body)?.key === key;
  }
}

/** Whether the error is of a back end that cannot be asked. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof UnsupportedError;
}
