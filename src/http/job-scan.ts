/* JobScan: going through the jobs of a tube in one state, in the order of their ids, and finding
 * those that are wanted.
 *
 * The ids come from list-jobs, page by page, on a session of its own; each job is then looked at by
 * itself. Invariants: between two steps everything else has its turn; a scan ends when it has found
 * enough, when it has looked at as much as it may, or when nobody waits for it any more. A job that
 * leaves the state meanwhile is passed over. Used by jobs.ts, bulk.ts and failure-groups.ts.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import * as C from "../../assembly/constants.ts";
import type { ClientConnection } from "../client/connection.ts";
import type { Shard } from "../engine/shard.ts";
import type { Desk } from "../session/desk.ts";
import type { JobState } from "./api-jobs.ts";
import { fingerprintOf, groupKey } from "./fingerprint.ts";
import { bodyStart, latestFailure, lookAtBodies, shownPlace } from "./job-reading.ts";
import type { Looker } from "./job-reading.ts";
import { noTube, refused } from "./refusals.ts";

/** Which jobs. */
export interface Wanted {
  readonly tube: string;
  readonly state: JobState;
  /**
   * Text that must occur in the first 64 KiB of the body or of the latest failure message; "" takes
   * all.
   */
  readonly filter: string;
  /** Key of the group that the latest failure must belong to; if undefined, any group does. */
  readonly group: string | undefined;
}

/** What is known of a scan before its jobs are looked at: which of their bodies are of use. */
export interface Search {
  readonly wanted: Wanted;
  /** How many more jobs it takes; Infinity if it takes all that are wanted. */
  readonly lacks: () => number;
}

/** A job as list-jobs names it. */
export interface ListedJob {
  readonly id: number;
  /** A line such as "- {id: 1, pri: 2}". */
  readonly line: string;
}

/** A part of a tube's jobs. */
export interface Page {
  readonly jobs: readonly ListedJob[];
  /** Where the next page begins: its `after`; 0 when there is none. */
  readonly next: number;
}

const FILTER_BYTES = 65_536;
/** Jobs that are looked at before anything else has its turn. */
const STEP_JOBS = 64;
/**
 * Jobs whose bodies are read back together: a part of what a shard takes note of, which workers
 * need as well; bytes of their records, and what is in one beside its body.
 */
const TOGETHER_JOBS = 512;
const TOGETHER_BYTES = 1_048_576;
const BESIDE_BODY_BYTES = 80;
const ID_LEAD = "- {id: ";
const LATIN1 = new TextDecoder("latin1");
const ENCODER = new TextEncoder();

/** One page of list-jobs. Throws an HttpError, 404, when there is no such tube. */
export async function listJobs(
  own: ClientConnection,
  { tube, state }: Wanted,
  after: number,
  limit: number,
): Promise<Page> {
  const reply = await own.ask(`list-jobs ${tube} ${state} ${after} ${limit}`);
  if (reply.word === "NOT_FOUND") throw noTube();
  if (reply.word !== "OK") throw refused(reply);
  const lines = LATIN1.decode(reply.body).split("\n");
  const next = Number(/^next: (\d+)$/m.exec(lines.at(-2) ?? "")?.[1] ?? 0);
  const jobs = lines.filter((line) => line.startsWith(ID_LEAD));
  return {
    jobs: jobs.map((line) => ({ id: Number.parseInt(line.slice(ID_LEAD.length), 10), line })),
    next,
  };
}

/** What list-jobs says of a job: numbers by their keys. */
export function figuresOf({ line }: ListedJob): Readonly<Record<string, number>> {
  const pairs = line.slice("- {".length, -1).split(", ");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = "", value = ""] = pair.split(": ");
      return [key, Number(value)];
    }),
  );
}

/** Whether a job is in that tube and state now. */
export function stands(desk: Desk, shard: Shard, id: number, { tube, state }: Wanted): boolean {
  if (shard.statsJob(id, desk.now) !== C.DONE) return false;
  const { name, state: now } = shownPlace(shard);
  return name === tube && now === state;
}

/**
 * Whether a job is wanted: it still stands where it was listed, and its content is wanted, by a
 * look at its latest failure and at the beginning of its body.
 */
export function isWanted(desk: Desk, shard: Shard, id: number, wanted: Wanted): boolean {
  const { filter } = wanted;
  if (!mayBeWanted(desk, shard, id, wanted)) return false;
  return filter === "" || hasText(desk, shard, id, filter);
}

/** The same by all but the text that the body may have. */
function mayBeWanted(desk: Desk, shard: Shard, id: number, wanted: Wanted): boolean {
  const { tube, group } = wanted;
  if (!stands(desk, shard, id, wanted)) return false;
  if (group === undefined) return true;
  const latest = latestFailure(desk, shard, id);
  return latest !== undefined && groupKey(tube, fingerprintOf(latest.message).common) === group;
}

function hasText(desk: Desk, shard: Shard, id: number, text: string): boolean {
  const body = bodyStart(desk, shard, id, FILTER_BYTES);
  if (body === undefined) return false;
  if (Buffer.from(body.bytes.buffer).includes(text)) return true;
  const latest = latestFailure(desk, shard, id);
  return Buffer.from(latest?.message.subarray(0, FILTER_BYTES) ?? []).includes(text);
}

/** The shard that has the tube. */
export function shardOfTube(desk: Desk, tube: string): Shard {
  const name = ENCODER.encode(tube);
  return desk.shardOfTube(name, 0, name.length);
}

/**
 * Calls `look` for the jobs, in steps within which nothing else runs, until it returns true or all
 * were looked at. Where it throws since a body has to be read back, it is called again for that
 * job, and those bodies behind it that `search` has a use for are read back with it.
 */
export async function inSteps(
  looker: Looker,
  jobs: readonly ListedJob[],
  look: (desk: Desk, job: ListedJob) => boolean,
  search?: Search,
): Promise<void> {
  let at = 0;
  const step = (desk: Desk): boolean => {
    for (const job of jobs.slice(at, at + STEP_JOBS)) {
      const isEnough = look(desk, job);
      at++;
      if (isEnough) return true;
    }
    return false;
  };
  const soon = (desk: Desk): readonly number[] =>
    search === undefined ? [] : nextOnes(desk, jobs.slice(at, at + TOGETHER_JOBS), search);
  while (at < jobs.length) {
    if (await lookAtBodies(looker, step, soon)) return;
    await nextTurn();
  }
}

/**
 * The ids of the first of the jobs whose bodies are of use, and may be in memory together: all that
 * may have the text that is looked for; where none is, no more than are taken.
 */
function nextOnes(
  desk: Desk,
  jobs: readonly ListedJob[],
  { wanted, lacks }: Search,
): readonly number[] {
  const shard = shardOfTube(desk, wanted.tube);
  const most = wanted.filter === "" ? lacks() : Infinity;
  const ids: number[] = [];
  let bytes = 0;
  for (const job of jobs) {
    if (ids.length >= most || bytes >= TOGETHER_BYTES) break;
    if (!mayBeWanted(desk, shard, job.id, wanted)) continue;
    ids.push(job.id);
    bytes += BESIDE_BODY_BYTES + (figuresOf(job)["bytes"] ?? 0);
  }
  return ids;
}
