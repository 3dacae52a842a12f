/* Conn: what one connection has in this shard: the jobs that it holds, the tubes that it watches,
 * its place as a waiter, its grant.
 *
 * A connection belongs to one I/O thread and gets a record in a shard when it first watches or
 * reserves something there. Its Node is the shard's timer for the TTRs of the jobs it holds.
 * Waiting: a Watch record stands in the waiting list of its tube, first come first served. A
 * connection either waits (on every tube that it watches here) or not; a grant ends the waiting.
 */
import { NEVER_MICROS, WHO_MAX } from "./constants";
import { Node } from "./node";
import { Job, jobAt } from "./job";
import { FIXED, give, take } from "./memory";
import { grantList, must, watches } from "./shard";
import { Tube, addressOfTube, forgetIfUnused, tubeAt } from "./tube";
import * as ready from "./ready";
import * as table from "./table";
import * as timers from "./timers";
import * as tree from "./tree";

@unmanaged
export class Conn extends Node {
  /* The second node, by its parts (offset 32): its place among all connections (holders.ts). */
  allLeft: u32;
  allRight: u32;
  allParent: u32;
  allChain: u32;
  /** The shard's connections are numbered in the order in which they came. */
  number: u64;
  allMinor: u64;
  /** Tree of the jobs that it holds, by deadline. */
  held: u32;
  heldCount: u32;
  watchHead: u32;
  watchCount: u32;
  thread: u32;
  /** What the session calls itself on its thread. */
  token: u32;
  /** The reserve that it waits for. */
  generation: u32;
  /** The job of the grant that is to be collected, 0 when there is none (any more). */
  granted: u32;
  /** When the job of the last grant had become ready. */
  grantedSince: u64;
  /** Id of that job once it was collected, until the connection does something else with it. */
  collectedId: u64;
  /** What it is called: a piece that begins with a byte for the length; 0 when it has no name. */
  who: u32;
  /** What it is to be told (notes.ts); 0 when it did not ask to be told anything. */
  notes: u32;
  /** By which others know it (marks.ts); 0 when nobody does. */
  mark: u32;
  /** What it awaits here (awaits.ts); 0 when it never did. */
  awaits: u32;
  nextGrant: u32;
  prevGrant: u32;
  waiting: u8;
  /** Why it stands in the list of its thread's callers, CALL_*; stands in the timers. */
  calling: u8;
  timed: u8;
}

/** One tube that one connection watches. minor = hash of both, for the table. */
@unmanaged
export class Watch extends Node {
  conn: u32;
  tube: u32;
  nextOfConn: u32;
  prevOfConn: u32;
  nextWaiter: u32;
  prevWaiter: u32;
}

/**
 * The minor of a connection's node. A tube's is a 32-bit hash, so the two are told apart among the
 * timers.
 */
export const CONN_MINOR: u64 = 0x100000000;

/* Why a connection calls for its thread. */
/** A grant was made, even if it ran out since. */
export const CALL_GRANT: u8 = 1;
/** There is something to be told. */
export const CALL_NOTE: u8 = 2;
/** What it awaits has ended. */
export const CALL_END: u8 = 4;

const HELD: usize = offsetof<Conn>("held");

export function connAt(address: u32): Conn {
  return changetype<Conn>(<usize>address);
}

export function addressOfConn(conn: Conn): u32 {
  return <u32>changetype<usize>(conn);
}

export function watchAt(address: u32): Watch {
  return changetype<Watch>(<usize>address);
}

function addressOfWatch(watch: Watch): u32 {
  return <u32>changetype<usize>(watch);
}

/** A record for the session `token` of `thread`; 0 when there is no memory. */
export function makeConn(thread: u32, token: u32): u32 {
  const at = take(FIXED, offsetof<Conn>(), true);
  if (at == 0) return 0;
  memory.fill(at, 0, offsetof<Conn>());
  const conn = connAt(at);
  conn.minor = CONN_MINOR;
  conn.thread = thread;
  conn.token = token;
  return at;
}

