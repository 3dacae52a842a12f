/* Schedules: sets, removes and lists the schedules of a queue, which are jobs in it
 * (schedule-body.ts).
 *
 * Invariant: whatever others do at the same time, a schedule that was set is there once when `set`
 * resolves, as it was set then or by whoever set it later. Made by queue.ts.
 */
import { pause } from "../client/pause.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import type { QueueBackend, RawStatus } from "./backend.ts";
import type { Abortable } from "./enqueue-options.ts";
import { decodeEnvelope } from "./envelope.ts";
import { BadOptionError, UnsupportedError } from "./errors.ts";
import type { AnyJob } from "./job-definition.ts";
import { checkNames } from "./known-options.ts";
import type { Known } from "./known-options.ts";
import { momentsOf } from "./moments.ts";
import type { ScheduleTimes } from "./moments.ts";
import { rawJob } from "./raw-job.ts";
import { decodeSchedule, jobOfSchedule, removed, runKey, SCHEDULES_TUBE } from "./schedule-body.ts";
import type { KeptSchedule, ScheduleBody, ScheduledRun } from "./schedule-body.ts";
import { ScheduleKeeper } from "./schedule-keeper.ts";
import type { Schedule, ScheduleOptions, Schedules, ScheduleSet } from "./schedule.ts";
import type { SchedulesKept } from "./schedule.ts";

/** A job goes from one of these states to the next, and from the last to the first. */
const STATES = ["delayed", "ready", "held", "delayed"] as const;
/** How long the place of a schedule is kept that was removed while it was due. */
const REMOVED_MILLIS = 60_000;
/** Before it is tried again to replace one that somebody else holds. */
const AGAIN_MILLIS = 10;
const WINDOW = 10;
const NO_OPTIONS = {};
const SCHEDULE_OPTIONS: Known<ScheduleOptions<AnyJob>> = {
  cron: true,
  every: true,
  zone: true,
  job: true,
  payload: true,
  overlap: true,
  missed: true,
};
const NEVER = new AbortController().signal;

/** A schedule without its next moment. */
type Wanted = Omit<ScheduleBody, "moment"> & { readonly schedule: KeptSchedule };

/** The schedules of one queue. */
export class QueueSchedules implements Schedules {
  readonly #backend: QueueBackend;
  readonly #now: () => number;

  constructor(backend: QueueBackend, now: () => number) {
    this.#backend = backend;
    this.#now = now;
  }

  async set<J extends AnyJob>(
    name: string,
    options: ScheduleOptions<J>,
    { signal }: Abortable = NO_OPTIONS,
  ): Promise<ScheduleSet> {
    signal?.throwIfAborted();
    this.#check();
    const wanted = await this.#wanted(name, options);
    const moments = momentsOf(wanted.schedule.times);
    for (let isReplaced = false, since: number | undefined; ;) {
      const now = this.#now();
      const moment = moments.after(now);
      if (moment === undefined) throw new BadOptionError(`schedule ${name}: it is never due`);
      const id = await this.#put(name, { ...wanted, since, moment }, moment - now, signal);
      const next = new Date(moment);
      if (id === undefined) return { state: isReplaced ? "replaced" : "new", next };
      const there = await this.#backend.status(id, { signal });
      if (there === undefined) continue; // it was due just now
      const about = decodeSchedule(there.body);
      if (about !== undefined && isKept(there) && isSame(about, wanted)) {
        return { state: "unchanged", next: new Date(about.moment) };
      }
      since = about?.since; // whatever of its runs is there goes on
      isReplaced ||= about?.schedule !== undefined;
      await this.#cancel(id, signal);
    }
  }

