/* Reserves: the commands that bring jobs.
 *
 * All may be sent twice: a job that was on its way on a connection that ended is ready again.
 */
import { done, finding, jobId, MANY_MAX, whole } from "../command.ts";
import type { Command } from "../command.ts";
import type { Job } from "../job.ts";
import { refusalOf } from "../refused-error.ts";
import { BadReplyError, quoted } from "../../protocol/reply-line.ts";
import type { Reply } from "../../protocol/reply-reader.ts";

/** Who takes the jobs that come; implemented by receiving.ts. */
export interface Receiver {
  /** Takes the job of a RESERVED. */
  take(reply: Reply): Job;
  /** Takes a job that was reserved; the body is the receiver's. */
  hold(id: number, body: Uint8Array): Job;
  /** Takes a job that was brought for somebody who does not wait any more. */
  leave(job: Job): void;
}

const TIMEOUT_MAX_SECONDS = 0x7fff_ffff;

/** `reserve` */
export function reserve(to: Receiver, leave: (job: Job) => void): Command<Job | undefined> {
  return reserving("reserve", to, leave);
}

/** `reserve-with-timeout` */
export function reserveWithTimeout(
  seconds: number,
  to: Receiver,
  leave: (job: Job) => void,
): Command<Job | undefined> {
  const timeout = whole("seconds", seconds, 0, TIMEOUT_MAX_SECONDS);
  return reserving(`reserve-with-timeout ${timeout}`, to, leave);
}

function reserving(
  head: string,
  to: Receiver,
  leave: (job: Job) => void,
): Command<Job | undefined> {
  return {
    head,
    isSafe: true,
    waits: true,
    read: (reply) => {
      if (reply.word === "RESERVED") return to.take(reply);
      if (reply.word === "TIMED_OUT") return undefined;
      throw refusalOf(head, reply);
    },
    discard: (job) => job !== undefined && leave(job),
  };
}

/** `reserve-job` */
export function reserveJob(id: number, to: Receiver): Command<Job | undefined> {
  return {
    head: `reserve-job ${jobId(id)}`,
    isSafe: true,
    bringsJobs: true,
    read: finding("reserve-job", "RESERVED", (reply) => to.take(reply)),
    discard: (job) => job !== undefined && to.leave(job),
  };
}

/** `reserve-batch` */
export function reserveBatch(count: number, to: Receiver): Command<readonly Job[]> {
  return {
    head: `reserve-batch ${whole("count", count, 1, MANY_MAX)}`,
    isSafe: true,
    bringsJobs: true,
    needs: ["reserve-batch"],
    read: (reply) => {
      const { word, replies = [] } = reply;
      const isWhole = replies.every((one) => one.word === "RESERVED");
      if (word !== "RESERVED_BATCH" || !isWhole) throw refusalOf("reserve-batch", reply);
      return replies.map((one) => to.take(one));
    },
    discard: (jobs) => {
      for (const job of jobs) to.leave(job);
    },
  };
}

/** How jobs end. */
const ENDS = ["finished", "buried", "deleted", "cancelled", "expired", "dead"] as const;

/** How a job ended. */
export type End = (typeof ENDS)[number];

/** `await` */
export function awaiting(id: number): Command<void> {
  return {
    head: `await ${jobId(id)}`,
    isSafe: true,
    needs: ["await"],
    read: done("await", "AWAITING"),
  };
}

/** How it ended, of a DONE. Throws a BadReplyError. */
export function endOf(word: string): End {
  const end = ENDS.find((one) => one === word);
  if (end === undefined) throw new BadReplyError(`a job cannot end as ${quoted(word)}`);
  return end;
}
