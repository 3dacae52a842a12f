/* The part of the engine's driver (engine.ts) that says how far jobs are, and how they end. */
import * as C from "../../assembly/constants.ts";
import type { Reply } from "./answers.ts";
import { VerifyBuild } from "./verify-build.ts";

/** A shard, driven call by call. */
export class EngineEnds extends VerifyBuild {
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
}
