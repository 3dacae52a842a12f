/* Moments: short scripts that lead a small server to a moment that random worlds seldom come upon,
 * and stop it there. Each is the same every time, and says so when its moment does not come. What
 * must hold is that the next server starts, though it may pass over no damage, and finds the jobs
 * and none that ended; of a full disk, that what drains the queue has a place, and puts are taken
 * again when there is space. Used by moments.test.ts and mutants.ts.
 */
import { RECORD_RESULT } from "../../assembly/constants.ts";
import { RESULT_BYTES } from "../../assembly/layouts.ts";
import { segmentName, spareNumber } from "../../src/journal/format.ts";
import { TubeSettings } from "../../src/protocol/tube-settings.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { LARGE, LedServer } from "./leads.ts";
import { Crash, NO_FAULTS, SimulatedDisk } from "./simulated-disk.ts";
import type { CallKind } from "./simulated-disk.ts";
import type { Code } from "./code.ts";
import type { LedgerJob } from "./ledger.ts";
import { recordsOf } from "./records.ts";
import { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";
import type { WorldOptions } from "./world-options.ts";

/** The moment did not come, or something was lost in it. */
class MomentFailure extends Error {
  override readonly name = "MomentFailure";
  readonly code = "HM_TEST_MOMENT";
}

/** Parts of the journal's upkeep that suffice for all there is to do. */
const UPKEEP = 200;
/** A body of which a ring takes some before reclaiming has to wait. */
export const MEDIUM = 2000;

/** Large jobs behind which a segment has room for some of a batch, which has so many puts. */
const IN_SEGMENT = 14;
const BATCH = 3;
const BATCH_BYTES = 5000;
/** Ids that are told early. */
const EARLY = 20;
/** Space for a few segments. */
const SMALL_DISK_BYTES = 6 * SEGMENT_BYTES;
/** Writes that find no space: all until every spare has been given up. */
const REFUSALS = 20;
/** Milliseconds within which puts are taken then: of some writes one is tried each second. */
const AGAIN_MILLIS = 30_000;

/** Room in a segment that a result takes, and by how much more than is known it may be tried. */
const RESULT_ROOM = 4000;
const SLACK_MAX = 1600;
const SLACK_STEP = 48;
const SMALL_RESULT = 100;
/** Jobs that stay in a segment of which the others go. */
const STAYING = 16;

/** A tube without a job. */
const SET_TUBE = "empty";

/** A server on a disk that does what it is told. */
export const PLAIN_OPTIONS: WorldOptions = {
  level: "os",
  intervalMillis: 20,
  shards: 1,
  segmentBytes: SEGMENT_BYTES,
  keepsReleases: false,
  hasLongBodies: false,
  hasMessages: false,
  faults: NO_FAULTS,
};

/** Throws a MomentFailure. */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new MomentFailure(what);
}

/** Puts jobs until so many segments are full; returns the ids in each, and in the next one. */
function fillSegments(server: LedServer, count: number, bytes = LARGE): readonly number[][] {
  const filled: number[][] = [];
  while (filled.length <= count) {
    const id = put(server, bytes);
    (filled[server.journal.figures.currentSegment - 1] ??= []).push(id);
  }
  return filled;
}

function put(server: LedServer, bytes = LARGE): number {
  server.put(bytes);
  server.journal.commit();
  return server.shard.lastId();
}

function upkeep({ journal }: LedServer): void {
  for (let left = UPKEEP; left > 0 && journal.maintain(); left--);
}

function deleteAll(server: LedServer, ids: readonly number[] = []): void {
  for (const id of ids) server.delete(id);
  server.journal.commit();
}

/**
 * A thread that leads writes what waits, as the journal would reclaim as well; false when it does
 * not fit into the present segment.
 */
function writesAll({ leads: [lead] }: LedServer): boolean {
  lead.commit();
  return lead.waitingBytes === 0;
}