/** Frees a record that holds, watches, is granted and is told nothing. */
export function freeConn(conn: Conn): void {
  must((conn.held | conn.watchHead | conn.granted | conn.notes | conn.mark | conn.awaits) == 0);
  must(conn.waiting == 0 && conn.calling == 0);
  timers.stop(conn, conn.timed);
  if (conn.who != 0) give(conn.who);
  give(addressOfConn(conn));
}

/*
 * Its name, for those who want to know who held a job. Only connections that reserve are given one.
 */

/**
 * Calls `conn` what the `bytes` bytes at `name` say, WHO_MAX at most; without memory it stays
 * nameless.
 */
export function nameConn(conn: Conn, name: usize, bytes: u32): void {
  must(bytes <= WHO_MAX);
  if (conn.who != 0) give(conn.who);
  conn.who = take(FIXED, 1 + bytes, true);
  if (conn.who == 0) return;
  store<u8>(conn.who, <u8>bytes);
  memory.copy(<usize>conn.who + 1, name, bytes);
}

export function whoBytes(conn: Conn): u32 {
  return conn.who == 0 ? 0 : load<u8>(conn.who);
}

/** Where the name stands; means nothing when it has no bytes. */
export function whoAt(conn: Conn): usize {
  return <usize>conn.who + 1;
}

/* Held jobs. */

export function heldRoot(conn: Conn): usize {
  return changetype<usize>(conn) + HELD;
}

/** `job`, which stands nowhere, is held by `conn` until `deadline`. */
export function hold(conn: Conn, job: Job, deadline: u64): void {
  job.holder = addressOfConn(conn);
  job.major = deadline;
  tree.insert(heldRoot(conn), job);
  conn.heldCount++;
  if (conn.timed == 0 || deadline < conn.major) startClock(conn, deadline);
}

/** Sets the timer of `conn` anew. */
export function startClock(conn: Conn, due: u64): void {
  timers.stop(conn, conn.timed);
  timers.start(conn, due);
  conn.timed = 1;
}

export function unhold(conn: Conn, job: Job): void {
  tree.remove(heldRoot(conn), job);
  conn.heldCount--;
}

/**
 * The full TTR again, for a job that `conn` holds; no lease becomes shorter. A grant whose job has
 * another deadline than its collecting counted with is counted for good.
 */
export function extend(job: Job, conn: Conn, now: u64): void {
  if (conn.collectedId == job.minor) conn.collectedId = 0;
  const deadline = max(job.major, now + <u64>job.ttrSeconds * 1000000);
  unhold(conn, job);
  hold(conn, job, deadline);
}

/** The held job whose TTR runs out first, or 0. */
export function firstHeld(conn: Conn): u32 {
  return tree.first(heldRoot(conn));
}

/** When its TTR runs out; NEVER_MICROS when nothing is held. */
export function firstDue(conn: Conn): f64 {
  const at = firstHeld(conn);
  return at == 0 ? NEVER_MICROS : <f64>jobAt(at).major;
}

/* Watching. */

function pairHash(conn: u32, tube: u32): u32 {
  let h = conn * 0x9e3779b1 + (tube >> 3) * 0x85ebca6b;
  h = (h ^ (h >>> 15)) * 0xc2b2ae35;
  return h ^ (h >>> 13);
}

/** The record of `conn` watching `tube`, or 0. */
export function findWatch(conn: Conn, tube: u32): u32 {
  const me = addressOfConn(conn);
  let at = table.bucket(watches(), pairHash(me, tube));
  while (at != 0) {
    const watch = watchAt(at);
    if (watch.conn == me && watch.tube == tube) return at;
    at = watch.chain;
  }
  return 0;
}

/**
 * Adds `tube` to what `conn` watches; false when there is no memory. Watching twice is watching
 * once.
 */
