/* ScheduleKeeper: what is done with a schedule when its moment has come: a run is enqueued, and the
 * schedule put anew for its next moment, in one step with the end of the job that it was.
 *
 * Invariants: for each moment there is one such step, since the job is held by one at a time, and
 * who has lost it can do nothing more. A schedule is there as long as nobody removes it and there
 * is another moment: what cannot be done now is tried again later. Whether the moment has come is
 * asked of the clock of whoever took the job: one whose clock is behind gives it back until then.
 * Used by worker.ts and schedules.ts.
 */
import { HomemakerError } from "../protocol/homemaker-error.ts";
import type { HeldJob, QueueBackend, RawJob } from "./backend.ts";
import { Deferrals } from "./deferrals.ts";
import { withExtras } from "./envelope.ts";
import type { Fate } from "./job-end.ts";
import { lastMoment, momentsOf } from "./moments.ts";
import { Recent } from "./recent.ts";
import { keyOfRun } from "./run-key.ts";
import { decodeSchedule, jobOfSchedule } from "./schedule-body.ts";
import type { KeptSchedule, ScheduleBody } from "./schedule-body.ts";

/** What a keeper has of those around it. */
export interface KeeperSurroundings {
  /** Where the schedule's job comes from. */
  readonly backend: Pick<QueueBackend, "stats" | "put" | "status" | "cancel">;
  /** What time it is, in milliseconds since 1970. */
  readonly now: () => number;
  /** Told what went wrong where nobody waits. */
  readonly troubled: (error: unknown) => void;
}

/** A moment that is so much over was missed. */
const MISSED_MILLIS = 60_000;
const DONE = { keepMillis: 0 };

/** A run was left out for a job that is set aside. */
class ScheduleBlockedError extends HomemakerError {
  override readonly name = "ScheduleBlockedError";
  readonly code = "HM_SCHEDULE_BLOCKED";
}

/** Does what is due. */
export class ScheduleKeeper {
  readonly #around: KeeperSurroundings;
  readonly #deferrals = new Deferrals();
  readonly #told = new Recent<true>();

  constructor(around: KeeperSurroundings) {
    this.#around = around;
  }

  /** Does what is due by a schedule's job. Never rejects. */
  async keep(held: HeldJob): Promise<Fate> {
    try {
      return await this.#keep(held);
    } catch (error) {
      if (!held.isHeld) return "lost";
      this.#around.troubled(error);
      return this.#putOff(held);
    }
  }

  async #keep(held: HeldJob): Promise<Fate> {
    const about = decodeSchedule(held.body);
    if (about === undefined)
      throw new TypeError(`job ${held.id} is no schedule that is known here`);
    const now = this.#around.now();
    if (about.moment > now) return handedBack(held, about.moment - now);
    const { schedule } = about;
    await held.complete(
      schedule === undefined ? DONE : { ...DONE, next: await this.#next(schedule, about, now) },
    );
    this.#deferrals.forget(held.id);
    return "done";
  }

  /** A run, unless it was missed, and the schedule for its next moment, unless there is none. */
  async #next(schedule: KeptSchedule, about: ScheduleBody, now: number): Promise<RawJob[]> {
    const { name, times, missed } = schedule;
    const moments = momentsOf(times);
    const last = missed === "all" ? about.moment : lastMoment(moments, about.moment, now);
    const isMissed = missed === "skip" && now - last > MISSED_MILLIS;
    const next = moments.after(last);
    const { key, since, blockedBy } = isMissed
      ? { ...about, key: "" }
      : await keyOfRun(this.#around.backend, { ...about, schedule }, last);
    if (blockedBy !== undefined) this.#tellBlocked(name, blockedBy);
    const kept = { ...about, since, blockedBy };
    return [
      ...(isMissed ? [] : [runOf(schedule, about.body, { moment: last, now, key })]),
      ...(next === undefined ? [] : [jobOfSchedule(name, { ...kept, moment: next }, next - now)]),
    ];
  }

  /** Once for each job, however often it is in the way. */
  #tellBlocked(name: string, id: string): void {
    if (this.#told.get(id) !== undefined) return;
    this.#told.set(id, true);
    this.#around.troubled(
      new ScheduleBlockedError(
        `schedule ${name}: there is no run: job ${id}, which is set aside, has its unique key`,
      ),
    );
  }

  async #putOff(held: HeldJob): Promise<Fate> {
    try {
      return await handedBack(held, this.#deferrals.afterMillis(held.id));
    } catch (error) {
      this.#around.troubled(error);
      return "lost";
    }
  }
}

async function handedBack(held: HeldJob, afterMillis: number): Promise<Fate> {
  await held.handBack({ afterMillis });
  return "handed-back";
}

function runOf(
  schedule: KeptSchedule,
  body: Uint8Array,
  { moment, now, key }: { readonly moment: number; readonly now: number; readonly key: string },
): RawJob {
  const { name, run } = schedule;
  return {
    ...run,
    body: withExtras(body, { at: now, schedule: name, due: moment }),
    delayMillis: 0,
    unique: run.unique ?? { key, cooldownMillis: 0 },
  };
}
