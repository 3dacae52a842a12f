/* Scrape: gathers what GET /metrics shows, a piece at a time, from the shards and the common
 * memory.
 *
 * Nothing is counted here. The main thread has its turn for some tens of microseconds and then lets
 * everything else have theirs, and no shard's lock is held for longer than a piece of 64 tubes
 * takes. However many ask, one scrape is under way at a time, and those who ask meanwhile get what
 * it finds. Used by src/http/.
 */
import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import { shardTimes, tubeTimes } from "../engine/times.ts";
import type { Shard } from "../engine/shard.ts";
import { TubeSurvey } from "../engine/tube-survey.ts";
import type { Log } from "../log.ts";
import { EVENTS, STATES, TUBE_OTHERS } from "../observability/metrics.ts";
import { exposition } from "../observability/exposition.ts";
import type { Distribution, Figures, Labels, Sample } from "../observability/exposition.ts";
import { COMMANDS } from "../protocol/commands.ts";
import { COUNTER_LINES_DROPPED } from "../engine/common.ts";
import { COUNTER_ACCEPTED, COUNTER_TURNED_AWAY } from "../engine/common.ts";
import {
  COUNTER_BATCHES_REFUSED,
  COUNTER_PRODUCERS,
  COUNTER_REFUSALS,
  COUNTER_RESULTS_LOST,
  COUNTER_WAITING,
  COUNTER_WORKERS,
  REFUSALS,
} from "../session/counters.ts";
import { journalBoardOf } from "../broker/boards.ts";
import type { InProcess } from "../broker/in-process.ts";
import type { Leadership } from "../broker/leadership.ts";
import * as B from "../broker/journal-board.ts";
import type { Desk } from "../session/desk.ts";
import { commandCount } from "../session/statistics.ts";
import { copyFigures } from "./copy-figures.ts";
import { infoFigures, one, processFigures } from "./process-figures.ts";
import { outboxFigures } from "./outbox-figures.ts";
import type { OutboxFigures } from "./outbox.ts";
import { TubeFigures } from "./tube-figures.ts";
import type { SeenTube } from "./tube-figures.ts";
import { TubeLedger } from "./tube-ledger.ts";

const LATIN1 = new TextDecoder("latin1");

/** Of a tube and of a shard, where each event of EVENTS is counted. */
const TUBE_EVENTS = [
  C.TUBE_PUTS,
  C.TUBE_RESERVES,
  C.TUBE_DELETES,
  C.TUBE_RELEASES,
  C.TUBE_BURIES,
  C.TUBE_KICKS,
  C.TUBE_TOUCHES,
  C.TUBE_TIMEOUTS,
  C.TUBE_LOSSES,
  C.TUBE_DEAD_LETTERS,
];
const SHARD_EVENTS = [
  C.SHARD_TOTAL,
  C.SHARD_RESERVES,
  C.SHARD_DELETES,
  C.SHARD_RELEASES,
  C.SHARD_BURIES,
  C.SHARD_KICKS,
  C.SHARD_TOUCHES,
  C.SHARD_TIMEOUTS,
  C.SHARD_LOSSES,
  C.SHARD_DEAD_LETTERS,
];
const TUBE_STATES = [C.TUBE_READY, C.TUBE_RESERVED, C.TUBE_DELAYED, C.TUBE_BURIED];
const SHARD_STATES = [C.SHARD_READY, C.SHARD_RESERVED, C.SHARD_DELAYED, C.SHARD_BURIED];

/* A tube's counts in the ledger: the events, then both histograms with their sums. */
const QUEUE_AT = EVENTS.length;
const PROCESS_AT = QUEUE_AT + C.TIME_BUCKETS + 1;
const COUNTS = PROCESS_AT + C.TIME_BUCKETS + 1;

/** What scrapes are made of. */
export interface ScrapeParts {
  readonly inProcess: InProcess;
  readonly log: Log;
  readonly hasJournal: boolean;
  /** So many tubes have a label of their own. */
  readonly mostTubes: number;
  /** Absent where no copy of the journal is kept. */
  readonly leadership: Leadership | undefined;
  /** What the outbox's reader counts; undefined where there is none, or none yet. */
  readonly outbox?: (() => OutboxFigures | undefined) | undefined;
}

/** The scrapes of one server. */
export class Scrape {
  readonly #inProcess: InProcess;
  readonly #log: Log;
  readonly #hasJournal: boolean;
  readonly #outbox: (() => OutboxFigures | undefined) | undefined;
  readonly #mostTubes: number;
  readonly #leadership: Leadership | undefined;
  readonly #ledger = new TubeLedger(COUNTS);
  #lastLook: TubeFigures | undefined;
  #underWay: Promise<string> | undefined;

