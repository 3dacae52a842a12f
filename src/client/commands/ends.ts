/* Ends: the commands that end an attempt at a job, and those that make it last longer.
 *
 * Those that may stand in a batch are batch.ts's as well. `gone` is told of each job that this
 * client holds no more: a job whose end was refused is still held, and may be ended otherwise.
 */
import {
  delayNeeds,
  delayWord,
  done,
  jobId,
  MANY_MAX,
  named,
  PRI_DEFAULT,
  reading,
  whole,
} from "../command.ts";
import type { Command } from "../command.ts";
import type { Body } from "../command-writer.ts";
import { BadCommandError } from "../errors.ts";
import { refusalOf } from "../refused-error.ts";
import type { Feature } from "../support.ts";
import { checkBody } from "./put.ts";
import type { Reply } from "../../protocol/reply-reader.ts";

/** Told that a job is not held any more. */
export type Gone = (id: number) => void;

/** How a job is given back. */
export interface ReleaseOptions {
  /** Its priority from now on; 1024 if absent. */
  readonly pri?: number;
  readonly delaySeconds?: number;
  /** Why, for whoever looks at the job's failures. */
  readonly failure?: Body;
}

/** How a job is buried. */
export type BuryOptions = Omit<ReleaseOptions, "delaySeconds">;

/** Whether a job is queued, or was buried because there was no memory to queue it. */
export type Queued = "queued" | "buried";

/** How many of many. */
export interface DeletedBatch {
  readonly deleted: number;
  /** Those that were not there, or that others hold. */
  readonly notFound: number;
}

/** How long a result is kept if nothing is said. */
export const KEEP_DEFAULT_SECONDS = 60;

/** `delete` */
export function remove(id: number, gone: Gone): Command<void> {
  return {
    head: `delete ${jobId(id)}`,
    jobs: [id],
    read: ended("delete", "DELETED", id, gone),
  };
}

/** `delete-batch` */
export function deleteBatch(ids: readonly number[], gone: Gone): Command<DeletedBatch> {
  if (ids.length === 0 || ids.length > MANY_MAX) {
    throw new BadCommandError(`ids: from 1 to ${MANY_MAX} of them, not ${ids.length}`);
  }
  const own = ids.map(jobId); // the array is the caller's again when the answer comes
  return {
    head: `delete-batch ${own.join(" ")}`,
    needs: ["delete-batch"],
    jobs: own,
    read: reading("delete-batch", "DELETED_BATCH", ({ args: [deleted, notFound] }) => {
      for (const id of own) gone(id);
      return { deleted: Number(deleted), notFound: Number(notFound) };
    }),
  };
}

/** `release` */
export function release(id: number, options: ReleaseOptions, gone: Gone): Command<Queued> {
  const { pri = PRI_DEFAULT, delaySeconds = 0, failure } = options;
  const head = `release ${jobId(id)} ${whole("pri", pri, 0)} ${delayWord(delaySeconds)}`;
  return {
    ...withFailure(head, failure, delayNeeds(delaySeconds)),
    jobs: [id],
    read: queued("release", "RELEASED", id, gone),
  };
}

/** `bury` */
export function bury(id: number, options: BuryOptions, gone: Gone): Command<void> {
  const { pri = PRI_DEFAULT, failure } = options;
  return {
    ...withFailure(`bury ${jobId(id)} ${whole("pri", pri, 0)}`, failure, []),
    jobs: [id],
    read: ended("bury", "BURIED", id, gone),
  };
}

/** `hand-back` */
export function handBack(id: number, delaySeconds: number, gone: Gone): Command<Queued> {
  return {
    head: `hand-back ${jobId(id)} ${delayWord(delaySeconds)}`,
    needs: ["hand-back"],
    jobs: [id],
    read: queued("hand-back", "HANDED_BACK", id, gone),
  };
}

/** `finish` */
export function finish(id: number, result: Body, keepSeconds: number, gone: Gone): Command<void> {
  checkBody(result);
  return {
    head: `finish ${jobId(id)} ${whole("keepSeconds", keepSeconds, 0)} `,
    body: result,
    needs: ["finish"],
    jobs: [id],
    read: ended("finish", "FINISHED", id, gone),
  };
}

/** `move` */
export function move(
  id: number,
  tube: string,
  failure: Body | undefined,
  gone: Gone,
): Command<Queued> {
  const { needs, ...text } = withFailure(`move ${jobId(id)} ${named("tube", tube)}`, failure, []);
  return {
    ...text,
    needs: ["move", ...needs],
    jobs: [id],
    read: queued("move", "MOVED", id, gone),
  };
}

/** `touch` */
export function touch(id: number, lost: Gone): Command<void> {
  const read = kept("touch", "TOUCHED", id, lost);
  return { head: `touch ${jobId(id)}`, jobs: [id], isSafe: true, read };
}

/** `progress` */
export function progress(id: number, note: Body, lost: Gone): Command<void> {
  checkBody(note);
  const head = `progress ${jobId(id)} `;
  return {
    head,
    body: note,
    needs: ["progress"],
    jobs: [id],
    isSafe: true,
    read: kept("progress", "NOTED", id, lost),
  };
}

/** `update-job` */
export function updateJob(id: number, pri: number, delaySeconds?: number): Command<Queued> {
  const head = `update-job ${jobId(id)} ${whole("pri", pri, 0)}`;
  return {
    head: delaySeconds === undefined ? head : `${head} ${delayWord(delaySeconds)}`,
    needs: ["update-job"],
    isSafe: true,
    read: (reply) => queuedWord("update-job", "UPDATED", reply),
  };
}

/** `cancel` */
export function cancel(id: number): Command<"cancelled" | "cancelling"> {
  return {
    head: `cancel ${jobId(id)}`,
    needs: ["cancel"],
    read: (reply) => {
      if (reply.word === "CANCELLED") return "cancelled";
      if (reply.word === "CANCELLING") return "cancelling";
      throw refusalOf("cancel", reply);
    },
  };
}

/** `kick-job` */
export function kickJob(id: number): Command<void> {
  return { head: `kick-job ${jobId(id)}`, read: done("kick-job", "KICKED") };
}

/** Of what can only be done with a job that is held. */
function kept(command: string, word: string, id: number, lost: Gone): (reply: Reply) => void {
  const read = done(command, word);
  return (reply) => {
    if (reply.word === "NOT_FOUND") lost(id);
    read(reply);
  };
}

function withFailure(
  head: string,
  failure: Body | undefined,
  needs: readonly Feature[],
): { readonly head: string; readonly body?: Body; readonly needs: readonly Feature[] } {
  if (failure === undefined) return { head, needs };
  checkBody(failure);
  return { head: `${head} `, body: failure, needs: [...needs, "failures"] };
}

/** Of what ends an attempt, and says so with one word. */
function ended(command: string, word: string, id: number, gone: Gone): (reply: Reply) => void {
  const read = done(command, word);
  return (reply) => {
    if (reply.word === word || reply.word === "NOT_FOUND") gone(id);
    read(reply);
  };
}

/** Of what ends an attempt, and may have buried the job instead. */
function queued(command: string, word: string, id: number, gone: Gone): (reply: Reply) => Queued {
  return (reply) => {
    if (reply.word === word || reply.word === "BURIED" || reply.word === "NOT_FOUND") gone(id);
    return queuedWord(command, word, reply);
  };
}

function queuedWord(command: string, word: string, reply: Reply): Queued {
  if (reply.word === word) return "queued";
  if (reply.word === "BURIED") return "buried";
  throw refusalOf(command, reply);
}
