/* Engine, many: the calls for many jobs at once, and their entries in the slots (MANY_* of
 * assembly/layouts.ts). Used by engine.ts and many.ts.
 */
import { strictEqual } from "node:assert";
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { NewJob, Reply } from "./answers.ts";
import { EngineEnds } from "./engine-ends.ts";

const EMPTY = new Uint8Array(0);

/** What one call for many took. */
export interface ManyTaken {
  readonly reply: Reply;
  /** One character for each byte of a body. */
  readonly jobs: readonly { readonly id: number; readonly body: string }[];
}

/** Where the entry behind one at `at` begins, whose body has so many bytes. */
export function behindEntry(at: number, bytes: number): number {
  return Math.ceil((at + L.MANY_BODY + bytes) / L.MANY_ALIGN) * L.MANY_ALIGN;
}

/** A shard, asked for many at once. */
export class EngineMany extends EngineEnds {
  /** Puts jobs that have but ids and bodies of their own; `count` of them were put. */
  putMany(t: number, tube: number, jobs: readonly NewJob[], now: number): Reply {
    const { input } = this.thread(t);
    let at = 0;
    for (const { id, body = EMPTY } of jobs) {
      input.writeDoubleLE(id, at + L.MANY_ID);
      input.writeDoubleLE(body.length, at + L.MANY_BODY_BYTES);
      input.set(body, at + L.MANY_BODY);
      at = behindEntry(at, body.length);
    }
    const [{ pri = 0, delaySeconds = 0, ttrSeconds = 60 } = {}] = jobs;
    const { putMany } = this.raw(t);
    const code = putMany(t, tube, jobs.length, pri, delaySeconds, ttrSeconds, now);
    return { ...this.reply(t, code), count: this.thread(t).field(C.RESULT_COUNT) };
  }

  /** Takes the best jobs, as many as one call gives. */
  takeMany(t: number, conn: number, most: number, now: number): ManyTaken {
    const reply = this.reply(t, this.raw(t).takeMany(t, conn, most, now));
    const { output } = this.thread(t);
    const jobs: { id: number; body: string }[] = [];
    let at = 0;
    for (let left = this.thread(t).field(C.RESULT_COUNT); left > 0; left--) {
      const bytes = output.readDoubleLE(at + L.MANY_BODY_BYTES);
      const begin = at + L.MANY_BODY;
      const body = output.toString("latin1", begin, begin + bytes);
      jobs.push({ id: output.readDoubleLE(at + L.MANY_ID), body });
      at = behindEntry(at, bytes);
    }
    strictEqual(this.thread(t).field(C.RESULT_REPLY_BYTES), at);
    return { reply, jobs };
  }

  /** Deletes jobs until one is not to be; `count` of them. */
  deleteMany(t: number, conn: number, ids: readonly number[], now: number): Reply {
    const { input } = this.thread(t);
    for (const [index, id] of ids.entries()) input.writeDoubleLE(id, 8 * index);
    const reply = this.reply(t, this.raw(t).deleteMany(t, conn, ids.length, now));
    return { ...reply, count: this.thread(t).field(C.RESULT_COUNT) };
  }
}
