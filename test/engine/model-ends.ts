/* The part of the model that says how far jobs are, and how they end. Used by model.ts. */
import * as C from "../../assembly/constants.ts";
import type { Reply } from "./answers.ts";
import { SECOND } from "./model-parts.ts";
import type { ModelConn, ModelEnd, ModelJob } from "./model-parts.ts";
import { ModelWindows } from "./model-windows.ts";

/** The notes, the results and the awaits of a shard. */
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

  /**
   * How many ready jobs come before one that is ready: at least, and at most. Between the two lie
   * those whose key is taken: whether one of them stands aside yet shows when it is about to be
   * handed out.
   */
  boundsBefore(id: number): readonly [least: number, most: number] | undefined {
    const job = this.jobs.get(id);
    if (job?.state !== "ready") return undefined;
    const before = [...this.jobs.values()].filter(
      ({ state, tube, pri, id: other }) =>
        state === "ready" &&
        tube === job.tube &&
        (pri < job.pri || (pri === job.pri && other < id)),
    );
    const isSure = (one: ModelJob): boolean =>
      !this.isBlocked(one) || one.tags.con?.name === job.tags.con?.name;
    return [before.filter(isSure).length, before.length];
  }

  /** With `isKept` the result was kept for so many seconds. */
  finish(
    key: number,
    id: number,
    result: { readonly text: string; readonly keepSeconds: number; readonly isKept: boolean },
    now: number,
  ): Reply {
    this.settle(now);
    const job = this.heldJob(key, id);
    if (job === undefined) return this.reply("NOT_FOUND");
    const { text, keepSeconds, isKept } = result;
    this.countTime(job.tube, "process", now - job.reservedAt);
    this.tubeOf(job.tube).samples.processed(now - job.reservedAt);
    this.cool(job, now);
    if (isKept) this.results.push({ id, text, until: now + keepSeconds * SECOND });
    this.tellEnd(job, C.OUTCOME_FINISHED, text);
    this.end(job, C.OUTCOME_FINISHED);
    return this.reply("DONE", { count: Number(isKept) });
  }

  /** As it `isWatching`, it is told in which tube the job is. */
  awaitJob(key: number, id: number, isWatching: boolean, now: number): Reply {
    this.settle(now);
    const [job, conn] = [this.jobs.get(id), this.conn(key)];
    const result = this.results.find((one) => one.id === id);
    if (job?.state === "buried" && !this.leaving.includes(id))
      this.owe(conn, { id, end: C.OUTCOME_BURIED, text: this.newestMessage(job) });
    else if (job !== undefined) this.#awaitEnd(conn, id, isWatching);
    else if (result === undefined) return this.reply("NOT_FOUND");
    else this.owe(conn, { id, end: C.OUTCOME_FINISHED, text: result.text });
    return this.reply("DONE");
  }

  #awaitEnd(conn: ModelConn, id: number, isWatching: boolean): void {
    conn.awaits.push(id);
    if (!isWatching) return;
    conn.watching.push(id);
    conn.isEnded = true;
  }

  /** All that a connection is to be told of how jobs ended. */
  takeEnds(key: number): readonly ModelEnd[] {
    const conn = this.conn(key);
    const { ends } = conn;
    conn.ends = [];
    conn.isEnded = false;
    return ends;
  }

  peekResult(id: number, now: number): Reply {
    this.settle(now);
    const text = this.results.find((one) => one.id === id)?.text;
    return text === undefined ? this.reply("NOT_FOUND") : this.reply("DONE", { id, text });
  }
}
