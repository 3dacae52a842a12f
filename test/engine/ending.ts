/* Ending: the operations of a walk that say how far jobs are, and how they end. Used by walk.ts. */
import * as C from "../../assembly/constants.ts";
import { deepStrictEqual } from "node:assert";
import { KEEPS, MESSAGE_BYTES, NOISE, NOTE_BYTES, THREADS, pick, pickNumber } from "./steps.ts";
import type { Operation, Session } from "./steps.ts";
import { Windowing } from "./windowing.ts";

/** Engine and model, with notes, results and awaits. */
export class Ending extends Windowing {
  /** False for any other operation. */
  protected end(operation: Operation, session: Session | undefined, b: number, c: number): boolean {
    switch (operation) {
      case "progress":
        if (session !== undefined) this.#progress(session, b, c);
        return true;
      case "peekProgress": {
        const noted = [...this.model.jobs.values()].filter(({ note }) => note !== undefined);
        const id = c % 4 === 0 ? this.anyId(b) : (pick(noted, b)?.id ?? this.anyId(b));
        this.agree(
          this.engine.peekProgress(c % THREADS, id, this.now),
          this.model.peekProgress(id, this.now),
        );
        return true;
      }
      case "finish":
        if (session !== undefined) this.#finish(session, b, c);
        return true;
      case "awaitJob":
        if (session !== undefined) this.#await(session, b, c);
        return true;
      case "takeEnds":
        if (session !== undefined) this.#takeEnds(session);
        return true;
      case "peekResult": {
        const id = pick(this.model.results, b)?.id ?? this.anyId(b);
        this.agree(
          this.engine.peekResult(c % THREADS, id, this.now),
          this.model.peekResult(id, this.now),
        );
        return true;
      }
      default:
        return false;
    }
  }

  #finish({ thread, ref }: Session, b: number, c: number): void {
    const held = this.model.heldBy(this.model.conn(ref));
    const id = b % 8 === 0 ? this.anyId(c) : (pick(held, c)?.id ?? this.anyId(c));
    const bytes = pickNumber(MESSAGE_BYTES, b);
    const from = (c * 61) % (NOISE.length - bytes);
    const text = NOISE.subarray(from, from + bytes);
    const keepSeconds = pickNumber(KEEPS, c);
    const result = { text, keepSeconds, mayKeep: b % 5 !== 0 };
    const reply = this.engine.finish(thread, ref, id, result, this.now);
    const isKept = reply.count === 1;
    const wanted = { text: text.toString("latin1"), keepSeconds, isKept };
    this.agree(reply, this.model.finish(ref, id, wanted, this.now));
    const mustKeep = !this.tight && reply.answer === "DONE" && result.mayKeep && keepSeconds > 0;
    if (mustKeep) deepStrictEqual(isKept, true);
    if (!result.mayKeep || keepSeconds === 0) deepStrictEqual(isKept, false);
  }

  #await({ thread, ref }: Session, b: number, c: number): void {
    const kept = pick(this.model.results, b)?.id;
    const id = c % 4 === 0 && kept !== undefined ? kept : this.anyId(b);
    const isWatching = b % 3 === 0;
    const how = isWatching ? C.AWAIT_TUBE : 0;
    const reply = this.engine.awaitJob(thread, ref, id, how, this.now);
    if (this.isRefused(reply)) {
      const before = this.model.tick(this.now);
      this.agreeBut(reply, before);
    } else this.agree(reply, this.model.awaitJob(ref, id, isWatching, this.now));
  }

  #takeEnds({ thread, ref }: Session): void {
    // A flush ends many at once, in an order of its own.
    const isIn = (id: number, tube: string): void =>
      deepStrictEqual(tube, this.model.jobs.get(id)?.tube);
    const told = this.engine.takeEnds(thread, ref, isIn).toSorted((x, y) => x.id - y.id);
    const wanted = this.model.takeEnds(ref).toSorted((x, y) => x.id - y.id);
    if (!this.tight) return deepStrictEqual(told, wanted);
    // With little memory a failure may be lost, and then another one is the newest.
    const known = ({ id, end }: { id: number; end: number }): object => ({ id, end });
    return deepStrictEqual(told.map(known), wanted.map(known));
  }

  #progress({ thread, ref }: Session, b: number, c: number): void {
    const held = this.model.heldBy(this.model.conn(ref));
    const id = b % 8 === 0 ? this.anyId(c) : (pick(held, c)?.id ?? this.anyId(c));
    const from = (b * 61) % (NOISE.length - C.PROGRESS_BYTES_MAX);
    const note = NOISE.subarray(from, from + pickNumber(NOTE_BYTES, c));
    const reply = this.engine.progress(thread, ref, id, note, this.now);
    const isLost = this.isRefused(reply);
    const text = isLost ? undefined : note.toString("latin1");
    const wanted = this.model.progress(ref, id, text, this.now);
    if (isLost) this.agreeBut(reply, wanted);
    else this.agree(reply, wanted);
  }
}
