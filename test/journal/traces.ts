/* Traces: short scripts, stopped at each call of the storage, with each choice of the last unsynced
 * writes. Used by traces.test.ts.
 *
 *   put N         puts a job of N bytes
 *   put-key N, put-cool N             one with a key; and one with a key that has a cooldown, too
 *   flush-all     flushes every tube
 *   long N        puts a job of N bytes, which go to the journal in parts
 *   begin N, upload N, drop, finish   the same in steps
 *   put-many, bury-all, kick-all, flush
 *   fill          puts until the next segment is begun
 *   nearly        puts until the present segment is nearly full
 *   delete        deletes the oldest job
 *   empty         deletes all but the oldest
 *   thin          deletes three of four jobs with short bodies
 *   delete-long   deletes the jobs with long bodies
 *   bury, kick, take, release, hand-back, update, cancel     of the newest job (take: reserve-job)
 *   set N, unset                      sets the most jobs of a tube that has none; takes that away
 *   move          the newest job to another tube; with two shards, some of them in the other
 *   dead          each tube sends its dead jobs to another one; undead: none does
 *   put-mortal N, die      a job that is dead after one attempt; the newest one has had it
 *   carry         dead jobs that are to go to other tubes, one of each shard
 *   shards N      from the next start on
 *   finish-job N, finish-short N      of the newest job, with a result of N bytes; one is over soon
 *   pass N        so many milliseconds pass
 *   reclaim       the committer goes on until it has nothing to do
 *   close, mark, commit
 *   restart (in an orderly way), kill (the process), cut (the power)
 *   here          what comes before is not stopped: other traces do that
 */
