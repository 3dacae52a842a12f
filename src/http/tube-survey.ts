/* TubeSurvey: all tubes with their figures, looked at a few at a time so that no command waits for it, and kept for a second.
 *
 * However many ask, one survey is under way at a time, and none without somebody who asks. Between two steps whatever else is to be done
 * is done. It remembers how many jobs were ready a while ago, which tells the tubes that grow. Used by tubes.ts.
 */
import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import type { InProcess } from "../server/in-process.ts";
import type { SessionHost } from "../server/session-host.ts";
import { tubesBehind } from "../server/statistics.ts";
import type { TubePlace } from "../server/statistics.ts";
import type { Tube } from "./api.ts";

/** How long a survey is good for, in milliseconds. */
const KEPT_MS = 1000;
/** Tubes that are looked at in one step. */
const STEP_TUBES = 256;
/** Growing is measured over at least so long, and at most about twice as long. */
const GROWTH_MS = 10_000;
/** So many more jobs are no growth, nor are fewer than this part of those that were there. */
const GROWTH_JOBS = 10;
const GROWTH_PART = 0.05;
const MICROS = 1_000_000;
const ENCODER = new TextEncoder();

interface Past {
  /** Ready jobs at the beginning of this period, and of the one before. */
  readonly ready: number;
  readonly earlier: number | undefined;
}

/** Looks at all tubes. */
export class TubeSurvey {
  readonly #inProcess: InProcess;
  #tubes: readonly Tube[] = [];
  #keptUntil = 0;
  #underWay: Promise<readonly Tube[]> | undefined;
  #past: ReadonlyMap<string, Past> = new Map();
  #pastSince = -Infinity;

  constructor(inProcess: InProcess) {
    this.#inProcess = inProcess;
  }

  /** All tubes as they were at most a second or so ago. */
  async all(): Promise<readonly Tube[]> {
    if (performance.now() < this.#keptUntil) return this.#tubes;
    this.#underWay ??= this.#survey().finally(() => (this.#underWay = undefined));
    return this.#underWay;
  }

  /** One tube as it is now; undefined when there is none of that name. */
  one(name: string): Tube | undefined {
    return this.#inProcess.look((host) => this.#tube(host, shardOf(host, name), name));
  }

  async #survey(): Promise<readonly Tube[]> {
    const tubes: Tube[] = [];
    for (const { index } of this.#inProcess.host.shards) {
      for (let number = 0; ;) {
        const places = this.#inProcess.look((host) => tubesBehind(shardAt(host, index), number));
        for (let from = 0; from < places.length; from += STEP_TUBES) {
          tubes.push(...this.#step(index, places.slice(from, from + STEP_TUBES)));
          await new Promise<void>((resolve) => void setImmediate(resolve));
        }
        const last = places.at(-1);
        if (last === undefined) break;
        number = last.number;
      }
    }
    this.#remember(tubes);
    this.#tubes = tubes;
    this.#keptUntil = performance.now() + KEPT_MS;
    return tubes;
  }

  #step(index: number, places: readonly TubePlace[]): Tube[] {
    return this.#inProcess.look((host) =>
      places
        .map(({ name }) => this.#tube(host, shardAt(host, index), name))
        .filter((tube) => tube !== undefined),
    );
  }

  #tube(host: SessionHost, shard: Shard, name: string): Tube | undefined {
    const bytes = ENCODER.encodeInto(name, shard.input).written;
    host.unstage(); // the input slot has another content now
    const code = shard.engine.statsTube(shard.thread, 0, bytes, host.now);
    if (shard.answer(code) !== C.DONE) return undefined;
    const figure = (which: number): number => shard.field(C.RESULT_STATS + which);
    const ready = figure(C.TUBE_READY);
    const watching = figure(C.TUBE_WATCHING);
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
      using: figure(C.TUBE_USING),
      watching,
      waiting: figure(C.TUBE_WAITING),
      pauseSeconds: figure(C.TUBE_PAUSE_MICROS) / MICROS,
      pauseLeftSeconds: Math.max(0, figure(C.TUBE_PAUSE_LEFT_MICROS) / MICROS),
      ageOldestReadySeconds: oldest < 0 ? null : oldest / MICROS,
      isGrowing: this.#isGrowing(name, ready),
      isUnwatched: watching === 0 && ready > 0,
    };
  }

  #isGrowing(name: string, ready: number): boolean {
    const past = this.#past.get(name);
    const before = past?.earlier ?? past?.ready;
    if (before === undefined) return false;
    return ready - before > Math.max(GROWTH_JOBS, before * GROWTH_PART);
  }

  /** A period is over: what was counted at its beginning is the earlier count of the next one. */
  #remember(tubes: readonly Tube[]): void {
    const now = performance.now();
    if (now - this.#pastSince < GROWTH_MS) return;
    const isRecent = now - this.#pastSince < 2 * GROWTH_MS;
    this.#pastSince = now;
    this.#past = new Map(
      tubes.map(({ name, ready }) => [
        name,
        { ready, earlier: isRecent ? this.#past.get(name)?.ready : undefined },
      ]),
    );
  }
}

function shardAt(host: SessionHost, index: number): Shard {
  const shard = host.shards[index];
  if (shard === undefined) throw new RangeError(`there is no shard ${index}`);
  return shard;
}

function shardOf(host: SessionHost, name: string): Shard {
  const bytes = ENCODER.encode(name);
  return host.shardOfTube(bytes, 0, bytes.length);
}
