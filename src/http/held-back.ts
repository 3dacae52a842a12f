/* Held back: the route that says by what jobs of a tube are held back: the tube's pause, rate and
 * limit, keys that are at theirs, and groups that are not complete.
 *
 * Keys and waiting jobs are gone through piece by piece (assembly/heldback.ts), and everything else
 * has its turn in between; after so many pieces it says that there is more.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { InProcess } from "../broker/in-process.ts";
import { heldBackEntries } from "../engine/held-back.ts";
import type { Shard } from "../engine/shard.ts";
import { settingOf, showValues } from "../protocol/tube-settings.ts";
import type { Desk } from "../session/desk.ts";
import type { HeldBackAnswer, Hold } from "./api-tubes.ts";
import { tubeNameOf } from "./fields.ts";
import type { Route } from "./handler.ts";
import { noTube } from "./refusals.ts";

/** Most holds that are told. */
const HOLDS_MAX = 100;
/** Pieces of a thousand keys, or jobs, that one request looks at. */
const PIECES_MAX = 100;
const ENCODER = new TextEncoder();

/** The route about what holds jobs back. */
export function heldBackRoutes(inProcess: InProcess): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/v1/tubes/:name/held-back",
      needs: "read",
      about: "tube",
      handler: async ({ params, signal }) => {
        const tube = new TubeBack(inProcess, tubeNameOf(params["name"]));
        return { json: await tube.answer(signal) };
      },
    },
  ];
}

/** One look through the shard of a tube: a piece, and where the next one begins; 0 at the end. */
type Piece = (shard: Shard, bytes: number, from: number, now: number) => number;

/** What holds back jobs of one tube. */
class TubeBack {
  readonly #inProcess: InProcess;
  readonly #name: Uint8Array;
  #isWhole = true;

  constructor(inProcess: InProcess, name: string) {
    this.#inProcess = inProcess;
    this.#name = ENCODER.encode(name);
  }

  async answer(signal: AbortSignal): Promise<HeldBackAnswer> {
    const own = this.#look((desk, shard) => ownHolds(desk, shard, this.#name.length));
    if (own === undefined) throw noTube();
    const keys = await this.#sum(signal, (shard, bytes, from, now) => {
      const answer = shard.keysTaken(0, bytes, from, now);
      return answer === C.MORE ? shard.field(C.RESULT_STATS + C.PLACE_MAJOR) : 0;
    });
    const groups = await this.#sum(signal, (shard, bytes, from, now) => {
      const answer = shard.groupsAwaited(0, bytes, from, now);
      return answer === C.MORE ? shard.field(C.RESULT_STATS + C.PLACE_MINOR) : 0;
    });
    const named = [
      ...[...groups].map(([name, sum]) => ({ reason: "group" as const, name, ...sum })),
      ...[...keys].map(([name, sum]) => ({ reason: "key" as const, name, ...sum })),
    ].toSorted((a, b) => b.jobs - a.jobs);
    const told = named.slice(0, HOLDS_MAX - own.length);
    const holds = this.#look((desk, shard) => [
      ...own,
      ...told.map((one) =>
        one.reason === "key" ? keyHold(shard, one) : groupHold(desk, shard, one),
      ),
    ]);
    return { holds, holdCount: own.length + named.length, isWhole: this.#isWhole };
  }

  #look<Result>(run: (desk: Desk, shard: Shard) => Result): Result {
    return this.#inProcess.look((desk) => {
      const shard = desk.shardOfTube(this.#name, 0, this.#name.length);
      desk.stageName(shard, this.#name);
      return run(desk, shard);
    });
  }

  /** How many jobs each key or group holds back, by its name. */
  async #sum(signal: AbortSignal, piece: Piece): Promise<ReadonlyMap<string, Sum>> {
    const sums = new Map<string, Sum>();
    let from = 0;
    for (let pieces = 0; pieces < PIECES_MAX && !signal.aborted; pieces++) {
      from = this.#look((desk, shard) => {
        const next = piece(shard, this.#name.length, from, desk.now);
        for (const { name, slot, jobs } of heldBackEntries(shard)) {
          sums.set(name, { slot, jobs: jobs + (sums.get(name)?.jobs ?? 0) });
        }
        return next;
      });
      if (from === 0) return sums;
      await nextTurn();
    }
    this.#isWhole = false;
    return sums;
  }
}

interface Sum {
  readonly slot: number;
  readonly jobs: number;
}

interface Named extends Sum {
  readonly name: string;
}

/** What the tube itself does to its ready jobs; undefined when there is no such tube. */
function ownHolds(desk: Desk, shard: Shard, bytes: number): readonly Hold[] | undefined {
  if (shard.statsTube(0, bytes, desk.now) !== C.DONE) return undefined;
  const jobs = shard.field(C.RESULT_STATS + C.TUBE_READY);
  if (jobs === 0) return [];
  if (shard.explainTube(0, bytes, desk.now) !== C.DONE) return undefined;
  const fact = (which: number): number => shard.field(C.RESULT_STATS + which);
  const seconds = (which: number): number => Math.max(0, fact(which) / MICROS);
  const hold = (reason: Hold["reason"], rest: Partial<Hold>): Hold => {
    return { reason, name: "", jobs, limit: "", taken: 0, leftSeconds: 0, ...rest };
  };
  const holds: Hold[] = [];
  if (fact(L.FACT_PAUSED) !== 0) {
    holds.push(hold("paused", { leftSeconds: seconds(L.FACT_PAUSE_LEFT_MICROS) }));
  }
  if (fact(L.FACT_AT_RATE) !== 0) {
    const limit = showValues(settingOf(C.SETTING_RATE), fact(L.FACT_RATE));
    holds.push(hold("rate", { limit, leftSeconds: seconds(L.FACT_RATE_LEFT_MICROS) }));
  }
  if (fact(L.FACT_AT_RESERVED) !== 0) {
    const limit = showValues(settingOf(C.SETTING_RESERVED), fact(L.FACT_RESERVED_MAX));
    holds.push(hold("reserved", { limit, taken: fact(L.FACT_RESERVED) }));
  }
  return holds;
}

function keyHold(shard: Shard, { name, slot, jobs }: Named): Hold {
  const { held, limit } = shard.keyFigures(slot);
  return { reason: "key", name, jobs, limit: String(limit), taken: held, leftSeconds: 0 };
}

function groupHold(desk: Desk, shard: Shard, { name, jobs }: Named): Hold {
  desk.stageName(shard, new Uint8Array(0)); // the name comes into the input slot
  const taken = shard.groupOf(ENCODER.encode(name))?.members ?? 0;
  return { reason: "group", name, jobs, limit: "", taken, leftSeconds: 0 };
}