export function addWatch(conn: Conn, tube: Tube): bool {
  if (findWatch(conn, addressOfTube(tube)) != 0) return true;
  const at = take(FIXED, offsetof<Watch>(), true);
  if (at == 0) return false;
  memory.fill(at, 0, offsetof<Watch>());
  const watch = watchAt(at);
  watch.conn = addressOfConn(conn);
  watch.tube = addressOfTube(tube);
  watch.minor = <u64>pairHash(watch.conn, watch.tube);
  table.add(watches(), watch);
  watch.nextOfConn = conn.watchHead;
  if (conn.watchHead != 0) watchAt(conn.watchHead).prevOfConn = at;
  conn.watchHead = at;
  conn.watchCount++;
  if (tube.watching++ == 0) ready.refresh(tube);
  return true;
}

/** Ends one watch of a connection that does not wait. The tube may be gone afterwards. */
export function dropWatch(conn: Conn, watch: Watch): void {
  must(conn.waiting == 0);
  if (watch.prevOfConn != 0) watchAt(watch.prevOfConn).nextOfConn = watch.nextOfConn;
  else conn.watchHead = watch.nextOfConn;
  if (watch.nextOfConn != 0) watchAt(watch.nextOfConn).prevOfConn = watch.prevOfConn;
  conn.watchCount--;
  table.drop(watches(), watch);
  const tube = tubeAt(watch.tube);
  give(addressOfWatch(watch));
  if (--tube.watching == 0) ready.refresh(tube);
  forgetIfUnused(tube);
}

/* Waiting. */

/** Adds `conn` at the tail of the waiters of every tube that it watches here. */
export function startWaiting(conn: Conn, generation: u32): void {
  must(conn.waiting == 0 && conn.granted == 0);
  conn.waiting = 1;
  conn.generation = generation;
  let at = conn.watchHead;
  while (at != 0) {
    const watch = watchAt(at);
    const tube = tubeAt(watch.tube);
    watch.nextWaiter = 0;
    watch.prevWaiter = tube.waitTail;
    if (tube.waitTail != 0) watchAt(tube.waitTail).nextWaiter = at;
    else tube.waitHead = at;
    tube.waitTail = at;
    tube.waiting++;
    at = watch.nextOfConn;
  }
}

/** Removes `conn` from all waiters. */
export function stopWaiting(conn: Conn): void {
  if (conn.waiting == 0) return;
  conn.waiting = 0;
  let at = conn.watchHead;
  while (at != 0) {
    const watch = watchAt(at);
    const tube = tubeAt(watch.tube);
    if (watch.prevWaiter != 0) watchAt(watch.prevWaiter).nextWaiter = watch.nextWaiter;
    else tube.waitHead = watch.nextWaiter;
    if (watch.nextWaiter != 0) watchAt(watch.nextWaiter).prevWaiter = watch.prevWaiter;
    else tube.waitTail = watch.prevWaiter;
    tube.waiting--;
    at = watch.nextOfConn;
  }
}

/* Calling. */

/** Adds `conn` to those that call for its thread, for one reason (CALL_*) more. */
export function call(conn: Conn, why: u8): void {
  const isCalling = conn.calling != 0;
  conn.calling |= why;
  if (isCalling) return;
  const list = grantList(conn.thread);
  const at = addressOfConn(conn);
  const head = load<u32>(list);
  conn.prevGrant = 0;
  conn.nextGrant = head;
  if (head != 0) connAt(head).prevGrant = at;
  store<u32>(list, at);
}

/** Takes reasons away; without any `conn` leaves that list. */
export function uncall(conn: Conn, why: u8): void {
  if ((conn.calling & why) == 0) return;
  conn.calling &= ~why;
  if (conn.calling != 0) return;
  if (conn.prevGrant != 0) connAt(conn.prevGrant).nextGrant = conn.nextGrant;
  else store<u32>(grantList(conn.thread), conn.nextGrant);
  if (conn.nextGrant != 0) connAt(conn.nextGrant).prevGrant = conn.prevGrant;
}

/** The job of the grant that `conn` has not collected, or 0. */
export function grantedJob(conn: Conn): Job {
  return jobAt(conn.granted);
}
