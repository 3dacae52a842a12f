/*
 * The windows of the model: what a connection is given unasked, and told of, and who vouches for
 * it. Used by model.ts.
 */
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Answer, Filling, Reply } from "./answers.ts";
import { SECOND } from "./model-parts.ts";
import type { ModelJob } from "./model-parts.ts";
import { ModelStates } from "./model-states.ts";

/** The windows of a shard. */
export class ModelWindows extends ModelStates {
  openNotes(key: number): Reply {
    this.conn(key).notes ??= [];
    return this.reply("DONE");
  }

  takeNotes(key: number): Reply {
    return this.reply("DONE", { text: this.tell(this.conn(key)), count: 0 });
  }

  heldCount(key: number): number {
    const conn = this.conn(key);
    const lost = (conn.notes ?? []).filter((line) => line.startsWith("LOST"));
    return this.heldBy(conn).filter(({ granted }) => !granted).length + lost.length;
  }

  markConn(key: number, token: string): Reply {
    this.conn(key).token128 ??= token;
    return this.reply("DONE");
  }

  vouch(token: string, seconds: number, now: number): Reply {
    this.settle(now);
    const conn = [...this.conns.values()].find(({ token128 }) => token128 === token);
    if (conn === undefined) return this.reply("NOT_FOUND");
    const until = now + seconds * SECOND;
    const leases = this.heldBy(conn).filter(({ granted }) => !granted);
    for (const job of leases.filter(({ deadline }) => deadline < until)) {
      job.deadline = until;
      if (conn.collected === job) conn.collected = undefined;
    }
    return this.reply("DONE", { count: leases.length });
  }

  fill(key: number, { most, bound, generation }: Filling, now: number): Reply {
    this.settle(now);
    const conn = this.conn(key);
    let text = this.tell(conn);
    let count = 0;
    const end = (answer: Answer, facts: Partial<Reply> = {}): Reply =>
      this.reply(answer, { text, count, ...facts });
    while (this.heldBy(conn).length < most) {
      if (conn.waiting || conn.calling) return end("WAITING");
      const job = this.bestFor(conn);
      if (job === undefined && generation === 0) return end("NONE");
      if (job === undefined) {
        this.startWaiting(conn, generation);
        return end("WAITING");
      }
      if (bound !== undefined && (job.pri - bound.pri || job.id - bound.id) >= 0)
        return end("WORSE");
      const isFull = L.JOB_LINE_ROOM + job.body.length > C.OUTPUT_BYTES - text.length;
      if (isFull && text !== "") return end("MORE");
      this.takeNow(job, conn, now);
      count++;
      const { written, ...facts } = this.told(job, text);
      text = written;
      if (facts.left !== undefined) return end("LONG", facts);
    }
    return end("DONE");
  }

  tellJob(key: number, id: number, now: number): Reply {
    this.settle(now);
    const job = this.heldJob(key, id);
    if (job === undefined) return this.reply("NOT_FOUND", { text: "", count: 0 });
    const { written, ...facts } = this.told(job, "");
    const answer = facts.left === undefined ? "DONE" : "LONG";
    return this.reply(answer, { text: written, count: 1, ...facts });
  }

  unwait(key: number, now: number): Reply {
    this.settle(now);
    const conn = this.conn(key);
    this.stopWaiting(conn);
    conn.calling = false;
    const granted = this.grantOf(conn);
    if (granted !== undefined) this.undoReservation(granted, granted.readySince, now);
    return this.reply("DONE");
  }

  /** The text with JOB behind it, and what of its body found no room. */
  protected told(job: ModelJob, before: string): { written: string; id?: number; left?: number } {
    const { id, reserves, tube, body } = job;
    const written = `${before}JOB ${id} ${reserves} ${tube} ${body.length}\r\n${body}\r\n`;
    if (written.length <= C.OUTPUT_BYTES) return { written };
    const left = Math.max(0, written.length - 2 - C.OUTPUT_BYTES);
    return { written: written.slice(0, written.length - 2 - left), id, left };
  }
}
