/* The part of the engine's driver (engine.ts) that says how far jobs are, and how they end. */
import * as C from "../../assembly/constants.ts";
import type { Reply } from "./answers.ts";
import type { ModelEnd } from "./model-parts.ts";
import { EngineStanding } from "./engine-standing.ts";

/** A shard, driven call by call. */
export class EngineEnds extends EngineStanding {
  progress(t: number, conn: number, id: number, note: Uint8Array, now: number): Reply {
    this.thread(t).input.set(note);
    return this.reply(t, this.raw(t).progress(t, conn, id, 0, note.length, now));
  }

  peekProgress(t: number, id: number, now: number): Reply {
    const reply = this.reply(t, this.raw(t).peekProgress(t, id, now));
    if (reply.answer !== "DONE") return reply;
    const thread = this.thread(t);
    const text = this.outputText(t, thread.field(C.RESULT_BODY_BYTES));
    return { ...reply, id: thread.field(C.RESULT_ID), text };
  }

  /** As a session does it: a result that finds no room is not kept. */
  finish(
    t: number,
    conn: number,
    id: number,
    result: { readonly text: Uint8Array; readonly keepSeconds: number; readonly mayKeep: boolean },
    now: number,
  ): Reply {
    const { finish, dropFailure } = this.raw(t);
    const { address, isBeyond } = this.#openResult(t, result.text);
    const mayKeep = result.mayKeep && !isBeyond ? 1 : 0;
    const code = finish(t, conn, id, address, result.keepSeconds, mayKeep, now);
    const reply = this.reply(t, code);
    const count = this.thread(t).field(C.RESULT_COUNT);
    if (reply.answer === "DONE") return { ...reply, count };
    if (address !== 0) dropFailure(t, address);
    return reply;
  }

  #openResult(t: number, text: Uint8Array): { address: number; isBeyond: boolean } {
    const { openResult, appendResult, dropFailure } = this.raw(t);
    const thread = this.thread(t);
    const codeOf = (code: number): number => code & C.CODE_MASK;
    let vital = Number(codeOf(openResult(t, text.length, 0)) !== C.DONE);
    if (vital === 1 && codeOf(openResult(t, text.length, 1)) !== C.DONE)
      return { address: 0, isBeyond: true };
    const address = thread.field(C.RESULT_REF);
    for (let done = 0; done < text.length;) {
      const count = Math.min(C.INPUT_BYTES, text.length - done);
      thread.input.set(text.subarray(done, done + count));
      const code = codeOf(appendResult(t, address, done, 0, count, vital));
      done += thread.field(C.RESULT_COUNT);
      if (code === C.DONE) continue;
      if (vital === 1) {
        dropFailure(t, address);
        return { address: 0, isBeyond: true };
      }
      vital = 1;
    }
    return { address, isBeyond: vital === 1 };
  }

  awaitJob(t: number, conn: number, id: number, how: number, now: number): Reply {
    return this.reply(t, this.raw(t).awaitJob(t, conn, id, how, now));
  }

  /**
   * Takes all that `conn` is to be told of how jobs ended, and tells in which tube those are that
   * it waits on for.
   */
  takeEnds(t: number, conn: number, isIn: (id: number, tube: string) => void): readonly ModelEnd[] {
    const { nextEnd, dropEnd, endTube, waitOn } = this.raw(t);
    const thread = this.thread(t);
    const ends: ModelEnd[] = [];
    while ((endTube(t, conn) & C.CODE_MASK) === C.DONE) {
      if (thread.field(C.RESULT_REF) === C.OUTCOME_IN_TUBE) {
        const tube = this.outputText(t, thread.field(C.RESULT_NAME_BYTES));
        isIn(thread.field(C.RESULT_ID), tube);
        waitOn(t, conn, thread.field(C.RESULT_COUNT));
        continue;
      }
      nextEnd(t, conn, 0);
      const [id, end] = [thread.field(C.RESULT_ID), thread.field(C.RESULT_REF)];
      const text = this.#wholeText(t, (position) => nextEnd(t, conn, position));
      ends.push({ id, end, text });
      dropEnd(t, conn);
    }
    return ends;
  }

  peekResult(t: number, id: number, now: number): Reply {
    const { peekResult } = this.raw(t);
    const reply = this.reply(t, peekResult(t, id, 0, now));
    if (reply.answer !== "DONE") return reply;
    const text = this.#wholeText(t, (position) => peekResult(t, id, position, now));
    return { ...reply, id, text };
  }

  /** A text of which the first piece stands in the output slot. */
  #wholeText(t: number, readOn: (position: number) => void): string {
    const thread = this.thread(t);
    const bytes = thread.field(C.RESULT_BODY_BYTES);
    let text = "";
    while (text.length < bytes) {
      if (text !== "") readOn(text.length);
      text += this.outputText(t, thread.field(C.RESULT_COUNT));
    }
    return text;
  }
}
