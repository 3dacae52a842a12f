/* Ending: the operations of a walk that say how far jobs are, and how they end. Used by walk.ts. */
import * as C from "../../assembly/constants.ts";
import { NOISE, NOTE_BYTES, THREADS, pick, pickNumber } from "./steps.ts";
import type { Operation, Session } from "./steps.ts";
import { Windowing } from "./windowing.ts";

/** Engine and model, with notes. */
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
      default:
        return false;
    }
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
