/* Bulk actions: one thing is done to all jobs that match: counted first, then asked for, then done.
 *
 * Both the counting and the doing go through the jobs piece by piece, so that however many there
 * are the reader sees how far it is and can stop it. Only jobs that were counted are touched, or
 * such as came among them without being put later. What came of it is told exactly: how many it
 * was done to, and how many were gone by then.
 */
import type { BulkAction, BulkAnswer, BulkRequest } from "../http/api-jobs.ts";
import { priorityField, tubeField } from "./fields.ts";
import { tell, warn } from "./notices.tsx";
import { count, counted } from "./quantity.ts";
import { askTexts } from "./question.tsx";
import type { TextField } from "./question.tsx";
import { ApiError, post } from "./server-api.ts";
import { Work } from "./work-dialog.tsx";

/** Which jobs, and what to do with them. */
export type BulkWish = Pick<BulkRequest, "action" | "tube" | "state" | "filter" | "group">;

/** Jobs that one request looks at: more where they are only counted. */
const COUNTED_AT_ONCE = 10_000;
const DONE_AT_ONCE = 1000;
/** How long to wait while the server does the like for somebody else. */
const BUSY_MILLIS = 500;

/** What is said of an action, and what it asks for. */
interface Words {
  readonly verb: string;
  /** The verb before a number on the button. */
  readonly button: string;
  readonly doing: string;
  /** What they are behind it; `given` is what was asked for. */
  readonly done: (given: string) => string;
  readonly meaning: (wish: BulkWish) => string;
  readonly field?: (wish: BulkWish) => TextField;
  /** What of the request holds what was asked for. */
  readonly given?: (text: string) => Partial<BulkRequest>;
  readonly isDestructive: boolean;
}

const WORDS: Readonly<Record<BulkAction, Words>> = {
  kick: {
    verb: "Kick",
    button: "Kick",
    doing: "Kicking",
    done: () => "kicked",
    meaning: ({ state }) =>
      "They will be ready at once, for any worker that watches the tube" +
      (state === "delayed" ? "; those that wait for a group, too." : "."),
    isDestructive: false,
  },
  delete: {
    verb: "Delete",
    button: "Delete",
    doing: "Deleting",
    done: () => "deleted",
    meaning: () => "They will be gone for good.",
    isDestructive: true,
  },
  cancel: {
    verb: "Cancel",
    button: "Cancel",
    doing: "Cancelling",
    done: () => "cancelled",
    meaning: () =>
      "They will be gone for good: one that a worker holds, when that attempt ends in any way.",
    isDestructive: true,
  },
  move: {
    verb: "Move",
    button: "Move",
    doing: "Moving",
    done: (to) => `moved to ${to}`,
    meaning: () => "They keep their ids, their state, and what is known of their failures.",
    field: ({ tube }) => tubeField(tube),
    given: (to) => ({ to }),
    isDestructive: false,
  },
  update: {
    verb: "Change the priority of",
    button: "Change",
    doing: "Changing the priority of",
    done: (pri) => `given priority ${count(Number(pri))}`,
    meaning: () => "The smallest number comes first. Their state stays.",
    field: () => priorityField(""),
    given: (pri) => ({ pri: Number(pri) }),
    isDestructive: false,
  },
};

/**
 * Counts, asks, does, and says what came of it.
 *
 * @returns whether something was done
 */
export async function runBulk(wish: BulkWish): Promise<boolean> {
  const counting = new Work(`Counting the ${wish.state} jobs of ${wish.tube}`, null);
  const found = await goThrough(counting, { ...wish, dryRun: true }, COUNTED_AT_ONCE);
  counting.end();
  if (found.trouble !== null) warn(found.trouble);
  if (found.trouble !== null || counting.isStopped) return false;
  if (found.matched === 0) {
    tell("No job matches any more.");
    return false;
  }
  const given = await ask(wish, found.matched);
  return given !== null && perform(wish, found, given);
}