/** There is no space for these calls. */
function refuse(
  { StorageError }: Code,
  disk: SimulatedDisk,
  isRefused: (kind: CallKind, name: string) => boolean,
): void {
  disk.onCall = (kind, name) => {
    if (isRefused(kind, name)) throw new StorageError("HM_STORAGE_FULL", `${kind} ${name}`);
  };
}

function changesName(kind: CallKind): boolean {
  return kind === "rename" || kind === "remove";
}

/** The next server finds these jobs. */
function mustFind(server: LedServer, isPowerCut: boolean, ids: readonly number[]): void {
  const after = server.after(isPowerCut);
  const missing = ids.filter((id) => !after.has(id));
  must(missing.length === 0, `jobs ${missing.join(", ")} are lost`);
}

/** A segment goes, and the process ends. */
export function endBehindSegmentThatWent(code: Code): void {
  const server = new LedServer(code, "sync");
  const [first, ...others] = fillSegments(server, 2);
  deleteAll(server, first);
  upkeep(server);
  must(!server.disk.names.includes(segmentName(1)), "the segment did not go");
  mustFind(server, false, others.flat());
}

/**
 * It is said that a segment goes, and there is no space even for that. The next segment lists it,
 * so it has to be said again.
 */
export function sayAgainThatSegmentGoes(code: Code): void {
  const server = new LedServer(code, "sync");
  const { disk, journal } = server;
  const [first, ...others] = fillSegments(server, 2);
  const name = segmentName(1);
  refuse(code, disk, (kind, changed) => changesName(kind) && changed === name);
  const { frames, currentSegment } = journal.figures;
  deleteAll(server, first);
  upkeep(server);
  must(journal.figures.frames > frames + 1, "it was not said that the segment goes");
  const ids = others.flat();
  while (journal.figures.currentSegment === currentSegment) ids.push(put(server));
  must(disk.names.includes(name), "the segment went");
  disk.onCall = () => undefined;
  upkeep(server);
  must(!disk.names.includes(name), "the segment did not go");
  mustFind(server, false, ids);
}

/**
 * A server starts without space in the file of a segment, and its process ends when it is renamed.
 */
export function endBehindReuse(code: Code): void {
  const server = new LedServer(code, "sync");
  const { disk } = server;
  const filled = fillSegments(server, 3);
  deleteAll(server, filled[1]);
  disk.stopProcess();
  for (const name of disk.names) if (spareNumber(name) !== undefined) disk.remove(name);
  disk.faults = { ...NO_FAULTS, capacity: disk.bytes };
  const next = segmentName(server.journal.figures.currentSegment + 1);
  disk.onCall = (kind, name) => {
    if (kind === "write" && name === next) throw new Crash("the process ended");
  };
  mustEnd(() => new LedServer(code, "sync", disk), Crash);
  must(disk.names.includes(next) && !disk.names.includes(segmentName(2)), "nothing was renamed");
  disk.faults = NO_FAULTS;
  mustFind(server, false, filled.filter((_, at) => at !== 1).flat());
}

function mustEnd(begin: () => unknown, EndError: new (...rest: never[]) => Error): void {
  try {
    begin();
  } catch (error) {
    if (error instanceof EndError) return;
    throw error;
  }
  throw new MomentFailure("the server went on");
}

/** The sync of a spare fails and loses what it was for. The next server uses it as it looks. */
export function useSpareThatWasNeverSafe(code: Code): void {
  const disk = new SimulatedDisk(randomFrom(1), code.StorageError);
  disk.onCall = (kind, name) => {
    const isSpare = kind === "sync" && spareNumber(name) !== undefined;
    if (isSpare) disk.faults = { ...NO_FAULTS, sync: 1, dropsOnSync: true };
  };
  mustEnd(() => new LedServer(code, "sync", disk), code.StorageError);
  disk.stopProcess();
  disk.faults = NO_FAULTS;
  const [spare = ""] = disk.names;
  must(disk.seen(spare).length === SEGMENT_BYTES, "the spare has not its length");
  const server = new LedServer(code, "sync", disk);
  must(!disk.names.includes(spare), "the spare is not used");
  mustFind(server, true, [put(server)]);
}

