/* Conns: connections, found in their tree, by the jobs that they hold, by what they watch and by
 * their grants.
 */
import {
  addressOfConn,
  CALL_GRANT,
  Conn,
  CONN_MINOR,
  connAt,
  findWatch,
  heldRoot,
  Watch,
  watchAt,
  whoBytes,
} from "../conn";
import { STATE_BURIED, STATE_MOVING, STATE_RESERVED } from "../constants";
import { connOfNode, connsRoot } from "../holders";
import { GRANTED, Job, jobAt } from "../job";
import { Mark, markAt, marksRoot } from "../marks";
import { FIXED } from "../memory";
import { nodeAt } from "../node";
import { grantList, jobs, shard, tubesByName, watches } from "../shard";
import { headAt, heads } from "../table";
import { timersRoot } from "../timers";
import * as tree from "../tree";
import { tubeAt } from "../tube";
import { live } from "./allocator";
import { checkAwaits } from "./awaits";
import { expect, Sums, whole } from "./findings";
import {
  CONN_ALL,
  CONN_GRANT,
  CONN_HELD,
  CONN_MARK,
  CONN_TIMER,
  JOB_MISPLACED,
  TUBE_BYTES_SUM,
  TUBE_COUNTS,
  WAITER_LIST,
  WATCH_LIST,
} from "./invariants";
import { checkJob } from "./jobs";
import { checkNotes } from "./notes";
import { checkCounted } from "./shares";
import { checkTable, filled } from "./tables";
import { checkTree, stands } from "./trees";

/**
 * Goes through the tables. Each job and each watch is taken off its tube's counters, all
 * counters must then be 0, and they are put back: so the walk needs no memory for sums of its own.
 */
export function checkConns(): void {
  checkTable(jobs());
  checkTable(watches());
  checkTable(tubesByName());
  if (!whole()) return;
  eachJob(-1);
  eachWatch(-1);
  for (let at = shard().tubesHead; at != 0; at = tubeAt(at).nextTube) {
    expect(tubeAt(at).reserved == 0 && tubeAt(at).watching == 0, TUBE_COUNTS);
    expect(tubeAt(at).bytes == 0, TUBE_BYTES_SUM);
  }
  eachJob(1);
  eachWatch(1);
  checkAll();
  expect(Sums.heldJobs == Sums.holderJobs && Sums.heldJobs == Sums.reserved, CONN_HELD);
  expect(Sums.watchesOfConns == watches().count, WATCH_LIST);
  expect(Sums.watchesWaiting == Sums.waiters, WAITER_LIST);
  checkGrants();
}

/** The tree of all connections. */
function checkAll(): void {
  checkTree(connsRoot());
  let held: u32 = 0;
  for (let at = tree.first(connsRoot()); at != 0 && whole(); at = tree.next(at)) {
    const conn = connOfNode(at);
    live(FIXED, addressOfConn(conn), offsetof<Conn>());
    if (conn.who != 0) live(FIXED, conn.who, 1 + whoBytes(conn));
    checkNotes(conn);
    checkAwaits(conn);
    if (conn.mark != 0) checkMark(conn);
    expect(conn.number <= shard().lastConn, CONN_ALL);
    held += conn.heldCount;
  }
  expect(held == shard().reserved, CONN_ALL);
  expect(checkTree(marksRoot()) == Sums.marks, CONN_MARK);
}

/** Its place in the tree of marks. */
function checkMark(conn: Conn): void {
  live(FIXED, conn.mark, offsetof<Mark>());
  expect(markAt(conn.mark).conn == addressOfConn(conn), CONN_MARK);
  expect(stands(conn.mark, marksRoot()), CONN_MARK);
  Sums.marks++;
}

/**
 * Adds `sign` for each held job to its tube's counter, and the body of each job as often to its
 * tube's bytes; checks the jobs when taking off.
 */
function eachJob(sign: i32): void {
  const n = heads(jobs());
  for (let b = filled(jobs(), 0); b < n && whole(); b = filled(jobs(), b + 1)) {
    let at = load<u32>(headAt(jobs(), b));
    for (; at != 0 && whole(); at = jobAt(at).chain) {
      const job = jobAt(at);
      expect(job.state - 1 < STATE_BURIED || job.state == STATE_MOVING, JOB_MISPLACED);
      tubeAt(job.tube).bytes += <i64>sign * <i64>job.bodyBytes;
      if (job.state == STATE_MOVING && sign < 0) checkJob(tubeAt(job.tube), job, STATE_MOVING);
      if (job.state != STATE_RESERVED) continue;
      tubeAt(job.tube).reserved += sign;
      if (sign < 0) checkHeld(job);
    }
  }
}

