/* Exports: the raw functions of build/engine.wasm, made from assembly/ by `npm run exports`; do
 * not edit. What each does stands at its method in calls.ts. A raw u32 comes back with a sign.
 */

/** What an instance of the engine exports. */
export interface EngineExports {
  tick(t: u32, now: f64): i32;
  best(t: u32, conn: u32, now: f64): i32;
  readHead(t: u32, tube: u32): void;
  take(t: u32, conn: u32, maxPri: f64, maxId: f64, now: f64): i32;
  takeOf(t: u32, conn: u32, tube: u32, now: f64): i32;
  wait(t: u32, conn: u32, generation: u32, soon: f64, now: f64): i32;
  cancel(t: u32, conn: u32, now: f64): i32;
  collect(t: u32, now: f64): i32;
  handBack(t: u32, conn: u32, id: f64, delay: f64, now: f64): i32;
  reserveJob(t: u32, conn: u32, id: f64, now: f64): i32;
  openKey(t: u32, slot: u32, hash: u32, now: f64): i32;
  deleteJob(t: u32, conn: u32, id: f64, now: f64): i32;
  holds(t: u32, conn: u32, id: f64, now: f64): i32;
  release(t: u32, conn: u32, id: f64, pri: u32, delay: f64, failure: u32, now: f64): i32;
  bury(t: u32, conn: u32, id: f64, pri: u32, failure: u32, now: f64): i32;
  touch(t: u32, conn: u32, id: f64, now: f64): i32;
  openFailure(t: u32, conn: u32, bytes: u32): i32;
  appendFailure(t: u32, failure: u32, position: u32, offset: u32, count: u32): i32;
  dropFailure(t: u32, failure: u32): i32;
  cancelJob(t: u32, id: f64, now: f64): i32;
  updateJob(t: u32, id: f64, pri: u32, delay: f64, now: f64): i32;
  kick(t: u32, tube: u32, bound: u32, kind: i32, now: f64): i32;
  kickJob(t: u32, id: f64, now: f64): i32;
  pauseTube(t: u32, offset: u32, bytes: u32, delaySeconds: u32, now: f64): i32;
  earlyAddress(): u32;
  numberTubes(t: u32, number: f64): i32;
  bring(t: u32, bytes: u32, salt: u32): i32;
  gatherWanted(t: u32, most: f64): i32;
  residentAddress(): u32;
  seekBody(t: u32, id: f64): i32;
  settleRing(t: u32, from: f64, to: f64, place: f64, pressure: u32): i32;
  showBody(t: u32, conn: u32, id: f64, now: f64): i32;
  wantedAddress(): u32;
  endOlder(t: u32, id: f64, moves: f64): i32;
  movedJobs(t: u32, bucket: u32): i32;
  countBefore(
    t: u32,
    id: f64,
    since: f64,
    part: u32,
    lane: f64,
    pri: f64,
    last: f64,
    most: u32,
    now: f64,
  ): i32;
  explainJob(t: u32, id: f64, now: f64): i32;
  keyHolders(t: u32, slot: u32, most: u32, conn: f64, major: f64, minor: f64, now: f64): i32;
  explainTube(t: u32, offset: u32, bytes: u32, now: f64): i32;
  groupsAwaited(t: u32, offset: u32, bytes: u32, after: f64, now: f64): i32;
  keysTaken(t: u32, offset: u32, bytes: u32, from: f64, now: f64): i32;
  describeJobs(
    t: u32,
    offset: u32,
    bytes: u32,
    state: u32,
    idsOffset: u32,
    count: u32,
    now: f64,
  ): i32;
  listGroup(
    t: u32,
    offset: u32,
    bytes: u32,
    isWaiting: u32,
    after: f64,
    before: f64,
    most: u32,
    number: u32,
    classes: u32,
    now: f64,
  ): i32;
  listProbe(
    t: u32,
    offset: u32,
    bytes: u32,
    state: u32,
    after: f64,
    last: f64,
    most: u32,
    now: f64,
  ): i32;
  listScan(
    t: u32,
    offset: u32,
    bytes: u32,
    state: u32,
    after: f64,
    before: f64,
    most: u32,
    number: u32,
    classes: u32,
    now: f64,
  ): i32;
  listWalk(t: u32, offset: u32, bytes: u32, state: u32, after: f64, most: u32, now: f64): i32;
  peekReserved(t: u32, tube: u32, lowest: f64, conn: f64, major: f64, minor: f64, now: f64): i32;
  flushTube(
    t: u32,
    offset: u32,
    bytes: u32,
    kind: i32,
    conn: f64,
    major: f64,
    minor: f64,
    last: f64,
    now: f64,
  ): i32;
  heldJobs(t: u32, conn: u32, most: u32, now: f64): i32;
  holder(t: u32, id: f64, now: f64): i32;
  countMembers(t: u32, bucket: u32): i32;
  openGroups(t: u32, bucket: u32, now: f64): i32;
  groupHash(t: u32, offset: u32, bytes: u32): u32;
  appendUpload(t: u32, upload: u32, position: u32, offset: u32, count: u32): i32;
  commitTagged(
    t: u32,
    upload: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    tagBytes: u32,
    now: f64,
  ): i32;
  commitUpload(
    t: u32,
    upload: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    now: f64,
  ): i32;
  dropUpload(t: u32, upload: u32): i32;
  openUpload(t: u32, bytes: u32): i32;
  put(
    t: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    offset: u32,
    bytes: u32,
    now: f64,
  ): i32;
  putTagged(
    t: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    offset: u32,
    bytes: u32,
    tagBytes: u32,
    now: f64,
  ): i32;
  recordUpload(t: u32, upload: u32, tube: u32, id: f64, tagBytes: u32): i32;
  setTube(t: u32, offset: u32, bytes: u32, values: u32, number: f64, now: f64): i32;
  longestBody(t: u32, tube: u32): f64;
  peekProgress(t: u32, id: f64, now: f64): i32;
  progress(t: u32, conn: u32, id: f64, offset: u32, bytes: u32, now: f64): i32;
  endReplay(t: u32): i32;
  hasMetMoved(): u32;
  replay(
    t: u32,
    offset: u32,
    bytes: u32,
    salt: u32,
    shards: u32,
    now: f64,
    isYoung: u32,
    again: u32,
    number: u32,
    places: u32,
    leaves: u32,
  ): i32;
  strays(): u32;
  abortMove(t: u32, id: f64, now: f64): i32;
  beginMove(t: u32, conn: u32, id: f64, failure: u32, now: f64): i32;
  departMove(t: u32, id: f64): i32;
  forgetMove(t: u32, id: f64, now: f64): i32;
  moveJob(t: u32, conn: u32, id: f64, tube: u32, failure: u32, now: f64): i32;
  appendArrival(t: u32, arrival: u32, position: u32, offset: u32, count: u32): i32;
  commitArrival(t: u32, arrival: u32): i32;
  dropArrival(t: u32, arrival: u32): i32;
  mayArrive(t: u32, tube: u32, bytes: u32): i32;
  openArrival(
    t: u32,
    tube: u32,
    id: f64,
    state: u32,
    pri: u32,
    delaySeconds: u32,
    ttrSeconds: u32,
    bytes: u32,
    created: f64,
    major: f64,
    moves: u32,
    hasParts: u32,
    bytesOfTags: u32,
  ): i32;
  countArrival(
    t: u32,
    arrival: u32,
    reserves: u32,
    timeouts: u32,
    releases: u32,
    buries: u32,
    kicks: u32,
    failed: u32,
  ): i32;
  noteArrival(t: u32, arrival: u32, offset: u32, bytes: u32): i32;
  settleArrival(t: u32, id: f64, now: f64): i32;
  addArrivedFailure(t: u32, arrival: u32, failure: u32): i32;
  appendArrivedFailure(t: u32, failure: u32, position: u32, offset: u32, count: u32): i32;
  openArrivedFailure(
    t: u32,
    number: u32,
    attempt: u32,
    at: f64,
    end: u32,
    whoBytes: u32,
    bytes: u32,
    hasMessage: u32,
  ): i32;
  arriveInGroup(t: u32, arrival: u32, conn: u32, failure: u32, now: f64): i32;
  claimMove(t: u32, conn: u32, id: f64, isMine: u32, now: f64): i32;
  dropClaim(t: u32, id: f64): i32;
  endInGroup(id: f64): void;
  keyInGroup(t: u32, tube: u32, bytes: u32): i32;
  leaveInGroup(t: u32, id: f64, hasFailure: u32, now: f64): i32;
  mayComeInGroup(t: u32, tube: u32, bytes: u32, moreJobs: f64, moreBytes: f64): i32;
  moveInGroup(t: u32, id: f64, tube: u32, failure: u32, now: f64): i32;
  tagsInGroup(t: u32, id: f64): void;
  beginDeadMove(t: u32, id: f64, now: f64): i32;
  moveDead(t: u32, id: f64, tube: u32, now: f64): i32;
  nextDead(t: u32, now: f64): i32;
  leavingAddress(): u32;
  check(t: u32, bytes: u32, salt: u32): i32;
  applyJobHints(t: u32, address: u32, bytes: u32, now: f64): i32;
  applyTubeHints(t: u32, address: u32, bytes: u32, now: f64): i32;
  jobHints(t: u32, bucket: u32): i32;
  tubeHints(t: u32, number: f64): i32;
  endUnfinished(t: u32): i32;
  run(
    t: u32,
    conn: u32,
    tube: u32,
    flags: i32,
    bodyMax: u32,
    offset: u32,
    bytes: u32,
    most: u32,
    firstId: f64,
    lastId: f64,
    boundHigh: u32,
    boundLow: u32,
    generation: u32,
    now: f64,
  ): i32;
  deleteMany(t: u32, conn: u32, count: u32, now: f64): i32;
  putMany(t: u32, tube: u32, count: u32, pri: u32, delay: f64, ttrSeconds: u32, now: f64): i32;
  takeMany(t: u32, conn: u32, most: u32, now: f64): i32;
  markConn(t: u32, conn: u32): i32;
  vouch(t: u32, seconds: u32, now: f64): i32;
  fill(t: u32, conn: u32, most: u32, boundHigh: u32, boundLow: u32, generation: u32, now: f64): i32;
  heldCount(t: u32, conn: u32): f64;
  openNotes(t: u32, conn: u32): i32;
  takeNotes(t: u32, conn: u32): i32;
  tellJob(t: u32, conn: u32, id: f64, now: f64): i32;
  unwait(t: u32, conn: u32, now: f64): i32;
  open(index: u32, threads: u32, ringBytes: u32, pages: u32, budgetPages: u32): i32;
  openJournal(
    reserveBytes: u32,
    partBytes: u32,
    shards: u32,
    wallBase: f64,
    keepsReleases: u32,
  ): void;
  promise(level: u32): void;
  keepFailures(most: u32): void;
  startStream(lsn: f64): void;
  freeRing(t: u32, lsn: f64): i32;
  addSegment(number: u32, first: f64): void;
  dropSegment(t: u32, number: u32): i32;
  seal(from: f64, to: f64, salt: u32): f64;
  lastId(): f64;
  skipIds(id: f64): void;
  checksum(seed: u32, address: u32, bytes: u32): u32;
  journalHeadAddress(): u32;
  ringLimit(): f64;
  ringAddress(): u32;
  segmentsAddress(): u32;
  segmentCount(): u32;
  reserveGrowth(pages: u32): void;
  grantPages(t: u32, pages: u32, growth: u32): i32;
  grantablePages(t: u32): i32;
  settleBudget(t: u32): i32;
  sweep(t: u32): i32;
  breakLock(): void;
  nextDueAddress(): u32;
  tubesAddress(): u32;
  nextId(): f64;
  takeIds(count: u32): f64;
  giveBackIds(first: f64, last: f64): void;
  nextNumber(): f64;
  useTube(t: u32, offset: u32, bytes: u32, number: f64): i32;
  unuseTube(t: u32, tube: u32): i32;
  pinTube(t: u32, offset: u32, bytes: u32, number: f64): i32;
  openConn(t: u32, token: u32): i32;
  closeConn(t: u32, conn: u32, now: f64): i32;
  nameConn(t: u32, conn: u32, bytes: u32): i32;
  soonest(t: u32, conn: u32): f64;
  watchTube(t: u32, conn: u32, offset: u32, bytes: u32, number: f64): i32;
  ignoreTube(t: u32, conn: u32, tube: u32): i32;
  statsJob(t: u32, id: f64, now: f64): i32;
  statsTube(t: u32, offset: u32, bytes: u32, now: f64): i32;
  readPace(t: u32, tube: u32): i32;
  statsShard(t: u32, now: f64): i32;
  nextFailure(t: u32, id: f64, after: u32, now: f64): i32;
  lastMessage(t: u32, id: f64, now: f64): i32;
  readFailure(t: u32, id: f64, number: u32, position: u32): i32;
  listTubes(t: u32, number: f64): i32;
  surveyTubes(t: u32, number: f64, offset: u32, bytes: u32, now: f64): i32;
  histograms(t: u32, offset: u32, bytes: u32): i32;
  nextGroup(): f64;
  showingAddress(): u32;
  startShowing(): void;
  endShowing(): void;
  enterGroup(t: u32, now: f64): i32;
  leaveGroup(t: u32): i32;
  hasJob(t: u32, id: f64): i32;
  isHere(id: f64): u32;
  findForGroup(t: u32, conn: u32, id: f64, what: u32): i32;
  deletionBytes(job: usize): u32;
  meetInGroup(
    t: u32,
    upload: u32,
    tube: u32,
    pri: u32,
    moreJobs: f64,
    moreBytes: f64,
    passesKey: u32,
    now: f64,
  ): i32;
  beginGroup(group: f64): void;
  closeGroup(): u32;
  endGroup(t: u32, shards: u32): void;
  putInGroup(
    t: u32,
    upload: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    now: f64,
  ): i32;
  deleteInGroup(id: f64, now: f64): void;
  finishInGroup(id: f64, result: u32, keepSeconds: u32, now: f64): u32;
  releaseInGroup(id: f64, pri: u32, delay: f64, failure: u32, now: f64): i32;
  buryInGroup(id: f64, pri: u32, failure: u32, now: f64): void;
  handBackInGroup(conn: u32, id: f64, delay: f64, now: f64): i32;
  makeUpload(t: u32, offset: u32, bytes: u32): i32;
  tagUpload(t: u32, upload: u32, tube: u32, bytes: u32): i32;
  nameUpload(t: u32, upload: u32): i32;
  recordAhead(
    t: u32,
    upload: u32,
    tube: u32,
    id: f64,
    pri: u32,
    delay: f64,
    ttrSeconds: u32,
    now: f64,
  ): i32;
  dropOrder(t: u32, upload: u32): i32;
  keep(t: u32, address: u32, bytes: u32, salt: u32, number: u32): i32;
  keepRest(t: u32, from: u32, number: u32): i32;
  peek(t: u32, id: f64, now: f64): i32;
  peekTube(t: u32, tube: u32, kind: i32, now: f64): i32;
  pinBody(t: u32, id: f64): i32;
  unpinBody(t: u32, id: f64): i32;
  readBody(t: u32, id: f64, position: u32): i32;
  openResult(t: u32, bytes: u32, vital: u32): i32;
  appendResult(t: u32, result: u32, position: u32, offset: u32, count: u32, vital: u32): i32;
  finish(t: u32, conn: u32, id: f64, result: u32, keepSeconds: u32, mayKeep: u32, now: f64): i32;
  awaitJob(t: u32, conn: u32, id: f64, how: u32, now: f64): i32;
  endTube(t: u32, conn: u32): i32;
  waitOn(t: u32, conn: u32, tubes: u32): i32;
  nextEnd(t: u32, conn: u32, position: u32): i32;
  dropEnd(t: u32, conn: u32): i32;
  peekResult(t: u32, id: f64, position: u32, now: f64): i32;
  resultBytes(t: u32): f64;
}

