/* Run key: the unique key that a schedule's next run gets, so that it does not overlap with the run
 * before.
 *
 * Invariant: a run that is set aside blocks no other. The key of runs is its own as long as it is
 * there, so the next one has another key, which runs after it keep; which one it is stands in the
 * schedule's body. A key of the job's own definition is not touched: it counts wherever the job is
 * enqueued from. Used by schedule-keeper.ts.
 */
import type { QueueBackend, RawJob } from "./backend.ts";
import { decodeSchedule, encodeSchedule, HELD_BACK_MILLIS } from "./schedule-body.ts";
import { removed, runKey } from "./schedule-body.ts";
import type { KeptSchedule, ScheduleBody } from "./schedule-body.ts";

/** What it asks of the back end. */
type Jobs = Pick<QueueBackend, "stats" | "put" | "status" | "cancel">;

/** How the next run is put. */
export interface RunKey {
  readonly key: string;
  /** The moment from which on runs have that key. */
  readonly since?: number | undefined;
  /** The job, set aside, because of which there is no run. */
  readonly blockedBy?: string | undefined;
}

/** Less urgent than any other: a put that finds a job may make that one more urgent. */
const LEAST_URGENT = 4_294_967_295;

/** The key of the run for that moment. */
export async function keyOfRun(
  backend: Jobs,
  { schedule, since }: ScheduleBody & { readonly schedule: KeptSchedule },
  moment: number,
): Promise<RunKey> {
  const { name, run, overlap } = schedule;
  const own = run.unique?.key;
  if (own === undefined && overlap !== "skip") return { key: runKey(name, moment) };
  const key = own ?? runKey(name, since);
  const blockedBy = await setAside(backend, run, key);
  if (blockedBy === undefined || own !== undefined) return { key, since, blockedBy };
  return { key: runKey(name, moment), since: moment };
}

/** The job that has the key, if it is set aside. */
async function setAside(
  backend: Jobs,
  { tube, leaseMillis }: Pick<RawJob, "tube" | "leaseMillis">,
  key: string,
): Promise<string | undefined> {
  if ((await backend.stats(tube)).discarded === 0) return undefined;
  // Nothing finds a job by its key but a put. This one waits too long to be run, and goes at once.
  const [outcome] = await backend.put([
    {
      tube,
      body: encodeSchedule(removed(0)),
      priority: LEAST_URGENT,
      delayMillis: HELD_BACK_MILLIS,
      leaseMillis,
      unique: { key, cooldownMillis: 0 },
    },
  ]);
  if (outcome === undefined || "error" in outcome) return undefined;
  const { id, isNew } = outcome;
  const there = isNew ? undefined : await backend.status(id);
  if (there?.state === "buried") return id;
  // One that was put by whoever died just then is found by the next one, and goes, too.
  const isMark = isNew || (there !== undefined && decodeSchedule(there.body) !== undefined);
  if (isMark) await backend.cancel(id);
  return undefined;
}
