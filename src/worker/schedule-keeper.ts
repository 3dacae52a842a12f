/* ScheduleKeeper: what is done with a schedule when its moment has come: a run is enqueued, and the
 * schedule put anew for its next moment, in one step with the end of the job that it was.
 *
 * Invariants: for each moment there is one such step, since the job is held by one at a time, and
 * who has lost it can do nothing more. A schedule is there as long as nobody removes it and there
 * is another moment: what cannot be done now is tried again later. Whether the moment has come is
 * asked of the clock of whoever took the job: one whose clock is behind gives it back until then.
 * Used by worker.ts and schedules.ts.
 */
import type { HeldJob, RawJob } from "./backend.ts";
import { Deferrals } from "./deferrals.ts";
import { withExtras } from "./envelope.ts";
import type { Fate } from "./job-end.ts";
import { lastMoment, momentsOf } from "./moments.ts";
import { decodeSchedule, jobOfSchedule, runKey } from "./schedule-body.ts";
import type { KeptSchedule, ScheduleBody } from "./schedule-body.ts";

/** What a keeper has of those around it. */
export interface KeeperSurroundings {
  /** What time it is, in milliseconds since 1970. */
  readonly now: () => number;
  /** Told what went wrong where nobody waits. */
  readonly troubled: (error: unknown) => void;
}

/** A moment that is so much over was missed. */
const MISSED_MILLIS = 60_000;
const DONE = { keepMillis: 0 };

/** Does what is due. */
export class ScheduleKeeper {
  readonly #around: KeeperSurroundings;
  readonly #deferrals = new Deferrals();

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
      schedule === undefined ? DONE : { ...DONE, next: nextOf(schedule, about, now) },
    );
    this.#deferrals.forget(held.id);
    return "done";
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

/** A run, unless it was missed, and the schedule for its next moment, unless there is none. */
function nextOf(schedule: KeptSchedule, about: ScheduleBody, now: number): readonly RawJob[] {
  const { name, times, missed } = schedule;
  const moments = momentsOf(times);
  const last = missed === "all" ? about.moment : lastMoment(moments, about.moment, now);
  const isMissed = missed === "skip" && now - last > MISSED_MILLIS;
  const next = moments.after(last);
  return [
    ...(isMissed ? [] : [runOf(schedule, about.body, last, now)]),
    ...(next === undefined ? [] : [jobOfSchedule(name, { ...about, moment: next }, next - now)]),
  ];
}

function runOf(schedule: KeptSchedule, body: Uint8Array, moment: number, now: number): RawJob {
  const { name, run, overlap } = schedule;
  const key = runKey(name, overlap === "skip" ? undefined : moment);
  return {
    ...run,
    body: withExtras(body, { at: now, schedule: name, due: moment }),
    delayMillis: 0,
    unique: run.unique ?? { key, cooldownMillis: 0 },
  };
}