/**
 * What is needed of a segment is copied to a ring, and there is no space to write it: the present
 * segment is full, and no spare can get another name.
 */
export function endBeforeCopiesAreWritten(code: Code): void {
  for (const isPowerCut of [false, true]) {
    const server = new LedServer(code, "sync");
    const { disk, journal } = server;
    const filled = fillSegments(server, 4, MEDIUM);
    upkeep(server); // there are spares, so reclaiming goes on
    refuse(code, disk, (kind, name) => changesName(kind) && spareNumber(name) !== undefined);
    for (const [, ...rest] of filled) {
      for (const id of rest) server.delete(id);
      must(writesAll(server), "the deletes do not fit");
    }
    while (writesAll(server)) server.put(MEDIUM);
    const { waitingBytes } = journal;
    upkeep(server);
    must(journal.waitingBytes > waitingBytes + MEDIUM, "nothing was copied");
    mustFind(
      server,
      isPowerCut,
      filled.flatMap(([kept = 0]) => kept),
    );
  }
}

/**
 * The process ends when some of a segment is copied: a job is in two segments. What ends it refers
 * to the newer one, and must not go while the older one is there.
 */
export function endWithJobInTwoSegments(code: Code): void {
  const before = new LedServer(code, "sync");
  const filled = fillSegments(before, 4);
  const [[twice = 0, kept = 0] = []] = filled;
  for (const [at, ids] of filled.slice(0, 4).entries())
    for (const id of ids.slice(at === 0 ? 2 : 4)) before.delete(id);
  const [copied] = fillPresent(before); // what ends those is not where the copies are
  const [older, newer] = [segmentName(1), segmentName(before.journal.figures.currentSegment)];
  for (let left = UPKEEP; left > 0 && before.journal.waitingBytes === 0; left--)
    before.journal.maintain();
  must(writesAll(before), "the copy does not fit");

  const server = before.after(false);
  const { disk, journal } = server;
  const ending = segmentName(journal.figures.currentSegment);
  for (const id of [twice, copied]) server.delete(id);
  const [last, ...rest] = fillPresent(server);
  for (const id of rest) server.delete(id);
  must(writesAll(server), "the deletes do not fit");
  must(disk.names.includes(older) && disk.names.includes(newer), "the job is not in two segments");
  for (let left = UPKEEP; left > 0 && disk.names.includes(ending); left--) journal.maintain();
  must(!disk.names.includes(ending), "what ended the job did not go");
  const after = server.after(false);
  must(!after.has(twice), `job ${twice} is back`);
  must(after.has(kept) && after.has(last), "a job is lost");
}

/**
 * Puts jobs until the present segment is full; returns the id of the one that the next one begins
 * with, and of the others.
 */
function fillPresent(server: LedServer): readonly [number, ...number[]] {
  const ids: number[] = [];
  while (writesAll(server)) {
    server.put(LARGE);
    ids.push(server.shard.lastId());
  }
  server.journal.commit();
  return [ids.pop() ?? 0, ...ids];
}

/**
 * Recovery writes again what only memory held, and the power goes when it is to be safe: of what is
 * not, nothing comes through but what was written last.
 */
export function cutPowerInRecovery(code: Code): void {
  for (const sync of [1, 2]) {
    const server = new LedServer(code, "os");
    const { disk } = server;
    const id = put(server);
    disk.stopProcess();
    let syncs = 0;
    disk.onCall = (kind, name) => {
      if (kind === "sync" && name === segmentName(1) && ++syncs === sync)
        throw new Crash("the power went");
    };
    mustEnd(() => new LedServer(code, "os", disk), Crash);
    const last = disk.unsynced - 1;
    disk.cutPower((index) => index === last);
    must(new LedServer(code, "os", disk).has(id), "the job is lost");
  }
}