  async remove(name: string, { signal }: Abortable = NO_OPTIONS): Promise<boolean> {
    signal?.throwIfAborted();
    this.#check();
    for (let wasThere = false, isHeld = false; ;) {
      const place = removed(this.#now() + REMOVED_MILLIS);
      const outcome = await this.#place(name, place, REMOVED_MILLIS, signal);
      const { id, isNew } = outcome;
      if (isNew) {
        if (!isHeld) await this.#backend.cancel(id, { signal });
        return wasThere;
      }
      const there = await this.#backend.status(id, { signal });
      if (there === undefined) continue; // it was due just now
      const about = decodeSchedule(there.body);
      if (about !== undefined && about.schedule === undefined) return wasThere;
      wasThere = true;
      isHeld = (await this.#cancel(id, signal)) === "signalled";
    }
  }

  async list({ signal }: Abortable = NO_OPTIONS): Promise<readonly Schedule[]> {
    this.#check();
    const found = new Map<string, Schedule>();
    for (const state of STATES) {
      for await (const { body } of this.#backend.list({ tube: SCHEDULES_TUBE, state, signal })) {
        const about = decodeSchedule(body);
        if (about?.schedule !== undefined)
          found.set(about.schedule.name, seen(about.schedule, about));
      }
    }
    return [...found.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  }

  keep({ troubled = () => undefined }: Parameters<Schedules["keep"]>[0] = {}): SchedulesKept {
    this.#check();
    const keeper = new ScheduleKeeper({ backend: this.#backend, now: this.#now, troubled });
    return this.#backend.consume([SCHEDULES_TUBE], {
      window: WINDOW,
      take: async (held) => void (await keeper.keep(held)),
      troubled,
    });
  }

  #check(): void {
    if (keepsSchedules(this.#backend)) return;
    throw new UnsupportedError(`${this.#backend.name}: this back end can keep no schedules`);
  }

  async #wanted(name: string, options: ScheduleOptions<AnyJob>): Promise<Wanted> {
    checkNames(`schedule ${name}`, options, SCHEDULE_OPTIONS);
    const { job, payload, overlap = "skip", missed = "once" } = options;
    oneOf("overlap", overlap, ["skip", "wait", "allow"]);
    oneOf("missed", missed, ["once", "skip", "all"]);
    runKey(name, Number.MAX_SAFE_INTEGER); // the longest of its keys
    const prepared = await job.prepare(payload);
    // It says when it was enqueued, which is another time for each run.
    const { body, delayMillis: _, ...raw } = rawJob(job, prepared, {}, this.#backend.can, 0);
    const run = overlap === "wait" ? this.#oneAtATime(name, raw) : raw;
    return { body, schedule: { name, times: timesOf(options), overlap, missed, run } };
  }

  #oneAtATime(name: string, run: ScheduledRun): ScheduledRun {
    if (run.exclusive !== undefined) {
      throw new BadOptionError(
        `schedule ${name}: overlap: its job has an exclusive key of its own`,
      );
    }
    if (!this.#backend.can.exclusive) {
      throw new UnsupportedError(`${this.#backend.name}: overlap: it cannot have runs wait`);
    }
    return { ...run, exclusive: { key: runKey(name), limit: 1 } };
  }

  /** The id of the one that is there; undefined if it is the one that was put. */
  async #put(
    name: string,
    about: ScheduleBody,
    delayMillis: number,
    signal: AbortSignal | undefined,
  ): Promise<string | undefined> {
    const { id, isNew } = await this.#place(name, about, delayMillis, signal);
    return isNew ? undefined : id;
  }

  async #place(
    name: string,
    about: ScheduleBody,
    delayMillis: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly id: string; readonly isNew: boolean }> {
    const job = jobOfSchedule(name, about, delayMillis);
    const [outcome] = await this.#backend.put([job], { signal });
    if (outcome === undefined) throw new RangeError("the back end said nothing of a job");
    if ("error" in outcome) throw outcome.error;
    return outcome;
  }

  async #cancel(id: string, signal: AbortSignal | undefined): Promise<"signalled" | "gone"> {
    if ((await this.#backend.cancel(id, { signal })) !== "signalled") return "gone";
    await pause(SYSTEM_CLOCK, AGAIN_MILLIS, signal ?? NEVER);
    signal?.throwIfAborted();
    return "signalled";
  }
}

/** Whether it can: a schedule is one job for each name, and passes on its place in one step. */
export function keepsSchedules({ can }: QueueBackend): boolean {
  return can.unique && can.atomicNext && can.delay === "any" && can.listing;
}

function isKept({ state, isCancelled }: RawStatus): boolean {
  return state !== "buried" && !isCancelled;
}

function isSame(one: ScheduleBody, other: Wanted): boolean {
  const isSameText = JSON.stringify(one.schedule) === JSON.stringify(other.schedule);
  return (
    isSameText &&
    one.body.length === other.body.length &&
    one.body.every((byte, at) => byte === other.body[at])
  );
}

function seen({ name, times, overlap, missed, run }: KeptSchedule, about: ScheduleBody): Schedule {
  const { type, data: payload } = decodeEnvelope(about.body);
  const next = new Date(about.moment);
  const { blockedBy } = about;
  const blocked = blockedBy !== undefined && { blockedBy };
  return { name, times, type, tube: run.tube, payload, overlap, missed, next, ...blocked };
}

/** What is said of its times, and no more. */
function timesOf({ cron, every, zone }: ScheduleTimes): ScheduleTimes {
  const times = { cron, every, zone } as ScheduleTimes;
  momentsOf(times);
  return times;
}

function oneOf(what: string, word: string, words: readonly string[]): void {
  if (words.includes(word)) return;
  throw new BadOptionError(`${what}: ${JSON.stringify(word)} is none of ${words.join(", ")}`);
}