  constructor({ inProcess, log, hasJournal, mostTubes, leadership, outbox }: ScrapeParts) {
    this.#inProcess = inProcess;
    this.#log = log;
    this.#hasJournal = hasJournal;
    this.#outbox = outbox;
    this.#mostTubes = mostTubes;
    this.#leadership = leadership;
  }

  /**
   * The exposition as of now, or as of the scrape that is under way. Rejects with a ClosedError
   * when commands do not run.
   */
  text(): Promise<string> {
    this.#underWay ??= this.#gather().finally(() => (this.#underWay = undefined));
    return this.#underWay;
  }

  async #gather(): Promise<string> {
    const began = performance.now();
    const pause = (): Promise<void> =>
      new Promise((resolve) => this.#inProcess.desk.later(() => resolve()));
    const server = this.#inProcess.look((desk) => serverCounts(desk));
    const look = new TubeFigures(this.#mostTubes);
    for (const shard of this.#inProcess.desk.shards) {
      const survey = new TubeSurvey(shard);
      while (this.#inProcess.look(({ now }) => survey.next(now))) {
        look.add(survey, shard.index);
        await pause();
      }
    }
    const { first } = look;
    const counts: Float64Array[] = [];
    for (const tube of first) {
      counts.push(this.#inProcess.look(({ shards }) => countsOf(tube, shards[tube.shard])));
      await pause();
    }
    const before = this.#lastLook;
    const labelled = first.map(({ key }, at) => ({
      key,
      counts: counts[at] ?? new Float64Array(0),
    }));
    const settled = this.#ledger.settle(server, labelled, (key) => before?.hadSeen(key) === true);
    this.#lastLook = look;
    const figures = this.#inProcess.look((desk) => ({
      ...infoFigures(desk),
      ...serverFigures(desk, this.#ledger.server, look),
      ...tubeFigures(look, first, settled, this.#ledger.others),
      ...shardFigures(desk),
      ...journalFigures(desk, this.#hasJournal),
      ...copyFigures(this.#leadership),
      ...outboxFigures(this.#outbox?.()),
      ...processFigures(desk),
      logLinesDropped: one(this.#log.dropped + desk.common.total(COUNTER_LINES_DROPPED)),
      scrapeTime: one((performance.now() - began) / 1000),
    }));
    return exposition(figures, pause);
  }
}

/* Counting what is to be entered in the ledger. */

function serverCounts({ shards, now }: Desk): Float64Array {
  const counts = new Float64Array(COUNTS);
  for (const shard of shards) {
    shard.statsShard(now);
    for (const [at, which] of SHARD_EVENTS.entries()) add(counts, at, figure(shard, which));
    const { queue, process } = shardTimes(shard);
    addTimes(counts, QUEUE_AT, queue);
    addTimes(counts, PROCESS_AT, process);
  }
  return counts;
}

/**
 * Of a tube that is gone since it was seen, or that is another one of the same name now, there are
 * no times any more.
 */
function countsOf({ key, name, figures }: SeenTube, shard: Shard | undefined): Float64Array {
  const counts = new Float64Array(COUNTS);
  for (const [at, which] of TUBE_EVENTS.entries()) counts[at] = figures[which] ?? 0;
  if (shard === undefined) return counts;
  const times = tubeTimes(shard, name);
  if (times === undefined || TubeFigures.keyOf(times.number, shard.index) !== key) return counts;
  addTimes(counts, QUEUE_AT, times.queue);
  addTimes(counts, PROCESS_AT, times.process);
  return counts;
}

function add(counts: Float64Array, at: number, by: number): void {
  counts[at] = (counts[at] ?? 0) + by;
}

function addTimes(
  counts: Float64Array,
  from: number,
  times: { readonly counts: Float64Array; readonly sumMicros: number },
): void {
  for (const [at, count] of times.counts.entries()) add(counts, from + at, count);
  add(counts, from + C.TIME_BUCKETS, times.sumMicros);
}

function figure(shard: Shard, which: number): number {
  return shard.field(C.RESULT_STATS + which);
}

/* Making series. */

function states(labels: Labels, value: (at: number) => number): readonly Sample[] {
  return STATES.map((state, at) => ({ labels: { ...labels, state }, value: value(at) }));
}

function events(labels: Labels, counts: Float64Array): readonly Sample[] {
  return EVENTS.map((event, at) => ({ labels: { ...labels, event }, value: counts[at] ?? 0 }));
}

/** The histogram that stands in `counts` from `from` on, `step` of its buckets in one. */
function distribution(
  labels: Labels,
  counts: Float64Array,
  from: number,
  step: number,
): Distribution {
  const merged: number[] = [];
  for (let at = 0; at < C.TIME_BUCKETS; at++) {
    // The first one stands alone: the bounds that stay are every step-th from it on.
    const bucket = Math.ceil(at / step);
    merged[bucket] = (merged[bucket] ?? 0) + (counts[from + at] ?? 0);
  }
  return { labels, counts: merged, sumSeconds: (counts[from + C.TIME_BUCKETS] ?? 0) / MICROS };
}

function ageSeconds(micros: number): number {
  return Math.max(micros, 0) / MICROS;
}

type Part<Key extends keyof Figures> = Pick<Figures, Key>;

function serverFigures(
  desk: Desk,
  counts: Float64Array,
  look: TubeFigures,
): Part<
  | "draining"
  | "jobs"
  | "urgentJobs"
  | "tubes"
  | "events"
  | "commands"
  | "results"
  | "resultBytes"
  | "resultsNotKept"
  | "oldestReady"
  | "queueTime"
  | "processTime"
  | "connections"
  | "producers"
  | "workers"
  | "waitingWorkers"
  | "accepted"
  | "turnedAway"
  | "putsMet"
  | "putsRefused"
  | "batchesRefused"
> {
  const { common } = desk;
  const sums = shardSums(desk);
  const sum = (which: number): number => sums[which] ?? 0;
  return {
    draining: one(common.draining ? 1 : 0),
    jobs: states({}, (at) => sum(SHARD_STATES[at] ?? 0)),
    urgentJobs: one(sum(C.SHARD_URGENT)),
    tubes: one(sum(C.SHARD_TUBES)),
    events: events({}, counts),
    commands: COMMANDS.flatMap(({ op, counter }) =>
      counter === null
        ? []
        : one(commandCount(desk, op), { command: counter.replace(/^cmd-/, "") }),
    ),
    results: one(sum(C.SHARD_RESULTS)),
    resultBytes: one(sum(C.SHARD_RESULT_BYTES)),
    resultsNotKept: one(common.total(COUNTER_RESULTS_LOST)),
    oldestReady: one(ageSeconds(look.oldestMicros)),
    queueTime: [distribution({}, counts, QUEUE_AT, 1)],
    processTime: [distribution({}, counts, PROCESS_AT, 1)],
    connections: one(common.openConnections),
    producers: one(common.total(COUNTER_PRODUCERS)),
    workers: one(common.total(COUNTER_WORKERS)),
    waitingWorkers: one(common.total(COUNTER_WAITING)),
    accepted: one(common.total(COUNTER_ACCEPTED)),
    turnedAway: one(common.total(COUNTER_TURNED_AWAY)),
    putsMet: one(sum(C.SHARD_MET)),
    batchesRefused: one(common.total(COUNTER_BATCHES_REFUSED)),
    putsRefused: REFUSALS.flatMap((reason, at) =>
      one(common.total(COUNTER_REFUSALS + at), { reason }),
    ),
  };
}

function shardSums({ shards, now }: Desk): Float64Array {
  const sums = new Float64Array(C.SHARD_FIGURES);
  for (const shard of shards) {
    shard.statsShard(now);
    for (const at of sums.keys()) add(sums, at, figure(shard, at));
  }
  return sums;
}

/** A tube's label and what there is to say under it. */
interface Shown {
  readonly labels: Labels;
  readonly figures: Float64Array;
  readonly paused: number;
  readonly counts: Float64Array;
}

function tubeFigures(
  look: TubeFigures,
  first: readonly SeenTube[],
  settled: readonly Float64Array[],
  others: Float64Array | undefined,
): Part<
  | "tubeJobs"
  | "tubeUrgentJobs"
  | "tubeEvents"
  | "tubeUsers"
  | "tubeWatchers"
  | "tubeWaiting"
  | "tubePaused"
  | "tubeOldestReady"
  | "tubeQueueTime"
  | "tubeProcessTime"
> {
  const shown: Shown[] = first.map(({ name, figures }, at) => ({
    labels: { tube: LATIN1.decode(name) },
    figures,
    paused: (figures[C.TUBE_PAUSE_LEFT_MICROS] ?? 0) > 0 ? 1 : 0,
    counts: settled[at] ?? new Float64Array(COUNTS),
  }));
  const { rest } = look;
  if (rest !== undefined || others !== undefined) {
    shown.push({
      labels: { tube: TUBE_OTHERS },
      figures: rest?.figures ?? new Float64Array(C.TUBE_FIGURES),
      paused: rest?.paused ?? 0,
      counts: others ?? new Float64Array(COUNTS),
    });
  }
  const gauge = (which: number): readonly Sample[] =>
    shown.map(({ labels, figures }) => ({ labels, value: figures[which] ?? 0 }));
  return {
    tubeJobs: shown.flatMap(({ labels, figures }) =>
      states(labels, (at) => figures[TUBE_STATES[at] ?? 0] ?? 0),
    ),
    tubeUrgentJobs: gauge(C.TUBE_URGENT),
    tubeEvents: shown.flatMap(({ labels, counts }) => events(labels, counts)),
    tubeUsers: gauge(C.TUBE_USING),
    tubeWatchers: gauge(C.TUBE_WATCHING),
    tubeWaiting: gauge(C.TUBE_WAITING),
    tubePaused: shown.map(({ labels, paused }) => ({ labels, value: paused })),
    tubeOldestReady: shown.map(({ labels, figures }) => ({
      labels,
      value: ageSeconds(figures[C.TUBE_OLDEST_MICROS] ?? 0),
    })),
    tubeQueueTime: shown.map(({ labels, counts }) => distribution(labels, counts, QUEUE_AT, 2)),
    tubeProcessTime: shown.map(({ labels, counts }) => distribution(labels, counts, PROCESS_AT, 2)),
  };
}

function shardFigures({
  shards,
  now,
  facts,
}: Desk): Part<
  | "memoryCap"
  | "shardUsed"
  | "shardTaken"
  | "shardContended"
  | "keysInUse"
  | "shardAside"
  | "shardAway"
  | "shardAwayBytes"
  | "shardBrought"
  | "shardParked"
> {
  const read = shards.map((shard) => {
    shard.statsShard(now);
    return Array.from({ length: C.SHARD_FIGURES }, (_, which) => figure(shard, which));
  });
  const series = (which: number): readonly Sample[] =>
    read.map((figures, shard) => ({
      labels: { shard: String(shard) },
      value: figures[which] ?? 0,
    }));
  return {
    memoryCap: one(facts.memoryCapBytes),
    shardUsed: series(C.SHARD_USED_BYTES),
    shardTaken: series(C.SHARD_TAKEN_BYTES),
    shardContended: series(C.SHARD_CONTENDED),
    keysInUse: one(shards[0]?.keysInUse() ?? 0),
    shardAside: series(C.SHARD_ASIDE),
    shardAway: series(C.SHARD_AWAY),
    shardAwayBytes: series(C.SHARD_AWAY_BYTES),
    shardBrought: series(C.SHARD_BROUGHT),
    shardParked: series(C.SHARD_PARKED),
  };
}

function journalFigures(
  desk: Desk,
  hasJournal: boolean,
): Part<
  | "journalSegments"
  | "journalBytes"
  | "journalLiveBytes"
  | "journalRecords"
  | "journalUnsyncedBytes"
  | "journalUnsyncedAge"
  | "journalFull"
  | "journalSync"
> {
  const board = journalBoardOf(desk.common);
  const sums = shardSums(desk);
  const unsafe = desk.shards.reduce(
    (sum, shard) => sum + Math.max(0, shard.journalHead() - board.safePosition(shard.index)),
    0,
  );
  const kept = sums[C.SHARD_RECORDS_KEPT] ?? 0;
  const { counts, sumMillis } = board.syncs();
  const there = <Series>(series: readonly Series[]): readonly Series[] =>
    hasJournal ? series : [];
  return {
    journalSegments: there(one(board.figure(B.FIGURE_SEGMENTS))),
    journalBytes: there(one(board.figure(B.FIGURE_BYTES))),
    journalLiveBytes: there(one(board.figure(B.FIGURE_LIVE_BYTES))),
    journalRecords: there([
      ...one((sums[C.SHARD_RECORDS] ?? 0) - kept, { reason: "new" }),
      ...one(kept, { reason: "kept" }),
    ]),
    journalUnsyncedBytes: there(one(unsafe)),
    journalUnsyncedAge: there(one(board.figure(B.FIGURE_OLDEST_UNSYNCED_MILLIS) / 1000)),
    journalFull: there(one(board.isFull ? 1 : 0)),
    journalSync: there([{ labels: {}, counts, sumSeconds: sumMillis / 1000 }]),
  };
}
