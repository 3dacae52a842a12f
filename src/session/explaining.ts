/* Explaining: explain: why nobody gets a job, or who has it. Made by the session.
 *
 * The job is looked at in each piece, so what is told is how it stands at the end. What takes more
 * than one look is found out in pieces (assembly/explaining.ts): how many ready jobs come before
 * it, and, where its key is at its limit, which jobs hold that, in whatever shard. A count begins
 * again when the job became ready anew meanwhile, or has another priority.
 *
 * Invariant: between two pieces others take jobs and put some; a count says how many there were
 * when it passed them. It changes nothing.
 */

import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import type { Shard } from "../engine/shard.ts";
import { BEFORE_MAX, EXPLAIN_KEYS, KEY_JOBS_MAX } from "../protocol/explain.ts";
import { shownTags } from "../protocol/tags.ts";
import { settingOf, showValues } from "../protocol/tube-settings.ts";
import { dependOn, tagEntries, writeDocument } from "./answers.ts";
import type { Desk } from "./desk.ts";
import { explain, isInLine, isKeyTaken, shownBefore } from "./explanation.ts";
import type { Found, Standing, StandingKey } from "./explanation.ts";
import type { JobCommands } from "./job-commands.ts";
import { FINISHED, UNFINISHED } from "./long-command.ts";
import type { LongCommand } from "./long-command.ts";
import { STATE_NAMES } from "./statistics.ts";

const LATIN1 = new TextDecoder("latin1");

/** One explain of one job. */
export class Explaining implements LongCommand {
  readonly #desk: Desk;
  readonly #jobs: JobCommands;
  readonly #id: number;
  #count = new CountBefore(0, 0);
  #search: KeySearch | undefined;

  constructor(desk: Desk, jobs: JobCommands, id: number) {
    this.#desk = desk;
    this.#jobs = jobs;
    this.#id = id;
  }

  /** It writes nothing. */
  hasRoom(): boolean {
    return true;
  }