/**
 * Puts are refused on a small disk while there is place for what drains the queue, of a server that
 * starts again too; once that has gone they are taken again.
 */
export function drainFullDisk(code: Code): void {
  const server = new LedServer(code, "sync");
  server.disk.faults = { ...NO_FAULTS, capacity: SMALL_DISK_BYTES };
  const ids: number[] = [];
  for (; !server.journal.isFull; server.clock += 500) {
    ids.push(put(server));
    must(server.journal.waitingBytes === 0, "puts are taken for which there is no place");
    upkeep(server);
  }
  const next = server.after(true);
  must(
    ids.every((id) => next.has(id)),
    "a job is lost",
  );
  deleteAll(next, ids);
  must(next.journal.waitingBytes === 0, "there is no place for what drains the queue");
  mustTakePutsAgain(next);
}

/** Within some time, if there is space. */
function mustTakePutsAgain(server: LedServer): void {
  for (; server.journal.isFull; server.clock += 500) {
    must(server.clock < AGAIN_MILLIS, "puts are refused for ever");
    server.journal.commit();
    upkeep(server);
  }
}

/**
 * Some writes find no space, and then there is some. Of each segment a part is needed, so the files
 * are beyond their bound: puts are taken again all the same.
 */
export function putAgainThoughBeyondBound(code: Code): void {
  const server = new LedServer(code, "sync");
  const { disk, journal } = server;
  const ids = fillSegments(server, 4).flat();
  upkeep(server);
  let refusals = REFUSALS;
  refuse(code, disk, (kind) => kind === "write" && refusals-- > 0);
  deleteAll(server, ids.splice(0, 1));
  must(journal.isFull, "there was space");
  deleteAll(
    server,
    ids.filter((_, at) => at % 8 > 0),
  );
  mustTakePutsAgain(server);
}

/** Ids are told before anything of them is safe, and the power goes. */
export function cutPowerBehindIdsToldEarly(code: Code): void {
  const server = new LedServer(code, "sync");
  must(server.putEarly() >= 0, "an id is told before the journal says that ids may be ahead");
  server.journal.commit();
  for (let left = EARLY; left > 0; left--) {
    must(server.putEarly() < 0, "a reply waits that need not");
  }
  const told = server.shard.lastId();
  const after = server.after(true);
  must(after.shard.lastId() >= told, "an id that was told is given again");
}

/** A batch is longer than what is left of a segment, and the process ends behind the segment. */
export function endBehindSegmentInBatch(code: Code): void {
  const server = new LedServer(code, "os");
  while (server.shard.lastId() < IN_SEGMENT) put(server);
  must(server.journal.figures.currentSegment === 1, "a segment is shorter");
  const first = server.putTogether(BATCH, BATCH_BYTES);
  const next = segmentName(2);
  server.disk.onCall = (_kind, name) => {
    if (name === next) throw new Crash("the process ends");
  };
  let hasEnded = false;
  try {
    server.journal.commit();
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    hasEnded = true;
  }
  must(hasEnded, "the batch found room in the segment");
  const after = server.after(false);
  const found = Array.from({ length: BATCH }, (_, at) => first + at).filter((id) => after.has(id));
  must(found.length === 0 || found.length === BATCH, "half of a batch came back");
}

/**
 * A segment has room for a job's result and not for its tombstone, and the process ends behind it:
 * the job is there, and its result is none.
 */
