/* Schedule body: what is kept of a schedule in the queue.
 *
 * A schedule is a job of the tube SCHEDULES_TUBE, delayed until the next moment at which it is due.
 * Its body has all that is needed for a run, so whoever takes it need not know the job's type:
 *
 *   {"type":"homemaker.schedule","hm":{...},"moment":...,"schedule":{...}}<LF>...a run's body...
 *
 * Its unique key is the schedule's name. So there is one for each name, whoever sets it. Written by
 * schedules.ts, and by schedule-keeper.ts when a moment has come.
 */
import type { RawJob } from "./backend.ts";
import { fieldsOf } from "./checked.ts";
import { encodeHeaded } from "./envelope.ts";
import { keyWord } from "./key.ts";
import type { ScheduleTimes } from "./moments.ts";
import { PRIORITIES } from "./priority.ts";
import type { Missed, Overlap } from "./schedule.ts";

/** Where schedules wait for their moments. */
export const SCHEDULES_TUBE = "hm.schedules";
/** The type of the jobs there. */
const SCHEDULE_TYPE = "homemaker.schedule";

/** What a run is, beside its body and what a schedule says itself. */
export type ScheduledRun = Omit<RawJob, "body" | "delayMillis">;

/** A schedule, as it is kept. */
export interface KeptSchedule {
  readonly name: string;
  readonly times: ScheduleTimes;
  readonly overlap: Overlap;
  readonly missed: Missed;
  readonly run: ScheduledRun;
}

/** What stands in the body of a schedule's job. */
export interface ScheduleBody {
  /** Undefined if it was removed, and only keeps its place for a while. */
  readonly schedule: KeptSchedule | undefined;
  /** When it is due next, in milliseconds since 1970. */
  readonly moment: number;
  /** The moment from which on its runs have a key of their own (run-key.ts); undefined if none. */
  readonly since?: number | undefined;
  /** The job, set aside, because of which there was no run the last time. */
  readonly blockedBy?: string | undefined;
  /** The body of a run. */
  readonly body: Uint8Array;
}

/** Longer than anything waits: a hundred years. */
export const HELD_BACK_MILLIS = 36_500 * 86_400_000;

const LEASE_MILLIS = 30_000;
const LF = 0x0a;
const TEXT = new TextDecoder();
const NOTHING = new Uint8Array(0);

/** The job that a schedule is kept as. */
export function jobOfSchedule(name: string, about: ScheduleBody, delayMillis: number): RawJob {
  return {
    tube: SCHEDULES_TUBE,
    body: encodeSchedule(about),
    priority: PRIORITIES.urgent,
    delayMillis: Math.max(0, delayMillis),
    leaseMillis: LEASE_MILLIS,
    unique: { key: keyWord("schedule", name), cooldownMillis: 0 },
  };
}

/** What stands for a schedule that was removed. */
export function removed(moment: number): ScheduleBody {
  return { schedule: undefined, moment, body: NOTHING };
}

/** A key of its runs: of all, or of that at one moment. Throws a BadOptionError. */
export function runKey(name: string, moment?: number): string {
  return keyWord("schedule", `schedule/${name}${moment === undefined ? "" : `/${moment}`}`);
}

/** The body of a schedule's job. */
export function encodeSchedule({ body, ...about }: ScheduleBody): Uint8Array {
  return encodeHeaded({ type: SCHEDULE_TYPE, hm: { codec: "schedule" }, ...about }, body);
}

/** What stands in a job's body; undefined if that is no schedule, or one of a later version. */
export function decodeSchedule(bytes: Uint8Array): ScheduleBody | undefined {
  const end = bytes.indexOf(LF);
  if (end < 0) return undefined;
  const head = objectOf(TEXT.decode(bytes.subarray(0, end)));
  const { type, moment, since, blockedBy, schedule } = head;
  if (type !== SCHEDULE_TYPE || !isMoment(moment)) return undefined;
  if (schedule !== undefined && !isSchedule(schedule)) return undefined;
  return {
    schedule,
    moment,
    ...(isMoment(since) && { since }),
    ...(typeof blockedBy === "string" && { blockedBy }),
    body: bytes.subarray(end + 1),
  };
}

/** Whatever anybody put there may be asked. */
function isSchedule(value: unknown): value is KeptSchedule {
  const { name, times, run, overlap, missed } = fieldsOf(value);
  const { cron, every, zone } = fieldsOf(times);
  const { tube, priority, leaseMillis } = fieldsOf(run);
  return (
    [name, overlap, missed, tube].every((text) => typeof text === "string") &&
    [priority, leaseMillis].every((count) => Number.isFinite(count)) &&
    [cron, every, zone].every((time) => time === undefined || typeof time !== "object") &&
    (cron !== undefined || every !== undefined)
  );
}

/** A time that a Date can have. */
function isMoment(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(new Date(value).getTime());
}

function objectOf(text: string): Partial<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return {}; // another program's
  }
}
