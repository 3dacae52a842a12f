/* Putting: the operations of a walk with which jobs come, whole or as uploads, and go in numbers.
 * Used by walk.ts.
 */
import { strictEqual } from "node:assert";
import * as C from "../../assembly/constants.ts";
import { Looking } from "./looking.ts";
import { wordsOf } from "./model-parts.ts";
import type { ModelJob, ModelTags } from "./model-parts.ts";
import {
  BURST_BYTES,
  GROUPS,
  KEYS,
  KEY_TTLS,
  LIVES,
  NOISE,
  PRIORITIES,
  PUT_BYTES,
} from "./steps.ts";
import { pick, pickNumber } from "./steps.ts";
import type { Session, Upload } from "./steps.ts";

/** Engine and model, put to. */
export class Putting extends Looking {
  protected put(session: Session | undefined, b: number, c: number): void {
    this.putBytes(session, b, c, pickNumber(PUT_BYTES, b >>> 3));
  }

  protected burstBytes(choice: number): number {
    return pickNumber(BURST_BYTES, choice >>> 2);
  }

  protected putBytes(session: Session | undefined, b: number, c: number, bytes: number): void {
    this.#putWith(session, b, c, bytes, {});
  }

  #putWith(
    session: Session | undefined,
    b: number,
    c: number,
    bytes: number,
    tags: ModelTags,
  ): void {
    if (session?.used === undefined) return;
    const { ref, name } = session.used;
    const job = this.newJob(b, c);
    const body = this.bodyFor(job.id, bytes);
    const given = { ...job, body, tags: wordsOf(tags) };
    const reply = this.engine.put(session.thread, ref, given, this.now);
    if (this.isRefused(reply)) this.agreeBut(reply, this.model.tick(this.now));
    else this.agree(reply, this.model.put(name, job, body.toString("latin1"), this.now, tags));
  }

  /** A put with tags, mostly with a key that others have too. */
  protected putTagged(session: Session | undefined, b: number, c: number): void {
    const bytes = pickNumber(PUT_BYTES, b >>> 3);
    this.#putWith(session, b, c, bytes, this.tagsFor(b, c));
  }

  protected tagsFor(b: number, c: number): ModelTags {
    const name = pick(KEYS, b >>> 7) ?? "";
    const key = { name, ttlSeconds: pickNumber(KEY_TTLS, c >>> 7) };
    const exp = pickNumber(LIVES, b >>> 5);
    const max = 1 + ((c >>> 5) % 3);
    const which = c % 7;
    const con = { name: pick(KEYS, c >>> 5) ?? "", limit: 1 + ((b >>> 9) % 3) };
    return {
      ...(which < 4 && { key }),
      ...(which % 2 === 0 && { exp }),
      ...(which > 2 && { max }),
      ...(c % 5 < 3 && { con }),
      ...(b % 3 === 0 && { fair: pick(KEYS, c >>> 3) ?? "" }),
    };
  }

  /** Several jobs, each with a key of its own. */
  protected burstKeys(session: Session | undefined, b: number, c: number): void {
    for (let i = 0; i < 6; i++) {
      const key = { name: `${(b + i) % 12}`, ttlSeconds: pickNumber(KEY_TTLS, c + i) };
      this.#putWith(session, b + i, c, i, { key });
    }
  }

  /** Several jobs with one concurrency key. */
  protected crowd(session: Session | undefined, b: number, c: number): void {
    const con = { name: pick(KEYS, b) ?? "", limit: 1 + (c % 2) };
    for (let i = 0; i < 5; i++) this.#putWith(session, b + i, c + i, i, { con });
  }

  /** A member of a group, or a job that waits for one, or both. */
  protected putGrouped(session: Session | undefined, b: number, c: number): void {
    const which = c % 4;
    const grp = { grp: pick(GROUPS, b) ?? "" };
    const aft = { aft: pick(GROUPS, b + which) ?? "" };
    const tags = { ...(which < 3 && grp), ...(which > 0 && aft) };
    const others = b % 4 === 0 ? this.tagsFor(b, c) : {};
    this.#putWith(session, b, c, 10, { ...others, ...tags });
  }

  /** Deletes all members of a group that nobody holds. */
  protected endGroup(choice: number): void {
    const group = pick(GROUPS, choice);
    for (const { id, tags } of [...this.model.jobs.values()]) {
      if (tags.grp !== group) continue;
      this.agree(this.engine.deleteJob(0, 0, id, this.now), this.model.deleteJob(0, id, this.now));
    }
  }

  protected newJob(
    b: number,
    c: number,
  ): Required<Pick<ModelJob, "id" | "pri" | "delaySeconds">> & {
    ttrSeconds: number;
  } {
    const taken = new Set([...this.model.jobs.values()].map((job) => job.ttrSeconds));
    let ttrSeconds = 1 + 2 * (b % 12);
    while (taken.has(ttrSeconds)) ttrSeconds += 2;
    // Ids come from a counter that all shards share, and a slow upload may bring an old one: some
    // arrive late.
    const id = this.engine.raw(0).nextId();
    const isLate = c % 5 === 0 && id > 3 && !this.model.jobs.has(id - 2);
    const isFinished = this.model.results.some((one) => one.id === id - 2);
    const late = isLate && !isFinished ? id - 2 : id;
    this.lastId = id;
    return {
      id: late,
      pri: pickNumber(PRIORITIES, c),
      delaySeconds: pickNumber([0, 0, 0, 0, 2, 4.005, 10], c >>> 3),
      ttrSeconds: ttrSeconds === 1 && c % 2 === 0 ? 0 : ttrSeconds,
    };
  }

  protected bodyFor(id: number, bytes: number): Buffer {
    const from = (id * 13) % 1000;
    return NOISE.subarray(from, from + bytes);
  }

  protected openUpload(bytes: number): void {
    const { reply, ref } = this.engine.openUpload(0, bytes);
    if (!this.isRefused(reply)) strictEqual(reply.answer, "DONE");
    if (reply.answer !== "DONE") return;
    this.uploads.push({ ref, body: this.bodyFor(this.step, bytes), position: 0 });
  }

  protected append(upload: Upload | undefined, most: number): void {
    if (upload === undefined) return;
    const piece = upload.body.subarray(upload.position, upload.position + most);
    const { ref, position } = upload;
    const reply = this.engine.appendUpload(0, ref, position, piece);
    if (!this.isRefused(reply)) strictEqual(reply.answer, "DONE");
    upload.position += reply.count ?? 0;
    if (reply.answer === "DONE") strictEqual(reply.count, piece.length);
  }

  /** Brings an upload to its end: what is missing, then the commit. */
  protected commit(session: Session | undefined, upload: Upload | undefined, c: number): void {
    if (session?.used === undefined || upload === undefined) return;
    while (upload.position < upload.body.length) {
      const before = upload.position;
      this.append(upload, C.INPUT_BYTES);
      if (upload.position === before) return; // no memory for it now
    }
    const job = this.newJob(c, c);
    const tags = c % 3 === 0 ? this.tagsFor(c, c) : {};
    const { ref, name } = session.used;
    const given = { ...job, tags: wordsOf(tags) };
    const reply = this.engine.commitUpload(session.thread, upload.ref, ref, given, this.now);
    if (this.isRefused(reply)) return this.agreeBut(reply, this.model.tick(this.now));
    this.agree(reply, this.model.put(name, job, upload.body.toString("latin1"), this.now, tags));
    if (reply.answer === "FULL") return;
    this.uploads = this.uploads.filter((other) => other !== upload);
  }

  protected dropUpload(upload: Upload | undefined): void {
    if (upload === undefined) return;
    strictEqual(this.engine.dropUpload(0, upload.ref).answer, "DONE");
    this.uploads = this.uploads.filter((other) => other !== upload);
  }

  /** Deletes all jobs but each `kept`-th one and those that are held. */
  protected thin(kept: number): void {
    for (const [index, { id }] of [...this.model.jobs.values()].entries()) {
      if (index % (kept + 1) === 0) continue;
      this.agree(this.engine.deleteJob(0, 0, id, this.now), this.model.deleteJob(0, id, this.now));
    }
  }
}
