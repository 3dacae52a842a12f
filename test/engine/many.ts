/* Many: the operations of a walk that put, take and delete many jobs in one call: what that comes
 * to is what the calls for one come to. Used by walk.ts.
 */
import { deepStrictEqual } from "node:assert";
import * as C from "../../assembly/constants.ts";
import { Ending } from "./ending.ts";
import { behindEntry } from "./engine-many.ts";
import type { Reply } from "./answers.ts";
import { PUT_BYTES, pick, pickNumber } from "./steps.ts";
import type { Operation, Session } from "./steps.ts";

/** Three of these find room in a slot. */
const MOST_BYTES = 20_000;

/** Engine and model, with many at once. */
export class Many extends Ending {
  /** False for any other operation. */
  protected many(
    operation: Operation,
    session: Session | undefined,
    b: number,
    c: number,
  ): boolean {
    switch (operation) {
      case "putMany":
        if (session !== undefined) this.#put(session, b, c);
        return true;
      case "takeMany":
        if (session !== undefined && !session.waiting) this.#take(session, b % 6);
        return true;
      case "deleteMany":
        if (session !== undefined) this.#delete(session, b, c);
        return true;
      default:
        return false;
    }
  }

  #put({ thread, used }: Session, b: number, c: number): void {
    if (used === undefined) return;
    const first = this.newJob(b, c);
    const jobs = Array.from({ length: 1 + (b % 3) }, (_, index) => {
      const id = index === 0 ? first.id : (this.lastId = this.engine.raw(0).nextId());
      const bytes = Math.min(pickNumber(PUT_BYTES, (b >>> 3) + index), MOST_BYTES);
      return { ...first, id, body: this.bodyFor(id, bytes) };
    });
    const reply = this.engine.putMany(thread, used.ref, jobs, this.now);
    const wanted: Reply[] = [];
    for (const { body, ...job } of jobs) {
      const isRefused = this.tight && wanted.length === reply.count;
      if (isRefused && this.isRefused(reply)) break;
      wanted.push(this.model.put(used.name, job, body.toString("latin1"), this.now));
      if (wanted.at(-1)?.answer !== "DONE") break;
    }
    if (wanted.length === 0) return this.agreeBut(reply, this.model.tick(this.now));
    const count = wanted.filter(({ answer }) => answer === "DONE" || answer === "BURIED").length;
    const answer = reply.answer === "OUT_OF_MEMORY" ? reply.answer : wanted.at(-1)?.answer;
    deepStrictEqual(reply, { answer, wakes: wokenBy(wanted), count });
  }

  #take({ thread, ref }: Session, most: number): void {
    const { reply, jobs } = this.engine.takeMany(thread, ref, most, this.now);
    const wanted: Reply[] = [this.model.tick(this.now)];
    let bytes = 0;
    for (let left = most; left > 0; left--) {
      const best = this.model.jobs.get(this.model.best(ref, this.now).id ?? 0);
      if (best === undefined || behindEntry(bytes, best.body.length) > C.OUTPUT_BYTES) break;
      const taken = this.model.take(ref, this.now);
      if (taken.answer !== "RESERVED") break;
      wanted.push(taken);
      bytes = behindEntry(bytes, best.body.length);
    }
    const taken = wanted.slice(1).map(({ id, body }) => ({ id, body }));
    deepStrictEqual(jobs, taken);
    deepStrictEqual(reply, { answer: "DONE", wakes: wokenBy(wanted) });
  }

  #delete({ thread, ref }: Session, b: number, c: number): void {
    const held = this.model.heldBy(this.model.conn(ref)).map(({ id }) => id);
    const ids = [pick(held, c), pick(held, c + 1), this.anyId(b), pick(held, c + 2)];
    const some = [...new Set(ids.flatMap((id) => id ?? []))];
    const reply = this.engine.deleteMany(thread, ref, some, this.now);
    const wanted: Reply[] = [this.model.tick(this.now)];
    let count = 0;
    for (const id of some) {
      const one = this.model.deleteJob(ref, id, this.now);
      if (one.answer !== "DONE") break;
      wanted.push(one);
      count++;
    }
    deepStrictEqual(reply, { answer: "DONE", wakes: wokenBy(wanted), count });
  }
}

/** The threads that are woken by what was answered so, each once. */
function wokenBy(replies: readonly Reply[]): readonly number[] {
  return [...new Set(replies.flatMap(({ wakes }) => wakes))].toSorted((a, b) => a - b);
}