function checkHeld(job: Job): void {
  const at = <u32>changetype<usize>(job);
  const conn = connAt(job.holder);
  checkJob(tubeAt(job.tube), job, STATE_RESERVED);
  Sums.heldJobs++;
  checkCounted(job);
  expect(stands(at, heldRoot(conn)), CONN_HELD);
  if (whole() && tree.first(heldRoot(conn)) == at) checkHolder(conn);
  if ((job.flags & GRANTED) == 0) return;
  Sums.grantedJobs++;
  expect(conn.granted == at && (conn.calling & CALL_GRANT) != 0, CONN_GRANT);
}

/** Checks a connection that holds jobs: once for each, when its first job comes by. */
function checkHolder(conn: Conn): void {
  const first = tree.first(heldRoot(conn));
  const count = checkTree(heldRoot(conn));
  expect(count == conn.heldCount, CONN_HELD);
  Sums.holderJobs += count;
  expect(conn.timed != 0 && conn.major <= nodeAt(first).major, CONN_TIMER);
  checkConn(conn);
}

/** What holds for every connection. */
export function checkConn(conn: Conn): void {
  const at = <u32>changetype<usize>(conn);
  expect(conn.minor == CONN_MINOR && conn.thread < shard().threads, CONN_HELD);
  expect(conn.held != 0 || conn.heldCount == 0, CONN_HELD);
  expect(conn.waiting == 0 || conn.granted == 0, CONN_GRANT);
  expect(conn.granted == 0 || (conn.calling & CALL_GRANT) != 0, CONN_GRANT);
  if (conn.timed != 0) expect(stands(at, timersRoot()), CONN_TIMER);
  if (conn.calling == 0) return;
  const from = conn.prevGrant;
  const link = from == 0 ? load<u32>(grantList(conn.thread)) : connAt(from).nextGrant;
  expect(link == at, CONN_GRANT);
}

/** Adds `sign` for each watch to its tube's counter; checks the watches when taking off. */
function eachWatch(sign: i32): void {
  const n = heads(watches());
  for (let b = filled(watches(), 0); b < n && whole(); b = filled(watches(), b + 1)) {
    let at = load<u32>(headAt(watches(), b));
    for (; at != 0 && whole(); at = watchAt(at).chain) {
      tubeAt(watchAt(at).tube).watching += sign;
      if (sign < 0) checkWatch(watchAt(at));
    }
  }
}

function checkWatch(watch: Watch): void {
  const at = <u32>changetype<usize>(watch);
  const conn = connAt(watch.conn);
  live(FIXED, at, offsetof<Watch>());
  expect(findWatch(conn, watch.tube) == at, WATCH_LIST);
  if (conn.waiting != 0) Sums.watchesWaiting++;
  if (conn.watchHead != at) return;
  checkConn(conn);
  let count: u32 = 0;
  let prev: u32 = 0;
  for (let own = conn.watchHead; own != 0 && whole(); own = watchAt(own).nextOfConn) {
    expect(watchAt(own).conn == watch.conn && watchAt(own).prevOfConn == prev, WATCH_LIST);
    prev = own;
    count++;
  }
  expect(count == conn.watchCount, WATCH_LIST);
  Sums.watchesOfConns += count;
}

/** Every thread's list of connections that have a grant to collect. */
function checkGrants(): void {
  let uncollected: u32 = 0;
  for (let thread: u32 = 0; thread < shard().threads; ++thread) {
    let prev: u32 = 0;
    for (let at = load<u32>(grantList(thread)); at != 0 && whole();) {
      const conn = connAt(at);
      expect(conn.calling != 0 && conn.thread == thread && conn.prevGrant == prev, CONN_GRANT);
      checkConn(conn);
      if (conn.granted != 0 && whole()) {
        uncollected++;
        const job = jobAt(conn.granted);
        expect(job.state == STATE_RESERVED && job.holder == at, CONN_GRANT);
        expect((job.flags & GRANTED) != 0, CONN_GRANT);
      }
      prev = at;
      at = conn.nextGrant;
    }
  }
  expect(uncollected == Sums.grantedJobs, CONN_GRANT);
}