/** The names of all exports, for the check that a module is this engine. */
export const EXPORT_NAMES: readonly (keyof EngineExports)[] = [
  "tick",
  "best",
  "readHead",
  "take",
  "takeOf",
  "wait",
  "cancel",
  "collect",
  "handBack",
  "reserveJob",
  "openKey",
  "deleteJob",
  "holds",
  "release",
  "bury",
  "touch",
  "openFailure",
  "appendFailure",
  "dropFailure",
  "cancelJob",
  "updateJob",
  "kick",
  "kickJob",
  "pauseTube",
  "earlyAddress",
  "numberTubes",
  "bring",
  "gatherWanted",
  "residentAddress",
  "seekBody",
  "settleRing",
  "showBody",
  "wantedAddress",
  "endOlder",
  "movedJobs",
  "countBefore",
  "explainJob",
  "keyHolders",
  "explainTube",
  "groupsAwaited",
  "keysTaken",
  "describeJobs",
  "listGroup",
  "listProbe",
  "listScan",
  "listWalk",
  "peekReserved",
  "flushTube",
  "heldJobs",
  "holder",
  "countMembers",
  "openGroups",
  "groupHash",
  "appendUpload",
  "commitTagged",
  "commitUpload",
  "dropUpload",
  "openUpload",
  "put",
  "putTagged",
  "recordUpload",
  "setTube",
  "longestBody",
  "peekProgress",
  "progress",
  "endReplay",
  "hasMetMoved",
  "replay",
  "strays",
  "abortMove",
  "beginMove",
  "departMove",
  "forgetMove",
  "moveJob",
  "appendArrival",
  "commitArrival",
  "dropArrival",
  "mayArrive",
  "openArrival",
  "countArrival",
  "noteArrival",
  "settleArrival",
  "addArrivedFailure",
  "appendArrivedFailure",
  "openArrivedFailure",
  "arriveInGroup",
  "claimMove",
  "dropClaim",
  "endInGroup",
  "keyInGroup",
  "leaveInGroup",
  "mayComeInGroup",
  "moveInGroup",
  "tagsInGroup",
  "beginDeadMove",
  "moveDead",
  "nextDead",
  "leavingAddress",
  "check",
  "applyJobHints",
  "applyTubeHints",
  "jobHints",
  "tubeHints",
  "endUnfinished",
  "run",
  "deleteMany",
  "putMany",
  "takeMany",
  "markConn",
  "vouch",
  "fill",
  "heldCount",
  "openNotes",
  "takeNotes",
  "tellJob",
  "unwait",
  "open",
  "openJournal",
  "promise",
  "keepFailures",
  "startStream",
  "freeRing",
  "addSegment",
  "dropSegment",
  "seal",
  "lastId",
  "skipIds",
  "checksum",
  "journalHeadAddress",
  "ringLimit",
  "ringAddress",
  "segmentsAddress",
  "segmentCount",
  "reserveGrowth",
  "grantPages",
  "grantablePages",
  "settleBudget",
  "sweep",
  "breakLock",
  "nextDueAddress",
  "tubesAddress",
  "nextId",
  "takeIds",
  "giveBackIds",
  "nextNumber",
  "useTube",
  "unuseTube",
  "pinTube",
  "openConn",
  "closeConn",
  "nameConn",
  "soonest",
  "watchTube",
  "ignoreTube",
  "statsJob",
  "statsTube",
  "readPace",
  "statsShard",
  "nextFailure",
  "lastMessage",
  "readFailure",
  "listTubes",
  "surveyTubes",
  "histograms",
  "nextGroup",
  "showingAddress",
  "startShowing",
  "endShowing",
  "enterGroup",
  "leaveGroup",
  "hasJob",
  "isHere",
  "findForGroup",
  "deletionBytes",
  "meetInGroup",
  "beginGroup",
  "closeGroup",
  "endGroup",
  "putInGroup",
  "deleteInGroup",
  "finishInGroup",
  "releaseInGroup",
  "buryInGroup",
  "handBackInGroup",
  "makeUpload",
  "tagUpload",
  "nameUpload",
  "recordAhead",
  "dropOrder",
  "keep",
  "keepRest",
  "peek",
  "peekTube",
  "pinBody",
  "unpinBody",
  "readBody",
  "openResult",
  "appendResult",
  "finish",
  "awaitJob",
  "endTube",
  "waitOn",
  "nextEnd",
  "dropEnd",
  "peekResult",
  "resultBytes",
];