export function endBetweenResultAndTombstone(code: Code): void {
  let times = 0;
  for (let slack = 0; slack < SLACK_MAX; slack += SLACK_STEP) {
    const world = new World(randomFrom(1), PLAIN_OPTIONS, code);
    world.boot();
    while (world.roomInSegment() > RESULT_ROOM) {
      world.clients.put(MEDIUM, 0, "");
      world.commit();
    }
    const job = world.clients.newestJob();
    if (job === undefined) throw new MomentFailure("no job was put");
    world.clients.reserveJob(job);
    world.clients.finish(job, world.roomInSegment() + slack - RESULT_BYTES);
    world.disk.onCall = (_kind, name) => {
      if (name === segmentName(2)) throw new Crash("the process ends");
    };
    mustEnd(() => world.journal.commit(), Crash);
    world.crash(false);
    world.boot();
    const records = recordsOf(world, segmentName(1)).filter(({ id }) => id === job.id);
    must(world.ledger.jobs.has(job.id), "the job is gone without its tombstone");
    if (!records.some(({ kind }) => kind === RECORD_RESULT)) continue;
    times++;
    finishAgain(world, job);
  }
  must(times > 0, "no result came through without its tombstone");
}

/**
 * A job whose result was none is finished again, and what says that the first one was none is
 * written again behind the second one's record.
 */
function finishAgain(world: World, job: LedgerJob): void {
  const filled = fillPresentOf(world);
  const segment = segmentName(world.journal.figures.currentSegment - 1);
  world.clients.finish(job, SMALL_RESULT);
  deleteOf(world, filled);
  reclaim(world, segment);
  world.crash(false);
  world.boot();
}

/** Of each segment that comes a part stays, so that one of which nothing does is reclaimed. */
export function reclaim(world: World, segment: string): void {
  for (let left = UPKEEP; left > 0 && world.disk.names.includes(segment); left--) {
    deleteOf(world, fillPresentOf(world).slice(STAYING));
  }
  must(!world.disk.names.includes(segment), `${segment} was not reclaimed`);
}

export function deleteOf(world: World, ids: readonly number[]): void {
  for (const id of ids) {
    const job = world.ledger.jobs.get(id);
    if (job !== undefined) world.clients.delete(job);
    world.makeRoom();
  }
}

/** Puts jobs until a world's segment is full; returns their ids. */
export function fillPresentOf(world: World): readonly number[] {
  const { currentSegment } = world.journal.figures;
  const ids: number[] = [];
  while (world.journal.figures.currentSegment === currentSegment) {
    ids.push(world.clients.put(MEDIUM, 0, ""));
    world.commit();
  }
  return ids;
}

/**
 * Something is set for a tube, then something else, then nothing, each in a segment of its own. The
 * second of these goes, and then the third, of which nothing else is needed than that nothing is
 * set: the first still says otherwise.
 */
export function endBehindWhatSaidThatNothingIsSet(code: Code): void {
  const world = new World(randomFrom(1), PLAIN_OPTIONS, code);
  world.boot();
  const [first = [], second = [], third = []] = ["jobs=1000000", "jobs=2000000", "jobs="].map(
    (words) => {
      const settings = new TubeSettings();
      settings.read(words);
      world.clients.setTube(SET_TUBE, [...settings.values]);
      return fillPresentOf(world);
    },
  );
  // The last job of each is the first one in the next segment.
  deleteOf(world, [...first.slice(-1), ...second]);
  reclaim(world, segmentName(2));
  deleteOf(world, third);
  reclaim(world, segmentName(3));
  must(world.disk.names.includes(segmentName(1)), "the first segment went");
  world.commit();
  world.crash(false);
  world.boot();
}

/** All of them. Throws what goes wrong: a MomentFailure, or what recovery does. */
export function passMoments(code: Code): void {
  endBehindSegmentThatWent(code);
  sayAgainThatSegmentGoes(code);
  endBehindReuse(code);
  useSpareThatWasNeverSafe(code);
  endBeforeCopiesAreWritten(code);
  endWithJobInTwoSegments(code);
  cutPowerInRecovery(code);
  drainFullDisk(code);
  putAgainThoughBeyondBound(code);
  endBehindSegmentInBatch(code);
  cutPowerBehindIdsToldEarly(code);
  endBetweenResultAndTombstone(code);
  endBehindWhatSaidThatNothingIsSet(code);
}