import { AS_IT_IS, NOT_SET, SETTING_JOBS, SETTINGS } from "../../assembly/constants.ts";
import { randomFrom } from "../engine/shuffle.ts";
import type { DurabilityLevel } from "../../src/journal/journal-parts.ts";
import { ALLOWS_ALL } from "./clients.ts";
import { MORTAL } from "./deaths.ts";
import { NO_FAULTS } from "./simulated-disk.ts";
import { COOLDOWN_SECONDS } from "./ledger.ts";
import type { LedgerJob } from "./ledger.ts";
import type { Upload } from "./uploads.ts";
import { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

export const TRACES: Readonly<Record<string, string>> = {
  "a put": "put 10, commit",
  "puts in one commit": "put 10, put 5000, put 0, commit",
  "puts in many commits": "put 10, commit, put 10, commit, put 10, commit",
  "a put and its delete": "put 10, commit, delete, commit",
  "a put and its delete in one commit": "put 10, delete, put 20, commit",
  "a bury": "put 10, commit, bury, commit",
  "a bury and a kick": "put 10, commit, bury, commit, kick, commit",
  "a bury and a reserve-job": "put 10, commit, bury, commit, take, commit",
  "a bury and a reserve-job in one commit": "put 10, bury, take, commit, put 10, commit",
  "a buried job that was taken moves":
    "put 10, bury, take, commit, fill, empty, fill, empty, commit, reclaim, put 5, commit",
  "a bury and a delete": "put 10, bury, commit, delete, commit",
  "a release": "put 10, commit, release, commit",
  "a hand-back": "put 10, commit, hand-back, commit",
  "an update": "put 10, commit, update, commit",
  "a bury, an update and a kick": "put 10, bury, commit, update, commit, kick, commit",
  "a job that was updated moves":
    "put 10, update, commit, fill, empty, fill, empty, commit, reclaim, put 5, commit",
  "a cancel": "put 10, put 20, commit, cancel, commit",
  "a cancel of a job with failures": "put 10, bury, commit, cancel, put 20, commit",
  "a job that was cancelled while it was held, and the segment of its put goes":
    "put 10, commit, cancel, fill, empty, fill, empty, commit, reclaim, put 5, commit",
  "a move": "put 10, commit, move, commit",
  moves: "put 10, bury, move, move, commit, move, delete, put 20, commit",
  "a job that moved, and the segment of its put goes":
    "put 10, commit, move, fill, empty, fill, empty, commit, reclaim, put 5, commit",
  "a job that moved keeps its failures, whatever the number of shards":
    "shards 2, kill, put 10, bury, move, bury, commit, move, bury, commit, move, bury, shards 4, kill, move, commit, shards 1, kill, put 20, commit, shards 4, cut, put 5, commit",
  "a rotation": "fill, put 10, commit",
  "a rotation and deletes from the old segment": "fill, delete, delete, put 10, commit",
  "an empty segment goes": "put 10, commit, fill, empty, commit, reclaim",
  "a long-lived job moves":
    "put 10, bury, commit, fill, empty, fill, empty, commit, reclaim, put 5, commit",
  "a flush": "put-many 30, bury-all, commit, flush, put 10, commit",
  "a flush over two segments": "put-many 12, bury-all, commit, nearly 200, flush, commit",
  "tombstones move": "put 10, put 20, commit, fill, delete, fill, empty, commit, reclaim",
  "a kick of many jobs, in the middle of which a segment ends":
    "put-many 100, bury-all, commit, nearly 600, kick-all, commit, put 10, commit",
  "a close": "put 10, commit, put 20, close",
  "an orderly restart": "put 10, put 20, commit, restart, delete, commit",
  "recovery after a kill": "put 10, put 20, commit, kill, delete, put 30, commit",
  "recovery after a power cut": "put 10, commit, put 20, cut, put 30, commit",
  "two kills in a row": "put 10, commit, kill, put 20, commit, kill, put 30, commit",
  "reclaiming after a kill": "put 10, commit, fill, empty, kill, reclaim, put 10, commit",
  "a long body": "put 10, commit, long 20000, commit, put 5, commit",
  "a long body in many commits":
    "begin 14000, upload 5000, commit, put 10, upload 5000, commit, upload 4000, commit, finish, commit",
  "a body longer than the ring and a segment": "long 150000, commit, put 10, commit",
  "an upload that is given up": "begin 20000, upload 9000, commit, drop, put 10, commit",
  "a long body and its delete": "long 20000, commit, delete, put 10, commit",
  "a long body in the middle of which a segment ends":
    "nearly 6000, long 20000, commit, put 10, commit",
  "the beginning of a body moves while the rest of it comes":
    "begin 14000, upload 9000, commit, fill, empty, fill, fill, fill, fill, here, thin, commit, reclaim, upload 5000, finish, commit",
  "a part moves behind its PUT record, and the job goes":
    "begin 14000, upload 5000, commit, fill, empty, upload 9000, finish, fill, fill, fill, fill, here, thin, commit, reclaim, kill, delete-long, commit",
  "a dead job": "dead, put-mortal 10, commit, die, commit, carry, commit",
  "a dead job in one commit": "dead, put-mortal 10, die, carry, put 10, commit",
  "a dead job goes to another shard, and after a restart":
    "shards 2, kill, dead, put-mortal 10, die, commit, kill, carry, commit, carry, put 5, commit",
  "a dead job is kicked, and one stays":
    "dead, put-mortal 10, die, commit, kick, put-mortal 20, die, commit, undead, carry, commit, kill, carry, commit",
  "a dead job moves while it waits to leave":
    "dead, put-mortal 10, die, commit, fill, empty, fill, empty, commit, reclaim, kill, carry, commit",
  "something is set for a tube": "set 5, commit, set 7, put 10, commit",
  "something is set and taken away": "set 5, commit, unset, commit, put 10, commit",
  "set, taken away and set in one commit": "set 5, unset, set 6, put 10, commit",
  "set, and after a restart taken away": "set 5, commit, restart, unset, commit",
  "what is set moves": "set 5, commit, fill, empty, fill, empty, commit, reclaim, put 5, commit",
  "what was set does not come back with an old segment":
    "put 10, set 5, commit, fill, set 6, commit, fill, unset, commit, fill, here, empty, commit, reclaim, put 5, commit",
  "what was set, taken away and set anew is taken away":
    "put 10, set 5, commit, fill, unset, commit, fill, set 6, commit, fill, here, empty, commit, reclaim, unset, commit, kill, put 5, commit",
  "a key and its delete": "put-key 10, commit, delete, put-key 20, commit, delete, commit",
  "a cooldown": "put-cool 10, commit, delete, put-key 20, put 10, commit",
  "a cooldown in one commit": "put-cool 10, delete, put-key 20, commit",
  "a cooldown that a flush ends": "put-cool 10, commit, delete, commit, flush, put-key 10, commit",
  "a cooldown moves":
    "put-cool 10, commit, fill, delete, fill, empty, commit, reclaim, fill, empty, commit, reclaim, put-key 5, commit",
  "the end of a cooldown moves":
    "put-cool 10, commit, delete, fill, flush-all, put 10, fill, empty, commit, reclaim, put-key 5, commit",
  "a cooldown after a kill": "put-cool 10, commit, delete, commit, kill, put-key 10, commit",
  "a job with a key moves to where another has it":
    "put-key 10, put-key 10, put-key 10, move, move, move, commit, move, kill, move, put-cool 10, delete, move, commit",
  "a result": "put 10, commit, finish-job 100, commit, put 10, commit",
  "a result in one commit": "put 10, finish-job 0, put 20, finish-job 3000, commit",
  "a result at the end of a segment":
    "put 10, commit, nearly 200, finish-job 60, put 10, commit, put 5, commit",
  "a result moves":
    "put 10, put 20, commit, finish-job 300, commit, fill, empty, fill, empty, commit, reclaim, put 5, commit",
  "a result after a kill": "put 10, commit, finish-job 50, commit, kill, put 10, commit",
  "a result whose time is over":
    "put 10, put 20, commit, finish-short 300, commit, pass 3000, commit, fill, empty, commit, reclaim, put 5, commit",
  "the end of a result moves":
    "put 10, put 20, commit, finish-short 300, fill, pass 3000, put 10, fill, empty, commit, reclaim, put 5, commit",
  "a mark": "put 10, commit, mark, put 20, commit",
};

/** Unsynced writes of which every choice is tried; those before them come through. */
const CHOICES = 6;

/** What was tried. */
export interface TraceTotals {
  points: number;
  recoveries: number;
}

/** The tube for which something is set: no job is put into it. */
const SET_TUBE = "set";

function settingsOf(jobs: number): readonly number[] {
  return Array.from({ length: SETTINGS }, (_, which) => (which === SETTING_JOBS ? jobs : AS_IT_IS));
}

const STEPS: Readonly<Record<string, (world: World, bytes: number) => void>> = {
  put: (world, bytes) => void world.clients.put(bytes, 0),
  "put-key": (world, bytes) => void world.clients.put(bytes, 0, " idp:once"),
  "put-cool": (world, bytes) => void world.clients.put(bytes, 0, COOLING),
  long: (world, bytes) => world.clients.uploads.putWhole(bytes),
  begin: (world, bytes) => void world.clients.uploads.begin(bytes, 0),
  upload: (world, bytes) =>
    withUpload(world, (upload) => void world.clients.uploads.append(upload, bytes)),
  finish: (world) => withUpload(world, (upload) => world.clients.uploads.finish(upload)),
  drop: (world) => withUpload(world, (upload) => world.clients.uploads.drop(upload)),
  delete: (world) => {
    const [job] = world.ledger.jobs.values();
    if (job !== undefined) world.clients.delete(job);
  },
  "finish-job": (world, bytes) => withNewest(world, (job) => world.clients.finish(job, bytes)),
  "finish-short": (world, bytes) => withNewest(world, (job) => world.clients.finish(job, bytes, 2)),
  pass: (world, millis) => world.pass(millis),
  bury: (world) => withNewest(world, (job) => world.clients.bury(job)),
  kick: (world) => withNewest(world, (job) => world.clients.kickJob(job)),
  take: (world) => withNewest(world, (job) => void world.clients.reserveJob(job)),
  release: (world) => withNewest(world, (job) => world.clients.release(job)),
  "hand-back": (world) => withNewest(world, (job) => world.clients.handBack(job)),
  move: (world) => withNewest(world, (job) => world.clients.move(job)),
  cancel: (world) => withNewest(world, (job) => world.clients.cancel(job)),
  "put-mortal": (world, bytes) => void world.clients.put(bytes, 0, MORTAL),
  die: (world) =>
    withNewest(world, (job) => world.clients.deaths.release(world.clients.reserveJob(job))),
  carry: (world) => world.clients.deaths.carry(),
  dead: (world) => world.clients.sendDead(),
  undead: (world) => world.clients.sendDead(false),
  update: (world) => withNewest(world, (job) => world.clients.update(job)),
  set: (world, most) => world.clients.setTube(SET_TUBE, settingsOf(ALLOWS_ALL + most)),
  unset: (world) => world.clients.setTube(SET_TUBE, settingsOf(NOT_SET)),
  fill: (world) => {
    const { currentSegment } = world.journal.figures;
    while (world.journal.figures.currentSegment === currentSegment) {
      for (let left = 5; left > 0; left--) world.clients.put(6000, 0);
      world.commit();
    }
  },
  thin: (world) => {
    const jobs = [...world.ledger.jobs.values()].filter(({ bodyBytes }) => bodyBytes < 8000);
    for (const [at, job] of jobs.entries()) if (at % 4 !== 0) world.clients.delete(job);
  },
  "delete-long": (world) => {
    for (const job of world.ledger.jobs.values())
      if (job.bodyBytes > 8000) world.clients.delete(job);
  },
  "put-many": (world, count) => {
    for (let left = count; left > 0; left--) world.clients.put(10, 0);
  },
  "bury-all": (world) => {
    for (const job of world.ledger.jobs.values()) {
      if (!world.hasRoom()) world.commit();
      world.clients.bury(job);
    }
  },
  "kick-all": (world) => world.clients.kick(mostBuried(world), 1000),
  "flush-all": (world) => world.clients.flushAll(),
  flush: (world) => world.clients.flush(mostBuried(world), world.ledger.highestId),
  nearly: (world, bytes) => {
    while (world.roomInSegment() > bytes) {
      world.clients.put(world.roomInSegment() > 8000 ? 6000 : 100, 0);
      world.commit();
    }
  },
  empty: (world) => {
    for (const job of [...world.ledger.jobs.values()].slice(1)) world.clients.delete(job);
  },
  here: () => undefined,
  commit: (world) => world.commit(),
  mark: (world) => world.journal.mark(),
  shards: (world, count) => world.reshard(count),
  reclaim: (world) => {
    for (let left = 500; left > 0 && world.journal.maintain(); left--);
  },
  close: (world) => world.journal.close(),
  restart: (world) => {
    world.journal.close();
    world.crash(false);
    world.boot();
  },
  kill: (world) => {
    const { onCall } = world.disk;
    world.crash(false);
    world.disk.onCall = onCall;
    world.boot();
  },
  cut: (world) => {
    const { onCall } = world.disk;
    world.crash(true, () => true);
    world.disk.onCall = onCall;
    world.boot();
  },
};

/** A key whose cooldown is over in no world. */
const COOLING = ` idp:once:${COOLDOWN_SECONDS}`;

function withUpload(world: World, act: (upload: Upload) => void): void {
  const upload = world.clients.uploads.first;
  if (upload !== undefined) act(upload);
}

/** The tube with the most buried jobs. */
function mostBuried(world: World): string {
  const counts = new Map<string, number>();
  for (const { tube, isBuried } of world.ledger.jobs.values()) {
    counts.set(tube, (counts.get(tube) ?? 0) + Number(isBuried));
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? "default";
}

function withNewest(world: World, act: (job: LedgerJob) => void): void {
  const job = world.clients.newestJob();
  if (job !== undefined) act(job);
}

function play(world: World, trace: string): void {
  world.boot();
  for (const step of trace.split(", ")) {
    const [name = "", bytes = "0"] = step.split(" ");
    const run = STEPS[name];
    if (run === undefined) throw new RangeError(`no such step: ${name}`);
    run(world, Number(bytes));
  }
}

function worldOf(level: DurabilityLevel): World {
  return new World(randomFrom(1), {
    level,
    intervalMillis: 50,
    shards: 1,
    segmentBytes: SEGMENT_BYTES,
    keepsReleases: true,
    hasLongBodies: false,
    hasGroups: false,
    faults: NO_FAULTS,
  });
}

/** Calls of the storage before the step "here"; 0 without one. */
function callsBefore(trace: string, level: DurabilityLevel): number {
  const at = trace.indexOf(", here, ");
  if (at < 0) return 0;
  const world = worldOf(level);
  play(world, trace.slice(0, at));
  return world.disk.calls;
}

/**
 * Stops a trace at every call, and recovers from every choice of what was not synced. Throws a
 * LedgerError.
 */
export function enumerateCrashes(trace: string, level: DurabilityLevel): TraceTotals {
  const totals: TraceTotals = { points: 0, recoveries: 0 };
  for (let calls = callsBefore(trace, level); ; calls++) {
    const world = worldOf(level);
    world.crashAfter(calls);
    let ended = true;
    try {
      play(world, trace);
    } catch (error) {
      if (!world.isEnd(error)) throw error;
      ended = false;
    }
    totals.points++;
    totals.recoveries += recoverFromAll(world);
    if (ended) return totals;
  }
}

function recoverFromAll(world: World): number {
  const { unsynced } = world.disk;
  const choices = Math.min(unsynced, CHOICES);
  for (let choice = 0; choice < 2 ** choices; choice++) {
    const fork = world.fork(randomFrom(choice));
    fork.crash(true, (index) => {
      const place = index - (unsynced - choices);
      return place < 0 || (choice & (1 << place)) !== 0;
    });
    fork.boot();
  }
  const killed = world.fork(randomFrom(0));
  killed.crash(false);
  killed.boot();
  return 2 ** choices + 1;
}
