/* Putting: the operations of a walk with which jobs come, whole or as uploads, and go in numbers.
 * Used by walk.ts.
 */
import { strictEqual } from "node:assert";
import * as C from "../../assembly/constants.ts";
import { Looking } from "./looking.ts";
import type { ModelJob } from "./model-parts.ts";
import { BURST_BYTES, NOISE, PRIORITIES, PUT_BYTES, pickNumber } from "./steps.ts";
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
    if (session?.used === undefined) return;
    const { ref, name } = session.used;
    const job = this.newJob(b, c);
    const body = this.bodyFor(job.id, bytes);
    const reply = this.engine.put(session.thread, ref, { ...job, body }, this.now);
    if (this.isRefused(reply)) this.agreeBut(reply, this.model.tick(this.now));
    else this.agree(reply, this.model.put(name, job, body.toString("latin1"), this.now));
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
    const late = c % 5 === 0 && id > 3 && !this.model.jobs.has(id - 2) ? id - 2 : id;
    this.lastId = id;
    return {
      id: late,
      pri: pickNumber(PRIORITIES, c),
      delaySeconds: pickNumber([0, 0, 0, 0, 2, 4, 10], c >>> 3),
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
    const { ref, name } = session.used;
    const reply = this.engine.commitUpload(session.thread, upload.ref, ref, job, this.now);
    this.agree(reply, this.model.put(name, job, upload.body.toString("latin1"), this.now));
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
