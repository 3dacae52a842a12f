/* TubeSurvey: all tubes with their figures, looked at a few at a time so that no command waits for
 * it, and kept for a second.
 *
 * However many ask, one survey is under way at a time, and none without somebody who asks. Between
 * two pieces whatever else is to be done is done, and no shard's lock is held for longer than a
 * piece takes. It remembers of each tube whether it grows. Used by tubes.ts, overview.ts and
 * failure-groups.ts.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import { TubeSurvey as Survey } from "../engine/tube-survey.ts";
import { COUNTER_WORKERS } from "../session/counters.ts";
import { shownSettings } from "../session/statistics.ts";
import type { InProcess } from "../broker/in-process.ts";
import { TUBE_SETTINGS } from "../protocol/tube-settings.ts";
import type { Shard } from "../engine/shard.ts";
import type { Tube, TubeDetails, TubeSetting } from "./api-tubes.ts";
import { Growth } from "./growth.ts";

/** How long a survey is good for, in milliseconds. */
const KEPT_MS = 1000;
const ENCODER = new TextEncoder();

/** What is remembered of a tube from one survey to the next. */
interface Known {
  /** Among all tubes of its shard, in the order in which they were made. */
  readonly number: number;
  readonly name: string;
  readonly growth: Growth;
}

/** The open connections. */
interface Crowd {
  /** Those that have reserved, or wait for a job. */
  readonly workers: number;
  readonly others: number;
}

/** What it asks of a thread's own place. */
type Surveyed = Pick<InProcess, "desk" | "look">;

/** Looks at all tubes. */
export class TubeSurvey {
  readonly #inProcess: Surveyed;
  readonly #nowMillis: () => number;
  #tubes: readonly Tube[] = [];
  #keptUntil = -Infinity;
  #underWay: Promise<readonly Tube[]> | undefined;
  /** By shard, in the order of their numbers. */
  #known: readonly (readonly Known[])[] = [];

  /** `nowMillis` is a clock in milliseconds. */
  constructor(inProcess: Surveyed, nowMillis: () => number = () => performance.now()) {
    this.#inProcess = inProcess;
    this.#nowMillis = nowMillis;
  }

  /** All tubes as they were at most a second or so ago. */
  async all(): Promise<readonly Tube[]> {
    if (this.#nowMillis() < this.#keptUntil) return this.#tubes;
    this.#underWay ??= this.#survey().finally(() => (this.#underWay = undefined));
    return this.#underWay;
  }

  /** One tube as it is now; undefined when there is none of that name. */
  one(name: string): TubeDetails | undefined {
    return this.#inProcess.look((desk) => {
      const bytes = ENCODER.encode(name);
      const shard = desk.shardOfTube(bytes, 0, bytes.length);
      desk.stageName(shard, bytes);
      if (shard.statsTube(0, bytes.length, desk.now) !== C.DONE) return undefined;
      const known = this.#known[shard.index]?.find((one) => one.name === name);
      const figure = (which: number): number => shard.field(C.RESULT_STATS + which);
      const tube = tubeOf(name, known?.growth, figure, this.#crowd());
      return { ...tube, bytes: figure(C.TUBE_BYTES), settings: settingsOf(shard) };
    });
  }

  async #survey(): Promise<readonly Tube[]> {
    const tubes: Tube[] = [];
    const known: Known[][] = [];
    for (const shard of this.#inProcess.desk.shards) {
      const survey = new Survey(shard);
      const before = new Walk(this.#known[shard.index] ?? []);
      const seen: Known[] = [];
      while (this.#piece(survey)) {
        const crowd = this.#crowd();
        for (let at = 0; at < survey.count; at++) {
          const number = survey.number(at);
          const one = before.goTo(number) ?? newTube(number, survey.name(at));
          const figure = (which: number): number => survey.figure(at, which);
          seen.push(one);
          one.growth.look(this.#lookAt(figure));
          tubes.push(tubeOf(one.name, one.growth, figure, crowd));
        }
        await nextTurn();
      }
      known.push(seen);
    }
    this.#known = known;
    this.#tubes = tubes;
    this.#keptUntil = this.#nowMillis() + KEPT_MS;
    return tubes;
  }

  /** Whether there was another piece. */
  #piece(survey: Survey): boolean {
    return this.#inProcess.look(({ now }) => survey.next(now));
  }

  #crowd(): Crowd {
    const { common } = this.#inProcess.desk;
    const workers = common.total(COUNTER_WORKERS);
    return { workers, others: common.openConnections - workers };
  }

  #lookAt(figure: (which: number) => number): Parameters<Growth["look"]>[0] {
    return {
      atMillis: this.#nowMillis(),
      jobs: figure(C.TUBE_READY) + figure(C.TUBE_RESERVED) + figure(C.TUBE_DELAYED),
      came: figure(C.TUBE_PUTS) + figure(C.TUBE_KICKS),
    };
  }
}

/**
 * Goes through the tubes that are known of a shard as a survey goes through those that are there:
 * both in the order of their numbers.
 */
class Walk {
  readonly #known: readonly Known[];
  #at = 0;

  constructor(known: readonly Known[]) {
    this.#known = known;
  }

  /** The tube of that number, which is higher than the last one that was asked for. */
  goTo(number: number): Known | undefined {
    while ((this.#known[this.#at]?.number ?? Infinity) < number) this.#at++;
    const one = this.#known[this.#at];
    return one?.number === number ? one : undefined;
  }
}

function newTube(number: number, name: string): Known {
  return { number, name, growth: new Growth() };
}

/**
 * Whether a worker may be among the watchers of a tube.
 *
 * The engine counts watchers, not who of them is a worker. Every connection watches `default` until
 * it says otherwise, so there only those beyond the others tell of a worker; any other tube is
 * watched by those who mean to reserve from it.
 */
function isServed(name: string, watching: number, waiting: number, crowd: Crowd): boolean {
  if (waiting > 0) return true;
  return name === "default" ? watching > crowd.others : watching > 0 && crowd.workers > 0;
}

/** What can be set for the tube that was just looked at, with what it is set to. */
function settingsOf(shard: Shard): readonly TubeSetting[] {
  const values = shownSettings(shard);
  return TUBE_SETTINGS.map(({ name, form, summary }) => {
    return { name, form, summary, value: values[name] ?? "" };
  });
}

function tubeOf(
  name: string,
  growth: Growth | undefined,
  figure: (which: number) => number,
  crowd: Crowd,
): Tube {
  const ready = figure(C.TUBE_READY);
  const watching = figure(C.TUBE_WATCHING);
  const waiting = figure(C.TUBE_WAITING);
  const oldest = figure(C.TUBE_OLDEST_MICROS); // -1: no job is ready
  return {
    name,
    ready,
    reserved: figure(C.TUBE_RESERVED),
    delayed: figure(C.TUBE_DELAYED),
    buried: figure(C.TUBE_BURIED),
    urgent: figure(C.TUBE_URGENT),
    total: figure(C.TUBE_TOTAL),
    deleted: figure(C.TUBE_CMD_DELETE),
    waitingForGroup: figure(C.TUBE_PARKED),
    using: figure(C.TUBE_USING),
    watching,
    waiting,
    pauseSeconds: figure(C.TUBE_PAUSE_MICROS) / MICROS,
    pauseLeftSeconds: Math.max(0, figure(C.TUBE_PAUSE_LEFT_MICROS) / MICROS),
    ageOldestReadySeconds: oldest < 0 ? null : oldest / MICROS,
    isGrowing: ready > 0 && growth?.isGrowing === true,
    isUnwatched: ready > 0 && !isServed(name, watching, waiting, crowd),
  };
}
