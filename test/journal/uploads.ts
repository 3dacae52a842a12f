/* Uploads: bodies that go to the journal in parts: begun, a few bytes now and then, finished or
 * given up. Made and used by clients.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { BODY_MAX, bodyOf, longBodyBytesOf, partsBytes, tagsOf } from "./bodies.ts";
import { LedgerError } from "./ledger.ts";
import type { LedgerJob } from "./ledger.ts";
import type { Surroundings } from "./surroundings.ts";

/** Long bodies that are there at a time. */
const LONG_JOBS_MAX = 3;
/** Long bodies that are coming at a time. */
const UPLOADS_MAX = 2;
/** Times that room is made for the next bytes of one, at most: each time space is freed at last. */
const WAITS_MAX = 20;

/** A body that is coming. */
export interface Upload {
  readonly shard: Shard;
  readonly ref: number;
  readonly job: LedgerJob;
  position: number;
}

/** What the clients do for their uploads. */
interface Jobs {
  newJob(bodyBytes: number, delaySeconds: number): LedgerJob;
  shardOf(tube: string): Shard;
  /** The engine's reference to a tube. */
  tubeOf(name: string): number;
  delaySeconds(): number;
  wasPut(shard: Shard, job: LedgerJob): void;
  /** The put of the job met another with its key. */
  hasMet(shard: Shard, job: LedgerJob): void;
}

/** Those of one server. */
export class Uploads {
  readonly #world: Surroundings;
  readonly #jobs: Jobs;
  readonly #coming: Upload[] = [];

  constructor(world: Surroundings, jobs: Jobs) {
    this.#world = world;
    this.#jobs = jobs;
  }

  /** Bytes of the PART records of all that are coming. */
  get recordBytes(): number {
    return this.#coming.reduce((sum, { job, position }) => {
      return sum + partsBytes(job.bodyBytes, position);
    }, 0);
  }

  /** Puts a job with a long body, waiting for room as often as it takes. */
  putWhole(bodyBytes: number): void {
    const upload = this.begin(bodyBytes, 0);
    if (upload === undefined) return;
    while (upload.position < bodyBytes && this.append(upload, 30_000));
    this.finish(upload);
  }

  /** Begins one, or does a part of one. */
  goOn(): void {
    const long = [...this.#world.ledger.jobs.values()].filter((job) => job.bodyBytes > BODY_MAX);
    const uploads = this.#coming;
    const upload = uploads[this.#world.random(UPLOADS_MAX)];
    if (upload === undefined) {
      if (uploads.length + long.length >= LONG_JOBS_MAX || this.#world.journal.isFull) return;
      this.begin(longBodyBytesOf(this.#world.random), this.#jobs.delaySeconds());
    } else if (this.#world.random(15) === 0) this.drop(upload);
    else if (upload.position === upload.job.bodyBytes) this.finish(upload);
    else this.append(upload, 1 + this.#world.random(50_000));
  }

  begin(bodyBytes: number, delaySeconds: number): Upload | undefined {
    const job = this.#jobs.newJob(bodyBytes, delaySeconds);
    const shard = this.#jobs.shardOf(job.tube);
    if (shard.openUpload(bodyBytes) !== C.DONE) return undefined;
    const ref = shard.field(C.RESULT_REF);
    const tube = this.#jobs.tubeOf(job.tube);
    const upload = { shard, ref, job, position: 0 };
    if (shard.recordUpload(ref, tube, job.id, tagsOf(job.tags).length) !== C.DONE) {
      shard.dropUpload(ref);
      return undefined;
    }
    this.#coming.push(upload);
    return upload;
  }

  /** The body that began to come first, of those that are coming. */
  get first(): Upload | undefined {
    return this.#coming[0];
  }

  /**
   * The next `most` bytes of a body at most; false when it was given up, for want of memory or of
   * space. Throws a LedgerError when it is taken on and there is never room for it.
   */
  append(upload: Upload, most: number): boolean {
    const { shard, ref, job } = upload;
    const piece = bodyOf(job.id, job.bodyBytes).subarray(upload.position, upload.position + most);
    for (let done = 0, waits = 0; done < piece.length;) {
      const rest = piece.length - done;
      // Anew: here the journal reads segments into the same thread's slot when it makes room.
      shard.input.set(piece);
      const answer = shard.appendUpload(ref, upload.position, done, rest);
      const count = shard.field(C.RESULT_COUNT);
      done += count;
      upload.position += count;
      waits = count > 0 ? 0 : waits + 1;
      if (waits > WAITS_MAX) throw new LedgerError("a body waits for room for ever");
      if (answer === C.MORE) this.#world.makeRoom();
      if (answer === C.OUT_OF_MEMORY || this.#world.journal.isFull) {
        this.drop(upload);
        return false;
      }
    }
    return true;
  }

  drop(upload: Upload): void {
    if (!this.#world.hasRoom()) this.#world.makeRoom();
    this.#coming.splice(this.#coming.indexOf(upload), 1);
    upload.shard.dropUpload(upload.ref);
  }

  /** Makes a job of a body that has come to its end. */
  finish(upload: Upload): void {
    const { shard, ref, job, position } = upload;
    if (position < job.bodyBytes) return; // it was given up
    if (!this.#world.hasRoom()) this.#world.makeRoom();
    this.#coming.splice(this.#coming.indexOf(upload), 1);
    const { id, tube, pri, delaySeconds, ttrSeconds } = job;
    const to = this.#jobs.tubeOf(tube);
    const tags = tagsOf(job.tags);
    const now = this.#world.now;
    shard.tags.set(tags);
    const answer =
      tags.length === 0
        ? shard.commitUpload(ref, to, id, pri, delaySeconds, ttrSeconds, now)
        : shard.commitTagged(ref, to, id, pri, delaySeconds, ttrSeconds, tags.length, now);
    if (answer === C.KNOWN) {
      this.#jobs.hasMet(shard, job);
      return;
    }
    if (answer === C.OUT_OF_MEMORY) {
      shard.dropUpload(ref); // there was none for its tags
      return;
    }
    const due = delaySeconds === 0 ? 0 : this.#world.wall + delaySeconds * 1_000_000;
    this.#jobs.wasPut(shard, { ...job, due });
  }
}
