/* Exports: the engine's raw functions, as WebAssembly gives them. What each does stands above it in
 * assembly/.
 *
 * Addresses come back as signed numbers from raw exports; results that are addresses are read from
 * the result area instead.
 */

/**
 * What an instance of build/engine.wasm exports. Every result is an answer of assembly/constants.ts
 * unless it says otherwise.
 */
export interface EngineExports {
  open(
    index: number,
    threads: number,
    ringBytes: number,
    pages: number,
    budgetPages: number,
  ): number;
  openJournal(
    reserveBytes: number,
    partBytes: number,
    shards: number,
    wallBase: number,
    keepsReleases: number,
  ): void;
  keepFailures(most: number): void;
  startStream(lsn: number): void;
  freeRing(t: number, lsn: number): number;
  addSegment(number: number, first: number): void;
  dropSegment(t: number, number: number): number;
  /** A position in the stream. */
  seal(from: number, to: number, salt: number): number;
  /** A CRC-32C, signed. */
  checksum(seed: number, address: number, bytes: number): number;
  /** Addresses. */
  journalHeadAddress(): number;
  ringAddress(): number;
  /** Bytes. */
  ringLimit(): number;
  segmentsAddress(): number;
  /** A number. */
  segmentCount(): number;
  check(t: number, bytes: number, salt: number): number;
  replay(
    t: number,
    offset: number,
    bytes: number,
    salt: number,
    shards: number,
    now: number,
    isYoung: number,
    again: number,
    number: number,
  ): number;
  /** A count. */
  strays(): number;
  endReplay(t: number): number;
  jobHints(t: number, bucket: number): number;
  tubeHints(t: number, number: number): number;
  applyJobHints(t: number, address: number, bytes: number, now: number): number;
  applyTubeHints(t: number, address: number, bytes: number, now: number): number;
  keep(t: number, address: number, bytes: number, salt: number, number: number): number;
  keepRest(t: number, from: number, number: number): number;
  /** An id. */
  lastId(): number;
  skipIds(id: number): void;
  grantPages(t: number, pages: number, growth: number): number;
  grantablePages(t: number): number;
  settleBudget(t: number): number;
  reserveGrowth(pages: number): void;
  sweep(t: number): number;
  /** An address. */
  nextDueAddress(): number;
  /** An address. */
  tubesAddress(): number;
  /** An id. */
  nextId(): number;
  /** The first of `count` ids. */
  takeIds(count: number): number;
  giveBackIds(first: number, last: number): void;
  /** A number. */
  nextNumber(): number;
  tick(t: number, now: number): number;
  useTube(t: number, offset: number, bytes: number, number: number): number;
  unuseTube(t: number, tube: number): number;
  pinTube(t: number, offset: number, bytes: number, number: number): number;
  openConn(t: number, token: number): number;
  closeConn(t: number, conn: number, now: number): number;
  nameConn(t: number, conn: number, bytes: number): number;
  /** Microseconds. */
  soonest(t: number, conn: number): number;
  watchTube(t: number, conn: number, offset: number, bytes: number, number: number): number;
  ignoreTube(t: number, conn: number, tube: number): number;
  put(
    t: number,
    tube: number,
    id: number,
    pri: number,
    delaySeconds: number,
    ttrSeconds: number,
    offset: number,
    bytes: number,
    now: number,
  ): number;
  run(
    t: number,
    conn: number,
    tube: number,
    flags: number,
    bodyMax: number,
    offset: number,
    bytes: number,
    most: number,
    firstId: number,
    lastId: number,
    boundHigh: number,
    boundLow: number,
    now: number,
  ): number;
  openUpload(t: number, bytes: number): number;
  recordUpload(t: number, upload: number, tube: number, id: number): number;
  appendUpload(t: number, upload: number, position: number, offset: number, count: number): number;
  commitUpload(
    t: number,
    upload: number,
    tube: number,
    id: number,
    pri: number,
    delaySeconds: number,
    ttrSeconds: number,
    now: number,
  ): number;
  dropUpload(t: number, upload: number): number;
  best(t: number, conn: number, now: number): number;
  readHead(t: number, tube: number): void;
  take(t: number, conn: number, maxPri: number, maxId: number, now: number): number;
  wait(t: number, conn: number, generation: number, now: number): number;
  cancel(t: number, conn: number, now: number): number;
  collect(t: number, now: number): number;
  handBack(t: number, conn: number, id: number, now: number): number;
  reserveJob(t: number, conn: number, id: number, now: number): number;
  deleteJob(t: number, conn: number, id: number, now: number): number;
  release(
    t: number,
    conn: number,
    id: number,
    pri: number,
    delaySeconds: number,
    failure: number,
    now: number,
  ): number;
  bury(t: number, conn: number, id: number, pri: number, failure: number, now: number): number;
  holds(t: number, conn: number, id: number, now: number): number;
  openFailure(t: number, conn: number, bytes: number): number;
  appendFailure(
    t: number,
    failure: number,
    position: number,
    offset: number,
    count: number,
  ): number;
  dropFailure(t: number, failure: number): number;
  nextFailure(t: number, id: number, after: number, now: number): number;
  lastMessage(t: number, id: number, now: number): number;
  readFailure(t: number, id: number, number: number, position: number): number;
  touch(t: number, conn: number, id: number, now: number): number;
  kick(t: number, tube: number, bound: number, kind: number, now: number): number;
  kickJob(t: number, id: number, now: number): number;
  pauseTube(t: number, offset: number, bytes: number, delaySeconds: number, now: number): number;
  peek(t: number, id: number, now: number): number;
  peekTube(t: number, tube: number, kind: number, now: number): number;
  pinBody(t: number, id: number): number;
  unpinBody(t: number, id: number): number;
  readBody(t: number, id: number, position: number): number;
  statsJob(t: number, id: number, now: number): number;
  statsTube(t: number, offset: number, bytes: number, now: number): number;
  statsShard(t: number, now: number): number;
  listTubes(t: number, number: number): number;
  heldJobs(t: number, conn: number, most: number, now: number): number;
  holder(t: number, id: number, now: number): number;
  listWalk(
    t: number,
    offset: number,
    bytes: number,
    state: number,
    after: number,
    most: number,
    now: number,
  ): number;
  listProbe(
    t: number,
    offset: number,
    bytes: number,
    state: number,
    after: number,
    last: number,
    most: number,
    now: number,
  ): number;
  listScan(
    t: number,
    offset: number,
    bytes: number,
    state: number,
    after: number,
    before: number,
    most: number,
    number: number,
    classes: number,
    now: number,
  ): number;
  describeJobs(
    t: number,
    offset: number,
    bytes: number,
    state: number,
    idsOffset: number,
    count: number,
    now: number,
  ): number;
  peekReserved(t: number, tube: number, now: number): number;
  scanReserved(
    t: number,
    tube: number,
    due: number,
    id: number,
    number: number,
    classes: number,
    now: number,
  ): number;
  flushTube(
    t: number,
    offset: number,
    bytes: number,
    kind: number,
    major: number,
    minor: number,
    last: number,
    now: number,
  ): number;
  surveyTubes(t: number, number: number, offset: number, bytes: number, now: number): number;
  histograms(t: number, offset: number, bytes: number): number;
}