  step(): number {
    const shard = this.#jobs.look(this.#id);
    if (shard === undefined) return FINISHED;
    const position = shard.field(C.RESULT_LSN);
    const [pri, since] = [L.FACT_PRI, L.FACT_SINCE].map((which) => fact(shard, which));
    const looked = standingOf(shard);
    const standing = { ...looked, pending: pendingOf(this.#desk, shard, looked) };
    if (isInLine(standing)) {
      if (!this.#isCounted(shard, pri ?? 0, since ?? 0)) return UNFINISHED;
      if (isKeyTaken(standing) && !this.#isSearched(standing)) return UNFINISHED;
    }
    dependOn(this.#desk, shard, position); // nobody hears of an id that might be given out again
    this.#answer(standing);
    return FINISHED;
  }

  /** Counts one piece more, if there is more to count; returns whether all is counted. */
  #isCounted(shard: Shard, pri: number, since: number): boolean {
    if (!this.#count.isOf(pri, since)) this.#count = new CountBefore(pri, since);
    if (!this.#count.isDone) this.#count.step(shard, this.#id, this.#desk.now);
    return this.#count.isDone;
  }

  /** The same for the jobs that hold its key. */
  #isSearched({ slot, key }: FullStanding): boolean {
    const search = this.#search?.slot === slot ? this.#search : new KeySearch(slot);
    this.#search = search;
    const enough = Math.min(KEY_JOBS_MAX, key?.held ?? 0);
    if (!search.isDone(enough)) search.step(this.#desk, enough);
    return search.isDone(enough);
  }

  #answer(job: FullStanding): void {
    const isReady = isInLine(job);
    const found: Found = {
      before: isReady ? this.#count.count : 0,
      keyJobs: isReady && isKeyTaken(job) ? (this.#search?.jobs ?? []) : [],
    };
    writeDocument(this.#desk, explanation(this.#desk, job, found));
  }
}

/** What is known of a job, and the slot of its key. */
interface FullStanding extends Standing {
  readonly slot: number;
}

function fact(shard: Shard, which: number): number {
  return shard.field(C.RESULT_STATS + which);
}

/** What explainJob left. */
function standingOf(shard: Shard): FullStanding {
  const nameBytes = shard.field(C.RESULT_NAME_BYTES);
  const tags = tagEntries(shard);
  const from = nameBytes + tags.length;
  const slot = fact(shard, L.FACT_KEY_SLOT);
  return {
    slot,
    key: slot === 0 ? undefined : keyOf(shard, slot, tags),
    state: STATE_NAMES[fact(shard, L.FACT_STATE)] ?? "invalid",
    tube: LATIN1.decode(shard.output.slice(0, nameBytes)),
    holder: LATIN1.decode(shard.output.slice(from, from + shard.field(C.RESULT_BODY_BYTES))),
    leftMicros: fact(shard, L.FACT_LEFT_MICROS),
    isCancelled: fact(shard, L.FACT_CANCELLED) !== 0,
    isMoving: fact(shard, L.FACT_MOVING) !== 0,
    isPaused: fact(shard, L.FACT_PAUSED) !== 0,
    pauseLeftMicros: fact(shard, L.FACT_PAUSE_LEFT_MICROS),
    isAtRate: fact(shard, L.FACT_AT_RATE) !== 0,
    rateLeftMicros: fact(shard, L.FACT_RATE_LEFT_MICROS),
    rate: showValues(settingOf(C.SETTING_RATE), fact(shard, L.FACT_RATE)),
    isAtReserved: fact(shard, L.FACT_AT_RESERVED) !== 0,
    reservedMax: showValues(settingOf(C.SETTING_RESERVED), fact(shard, L.FACT_RESERVED_MAX)),
    reserved: fact(shard, L.FACT_RESERVED),
    watching: fact(shard, L.FACT_WATCHING),
    waiting: fact(shard, L.FACT_WAITING),
    group: shownTags(tags).get(C.TAG_AFT)?.name ?? "",
    isParked: fact(shard, L.FACT_PARKED) !== 0,
    pending: 0,
  };
}

/** How many jobs are in the group that a job waits for. */
function pendingOf(desk: Desk, shard: Shard, { isParked, group }: Standing): number {
  if (!isParked) return 0;
  desk.stageName(shard, new Uint8Array(0)); // the name comes into the input slot
  return shard.groupOf(new TextEncoder().encode(group))?.members ?? 0;
}

function keyOf(shard: Shard, slot: number, tags: Uint8Array): StandingKey {
  return { name: shownTags(tags).get(C.TAG_CON)?.name ?? "", ...shard.keyFigures(slot) };
}

/** How many ready jobs come before one that is ready since then at that priority. */
class CountBefore {
  count = 0;
  isDone = false;
  readonly #pri: number;
  readonly #since: number;
  /** Where the next piece goes on; see the engine. */
  #place: readonly [part: number, lane: number, pri: number, id: number] = [0, 0, 0, 0];

  constructor(pri: number, since: number) {
    this.#pri = pri;
    this.#since = since;
  }

  isOf(pri: number, since: number): boolean {
    return this.#pri === pri && this.#since === since;
  }

  /** Counts the next piece. */
  step(shard: Shard, id: number, now: number): void {
    const left = BEFORE_MAX + 1 - this.count;
    const answer = shard.countBefore(id, this.#since, ...this.#place, left, now);
    if (answer === C.NOT_FOUND) {
      this.count = 0;
      this.#place = [0, 0, 0, 0];
      return;
    }
    this.count += shard.field(C.RESULT_COUNT);
    this.isDone = answer === C.DONE;
    this.#place = [
      fact(shard, L.COUNT_PART),
      fact(shard, L.COUNT_LANE),
      fact(shard, L.COUNT_PRI),
      fact(shard, L.COUNT_ID),
    ];
  }
}

/** The search for the jobs that hold the key of a slot, shard after shard. */
class KeySearch {
  readonly slot: number;
  readonly #found = new Set<number>();
  #shard = 0;
  #isOver = false;
  /* Where it is in that shard; see the engine. */
  #conn = 0;
  #major = 0;
  #minor = 0;

  constructor(slot: number) {
    this.slot = slot;
  }

  /** Those that were found, by their ids. */
  get jobs(): readonly number[] {
    return [...this.#found].toSorted((a, b) => a - b);
  }

  /** Whether `enough` were found, or there are no more. */
  isDone(enough: number): boolean {
    return this.#isOver || this.#found.size >= enough;
  }

  /** Looks through the next part of what is held. */
  step({ shards, now }: Desk, enough: number): void {
    const shard = shards[this.#shard];
    if (shard === undefined) {
      this.#isOver = true;
      return;
    }
    const [conn, major, minor] = [this.#conn, this.#major, this.#minor];
    const most = enough - this.#found.size;
    const answer = shard.keyHolders(this.slot, most, conn, major, minor, now);
    const { buffer, byteOffset } = shard.output;
    const ids = new Float64Array(buffer, byteOffset, shard.field(C.RESULT_COUNT));
    for (const id of ids) this.#found.add(id);
    this.#conn = fact(shard, C.PLACE_CONN);
    this.#major = fact(shard, C.PLACE_MAJOR);
    this.#minor = fact(shard, C.PLACE_MINOR);
    if (answer === C.MORE || ids.length === most) return;
    this.#shard++;
    this.#conn = this.#major = this.#minor = 0;
  }
}

/** The document, with every key. */
function explanation(desk: Desk, job: FullStanding, found: Found): string {
  const { reason, why } = explain(job, found);
  const values: Readonly<Record<string, string | number | boolean>> = {
    why,
    reason,
    state: job.state,
    tube: job.tube,
    before: shownBefore(found.before),
    "time-left": wholeSeconds(job.leftMicros),
    holder: job.holder,
    "pause-time-left": wholeSeconds(job.pauseLeftMicros),
    "set-rate": job.rate,
    "rate-time-left": wholeSeconds(job.rateLeftMicros),
    "set-reserved": job.reservedMax,
    "current-jobs-reserved": job.reserved,
    "concurrency-key": job.key?.name ?? "",
    "concurrency-limit": job.key?.limit ?? 0,
    "concurrency-held": job.key?.held ?? 0,
    "concurrency-jobs": found.keyJobs.join(" "),
    "after-group": job.group,
    "group-pending": job.pending,
    "current-watching": job.watching,
    "current-waiting": job.waiting,
    cancelled: job.isCancelled,
    draining: desk.common.draining,
  };
  return desk.control.yamlDictionary(
    EXPLAIN_KEYS.map(({ key, quoted }) => [key, values[key] ?? "", quoted] as const),
  );
}

/** As in `stats`. */
function wholeSeconds(micros: number): number {
  return Math.max(0, Math.floor(micros / MICROS));
}
