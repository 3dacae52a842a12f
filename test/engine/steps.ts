/* Steps: what a walk is made of: operations, the numbers among which a step chooses, and what the
 * walk knows of sessions, uploads and messages.
 */
import * as C from "../../assembly/constants.ts";

/** What a walk is made of, and how often each is taken. */
const WEIGHTS = {
  put: 5,
  upload: 1,
  putTagged: 4,
  burstKeys: 1,
  crowd: 2,
  putGrouped: 3,
  endGroup: 2,
  append: 2,
  commit: 1,
  dropUpload: 1,
  take: 2,
  takeMax: 1,
  takeOf: 1,
  best: 1,
  wait: 3,
  putMany: 2,
  takeMany: 2,
  deleteMany: 2,
  cancel: 1,
  collect: 2,
  handBack: 2,
  reserveJob: 1,
  openNotes: 1,
  takeNotes: 1,
  fill: 4,
  tellJob: 1,
  unwait: 1,
  markConn: 1,
  vouch: 2,
  delete: 2,
  release: 2,
  bury: 1,
  say: 3,
  openFailure: 1,
  dropFailure: 1,
  failures: 1,
  lastMessage: 1,
  touch: 1,
  progress: 2,
  peekProgress: 1,
  finish: 3,
  awaitJob: 4,
  takeEnds: 2,
  peekResult: 1,
  kick: 1,
  kickJob: 1,
  updateJob: 2,
  cancelJob: 2,
  moveJob: 3,
  carryDead: 4,
  pause: 1,
  setTube: 2,
  tick: 1,
  tickExactly: 1,
  sleep: 2,
  sleepLong: 1,
  openConn: 1,
  closeConn: 1,
  use: 1,
  unuse: 1,
  watch: 2,
  watchAll: 1,
  ignore: 1,
  peek: 1,
  peekTube: 1,
  readBody: 1,
  statsJob: 1,
  statsTube: 1,
  statsShard: 1,
  histograms: 1,
  list: 1,
  listJobs: 1,
  peekReserved: 1,
  flush: 1,
  soonest: 1,
  burst: 1,
  pace: 3,
  thin: 1,
  shake: 3,
  sweep: 2,
  settle: 1,
};
export type Operation = keyof typeof WEIGHTS;
export type Step = readonly [Operation, number, number, number];

function isOperation(name: string): name is Operation {
  return name in WEIGHTS;
}

export const OPERATIONS = Object.entries(WEIGHTS).flatMap(([name, weight]) =>
  isOperation(name) ? Array.from({ length: weight }, () => name) : [],
);

export const THREADS = 3;
export const SECOND = 1_000_000;
/** When the clocks of all walks begin: some day, so that the numbers are as large as real ones. */
export const START_MICROS = 1_700_000_000 * SECOND;
/** Microseconds between the steps' places in the second. */
export const STRIDE = 7;
/** Failures that a job keeps: few, so that old ones have to go. */
export const FAILURES_KEPT = 3;
export const NAMES = Array.from({ length: 12 }, (_, i) =>
  i === 0 ? "default" : `tube-${i}`.repeat(i),
);
/**
 * Lengths of bodies: around every boundary of inline bodies, blocks and slots, but mostly short.
 */
export const PUT_BYTES = [
  0, 1, 7, 100, 100, 100, 400, 428, 429, 3967, 3968, 3969, 4072, 4073, 8144, 65536,
];
export const UPLOAD_BYTES = [0, 50, 3968, 3969, 4072, 8145, 65537, 131_072, 200_001];
/** Lengths of failure messages: around the largest piece, with names of every length. */
export const MESSAGE_BYTES = [
  0, 1, 60, 100, 100, 400, 3980, 4000, 4044, 4045, 8144, 65_536, 120_000,
];
/** Seconds that results are kept. */
export const KEEPS = [0, 2, 6, 100];
/** Lengths of notes of how far a job is: around the largest piece. */
export const NOTE_BYTES = [0, 1, 30, 30, 500, 4040, 4041, C.PROGRESS_BYTES_MAX];
export const PRIORITIES = [0, 0, 5, 5, 1023, 1024, 1024, 4_294_967_295];
/** Which settings are set: all but the order, whose walk is fair.test.ts. */
export const SETTINGS_SET = Array.from({ length: C.SETTING_DEAD + 1 }, (_, which) => which).filter(
  (which) => which !== C.SETTING_ORDER,
);
/** What settings are set to: mostly little, so that tubes are full now and then. */
export const SETTING_VALUES = [0, 1, 2, 4, 4, 8, 16, 1000, 9000, 4_294_967_295];
/** What those are set to that are never 0. */
export const PACE_VALUES = [1, 1, 2, 3, 5];
/**
 * Jobs a minute, for each tube another number: so no two tubes go on in the same moment, nor in one
 * in which a whole number of seconds is over.
 */
export const RATES = [7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47];
/** Idempotency keys: few, so that puts meet; of every length. */
export const KEYS = ["a", "b", "k".repeat(8), "k".repeat(200)];
/** Groups: few, so that they have members and jobs that wait. */
export const GROUPS = ["a", "g", "h".repeat(200)];
/** Seconds that jobs may live: none is that of a delay, so that both never end at once. */
export const LIVES = [6, 8, 12, 14, 100];
/**
 * Seconds of their cooldowns; the longest, which a walk may wait for often, is no age of the world.
 */
export const KEY_TTLS = [0, 0, 2, 6, 100, 10_000_000];
/** Jobs that are put and asked for while a tube is held up. */
export const PACE_JOBS = 5;
/** Jobs of a burst: enough to fill several pages. */
export const BURST_JOBS = 36;
/** Lengths of their bodies. */
export const BURST_BYTES = [3900, 3968, 5000, 8144];
/** What all bodies are cut from: no two places look alike. */
export const NOISE = Buffer.from(
  Uint32Array.from({ length: 70_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1)).buffer,
);

/** A connection as its session knows it. */
export interface Session {
  readonly ref: number;
  readonly thread: number;
  readonly watched: Map<string, number>;
  used: { name: string; ref: number } | undefined;
  /** It asked to wait and has not been answered. */
  waiting: boolean;
}

export interface Upload {
  readonly ref: number;
  readonly body: Buffer;
  position: number;
}

/** A failure message that is whole and has not been used. */
export interface Message {
  readonly ref: number;
  readonly session: Session;
  /** The session's name, which is in it. */
  readonly who: string;
  readonly text: Buffer;
}

export function pick<T>(list: readonly T[], choice: number): T | undefined {
  return list[choice % list.length];
}

export function pickNumber(list: readonly number[], choice: number): number {
  return pick(list, choice) ?? 0;
}