/** The names of all exports, for the check that a module is this engine. */
const EXPORT_NAMES: readonly (keyof EngineExports)[] = [
  "open",
  "openJournal",
  "keepFailures",
  "startStream",
  "freeRing",
  "addSegment",
  "dropSegment",
  "seal",
  "checksum",
  "journalHeadAddress",
  "ringAddress",
  "ringLimit",
  "segmentsAddress",
  "segmentCount",
  "check",
  "replay",
  "strays",
  "endReplay",
  "jobHints",
  "tubeHints",
  "applyJobHints",
  "applyTubeHints",
  "keep",
  "keepRest",
  "lastId",
  "skipIds",
  "grantPages",
  "grantablePages",
  "settleBudget",
  "reserveGrowth",
  "sweep",
  "nextDueAddress",
  "tubesAddress",
  "nextId",
  "takeIds",
  "giveBackIds",
  "nextNumber",
  "tick",
  "useTube",
  "unuseTube",
  "pinTube",
  "openConn",
  "closeConn",
  "nameConn",
  "soonest",
  "watchTube",
  "ignoreTube",
  "put",
  "run",
  "openUpload",
  "recordUpload",
  "appendUpload",
  "commitUpload",
  "dropUpload",
  "best",
  "readHead",
  "take",
  "wait",
  "cancel",
  "collect",
  "handBack",
  "reserveJob",
  "deleteJob",
  "release",
  "bury",
  "holds",
  "openFailure",
  "appendFailure",
  "dropFailure",
  "nextFailure",
  "lastMessage",
  "readFailure",
  "touch",
  "kick",
  "kickJob",
  "pauseTube",
  "peek",
  "peekTube",
  "pinBody",
  "unpinBody",
  "readBody",
  "statsJob",
  "statsTube",
  "statsShard",
  "listTubes",
  "heldJobs",
  "holder",
  "listWalk",
  "listProbe",
  "listScan",
  "describeJobs",
  "peekReserved",
  "scanReserved",
  "flushTube",
  "surveyTubes",
  "histograms",
];

/** The module is not the engine of this release. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code = "HM_ENGINE_MODULE";
}

/** Whether `exports` has every function of the engine. */
export function isEngine(
  exports: WebAssembly.Exports,
): exports is WebAssembly.Exports & EngineExports {
  return EXPORT_NAMES.every((name) => typeof exports[name] === "function");
}
