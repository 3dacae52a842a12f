/* The part of the model that says how far jobs are, and how they end. Used by model.ts. */
import type { Reply } from "./answers.ts";
import { SECOND } from "./model-parts.ts";
import { ModelWindows } from "./model-windows.ts";

/** The notes of a shard. */
export class ModelEnds extends ModelWindows {
  /** Without `note` there was no memory for it. */
  progress(key: number, id: number, note: string | undefined, now: number): Reply {
    this.settle(now);
    const job = this.heldJob(key, id);
    if (job === undefined) return this.reply("NOT_FOUND");
    job.deadline = Math.max(job.deadline, now + job.ttrSeconds * SECOND);
    this.conn(key).collected = undefined;
    job.note = note ?? job.note;
    return this.reply("DONE");
  }

  peekProgress(id: number, now: number): Reply {
    this.settle(now);
    const note = this.jobs.get(id)?.note;
    if (note === undefined) return this.reply("NOT_FOUND");
    return this.reply("DONE", { id, text: note });
  }
}