/** What was asked for, "" when nothing is; null when the reader thinks better of it. */
async function ask(wish: BulkWish, matched: number): Promise<string | null> {
  const { verb, button, meaning, field, isDestructive } = WORDS[wish.action];
  const texts = await askTexts(
    {
      title: `${verb} ${counted(matched, `${wish.state} job`)} of ${wish.tube}`,
      text: `${meaning(wish)} ${conditionOf(wish)}`,
      action: `${button} ${counted(matched, "job")}`,
      isDestructive,
    },
    field === undefined ? [] : [field(wish)],
  );
  return texts === null ? null : (texts[0] ?? "");
}

function conditionOf(wish: BulkWish): string {
  if (wish.group !== undefined)
    return "Only jobs whose latest failure belongs to this group are touched.";
  return wish.filter === ""
    ? "No filter is set: this is every job of this state."
    : "Only jobs that the filter finds are touched.";
}

async function perform(wish: BulkWish, found: Tally, given: string): Promise<boolean> {
  const { doing, done, given: givenAs } = WORDS[wish.action];
  const jobs = counted(found.matched, "job");
  const work = new Work(`${doing} ${jobs} of ${wish.tube}`, found.matched);
  const upTo = found.last === null ? {} : { upTo: found.last };
  const request = { ...wish, ...givenAs?.(given), ...upTo, dryRun: false };
  const tally = await goThrough(work, request, DONE_AT_ONCE);
  work.end();
  sayOutcome(wish, found.matched, tally, done(given), work.isStopped);
  return tally.done > 0;
}

function sayOutcome(
  { tube }: BulkWish,
  wanted: number,
  { done, gone, trouble }: Tally,
  did: string,
  isStopped: boolean,
): void {
  const isAll = trouble === null && !isStopped;
  const many = isAll ? counted(done, "job") : `${count(done)} of ${counted(wanted, "job")}`;
  const left = isAll ? Math.max(gone, wanted - done) : gone;
  const rest = left === 0 ? "" : `; ${count(left)} had gone or changed by then`;
  const what = `${many} of ${tube} ${did}${rest}.`;
  if (trouble !== null) warn(`${what} Then it ended: ${trouble}`);
  else tell(isStopped ? `Stopped: ${what}` : what);
}

/** What came of going through the jobs. */
interface Tally {
  readonly matched: number;
  readonly done: number;
  readonly gone: number;
  /** The highest id that matched. */
  readonly last: number | null;
  /** Why it ended before its end; null when it did not. */
  readonly trouble: string | null;
}

/** One request after the other, until all were looked at, the work is stopped, or one fails. */
async function goThrough(work: Work, request: BulkRequest, limit: number): Promise<Tally> {
  let tally: Tally = { matched: 0, done: 0, gone: 0, last: null, trouble: null };
  let after: number | null = 0;
  while (after !== null && tally.trouble === null && !work.isStopped) {
    const piece: BulkAnswer | string | null = await onePiece({ ...request, after, limit });
    if (typeof piece === "string") return { ...tally, trouble: piece };
    if (piece === null) continue; // the server was busy
    tally = {
      matched: tally.matched + piece.matched,
      done: tally.done + piece.done,
      gone: tally.gone + piece.gone,
      last: piece.last ?? tally.last,
      trouble: piece.refusal === null ? null : `the server answered ${piece.refusal}`,
    };
    after = piece.next;
    work.tell(tally.matched);
  }
  return tally;
}

/** The answer; a text that says what went wrong; null when it is to be asked for again. */
async function onePiece(request: BulkRequest): Promise<BulkAnswer | string | null> {
  try {
    return await post<BulkAnswer>("bulk", request);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code !== "HM_HTTP_BUSY") return error.message;
    await new Promise((resolve) => setTimeout(resolve, BUSY_MILLIS));
    return null;
  }
}
