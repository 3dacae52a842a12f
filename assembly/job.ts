/* Job: one record and its body.
 *
 *   0 Node (major = deadline, minor = id) | 32 created | 40 lsn | 48 tube | 52 pri | 56 delay
 *     | 60 ttr | 64 bytes | 68 holder | 72 cold | 76 reserves | 80 state | 81 flags | 82 away
 *     | 83 unseen | 84 body
 *
 * 84 bytes and the body behind them, in one piece of the allocator; a body above INLINE_BODY_MAX is
 * a chain of blocks instead (chain.ts), whose ends stand at 84, and behind them the address of the
 * list of its parts in the journal (parts.ts) and how many are reading it. They know the job by its
 * id and read piece by piece; when it ends meanwhile, its body stays until the last of them is
 * done, in memory that counts like any other. A body that is not in memory (away.ts) leaves the
 * place of its record in the journal at 84; one that was read back has that place behind it.
 * Counters that most jobs never move lie in a Cold record, made when first needed. A job that
 * stands somewhere may be moved to another address between two critical sections (moving.ts):
 * nobody outside keeps one. Where it stands depends on its state alone:
 *
 *   ready     its tube's bucket (holder), in the bucket's list or, with LATE, in its tree, by id;
 *             or, ASIDE, the tree of its lane; its deadline is when it became ready
 *   reserved  the tree of the connection (holder) that holds it, by deadline
 *   delayed   the tree of its tube, by deadline
 *   buried    the list of its tube, in the order of burying
 *   gone      the shard's list of bodies that are still read
 *   moving    nowhere but in the table of jobs; `left` is the state that it had
 *   uploading nowhere: only the session that uploads it knows it, and the open lists of parts if it
 *             has one; in replay the table of jobs
 */
import {
  INLINE_BODY_MAX,
  OUTPUT_BYTES,
  RESULT_AWAY,
  RESULT_BODY_BYTES,
  RESULT_ID,
  RESULT_LSN,
  RESULT_PRI,
  STATE_GONE,
  STATE_MOVING,
} from "./constants";
import * as chains from "./chain";
import { AWAY_BODY_MIN, BLOCK_BODY } from "./layouts";
import { BLOCK_HEADER, Chain, OF_JOB, blockAt, isBlock } from "./chain";
import { Node } from "./node";
import { COLDS, JOBS, give, take } from "./memory";
import { must, outputSlot, setResult, shard } from "./shard";
import { want } from "./wants";

@unmanaged
export class Job extends Node {
  /** On the engine's clock; negative for a job that an earlier process was given. */
  createdMicros: i64;
  /**
   * Sequence number of the record that says everything about the job: a reply that shows the job
   * depends on it.
   */
  lsn: u64;
  tube: u32;
  pri: u32;
  delaySeconds: u32;
  ttrSeconds: u32;
  bodyBytes: u32;
  holder: u32;
  cold: u32;
  reserves: u32;
  state: u8;
  flags: u8;
  /** Where its body is: WHOLE, AWAY or CAME. */
  away: u8;
  /** Held, and its holder waits for the body: the attempt has not begun. */
  isUnseen: u8;
}

/** The body has always been in memory. */
export const WHOLE: u8 = 0;
/** The body is not in memory, but in the job's PUT record. */
export const AWAY: u8 = 1;
/** The body was read back; where its record lies is still known. */
export const CAME: u8 = 2;
/** Bytes of the place of a PUT record in its segment. */
export const PLACE_BYTES: u32 = 4;
/** The place of a record that is not known: it is on its way to the disk, or was. */
export const NO_PLACE: u32 = 0xffffffff;

/** Ready, and stands in the tree of its lane, not in the order of its tube (lanes.ts). */
export const ASIDE: u8 = 4;
/** The job stands in the tree of its bucket, not in the list. */
export const LATE: u8 = 1;
/** Reserved by a grant that its connection has not collected. */
export const GRANTED: u8 = 2;

/**
 * Replayed from a part of the journal that is younger than the hints: they are not for this job any
 * more.
 */
export const HINT_IS_OLD: u8 = 8;

/** Reserved, and its deadline was moved: its cold record knows since when it is reserved. */
export const TOUCHED: u8 = 16;

/**
 * Reserved, and somebody cancelled it: it is gone when this attempt ends. Its tombstone stands in
 * the journal already, and nothing more is recorded of it.
 */
export const CANCELLED: u8 = 32;

/** Held, and counted in a share (shares.ts). */
export const COUNTED: u8 = 128;

/** Its cold record has tags (tags.ts). */
export const TAGGED: u8 = 64;

/** MOVING to a dead-letter tube: so it is not LATE. */
export const DEAD: u8 = 1;

/** MOVING or coming, and this is the record in the shard that it comes to: so it is not COUNTED. */
export const ARRIVED: u8 = 128;

/** Counters of a job that had trouble, and what few jobs need. */
@unmanaged
export class Cold {
  timeouts: u32;
  releases: u32;
  buries: u32;
  kicks: u32;
  /** LSN of the last STATE record, 0 when the PUT record says it all. */
  stateLsn: u64;
  /** When it was reserved, with TOUCHED. */
  reservedMicros: u64;
  /** The oldest failure that is kept (failure.ts). */
  failureHead: u32;
  /** The youngest failure that is kept. */
  failureTail: u32;
  /** How many failures are kept. */
  failuresKept: u32;
  /** How many failures there were. */
  failures: u32;
  /** Whose it is. */
  job: u32;
  /** What its put was tagged with, with TAGGED. */
  tags: u32;
  /** What its holder last said of how far it is (progress.ts); 0 when nothing. */
  note: u32;
  /** How often it has moved to another tube. */
  moves: u32;
  /** Who awaits its end (awaits.ts). */
  awaits: u32;
  /** CLAIMED while a batch is about to move it (claiming.ts), CLAIM_STALE; else 0. */
  claim: u32;
}

/** A batch is about to move the job: nobody else does. */
export const CLAIMED: u32 = 1;
/** Likewise, and what the batch copied of it is not all that there is. */
export const CLAIM_STALE: u32 = 2;

export const RECORD_BYTES: u32 = 84;
/**
 * What stands in the place of a long body: the ends of its chain, the list of its parts, how many
 * read it.
 */
export const CHAIN_BYTES: u32 = 16;

export function jobAt(address: u32): Job {
  return changetype<Job>(<usize>address);
}

export function addressOfJob(job: Job): u32 {
  return <u32>changetype<usize>(job);
}

export function bodyOf(job: Job): usize {
  return changetype<usize>(job) + RECORD_BYTES;
}

/** The ends of a long body. */
export function chainOf(job: Job): Chain {
  return changetype<Chain>(bodyOf(job));
}

function markOf(job: Job): u32 {
  return addressOfJob(job) | OF_JOB;
}

/**
 * A record for a body of `bytes`, inline body space included, fields not yet set; 0 when there is
 * no memory.
 */
export function makeJob(bytes: u32, vital: bool): u32 {
  const chained = bytes > INLINE_BODY_MAX;
  const at = take(JOBS, RECORD_BYTES + (chained ? CHAIN_BYTES : bytes), vital);
  if (at == 0) return 0;
  const job = jobAt(at);
  job.bodyBytes = bytes;
  job.cold = 0;
  job.reserves = 0;
  job.flags = 0;
  job.away = WHOLE;
  job.isUnseen = 0;
  job.holder = 0;
  job.lsn = 0;
  if (chained) memory.fill(bodyOf(job), 0, CHAIN_BYTES);
  countBody(job, 1);
  return at;
}

/** Whether a body of that length, in one PUT record, may be away: the output slot holds it. */
export function mayBeAway(bytes: u32): bool {
  return bytes >= AWAY_BODY_MIN && bytes <= OUTPUT_BYTES;
}

/**
 * A record for a job whose body of `bytes` lies in the PUT record at `place`, as `makeJob` makes
 * one; 0 when there is no memory.
 */
export function makeAwayJob(bytes: u32, place: u32): u32 {
  const at = makeJob(PLACE_BYTES, true);
  if (at == 0) return 0;
  const job = jobAt(at); // of a length that is not counted
  job.bodyBytes = bytes;
  job.away = AWAY;
  setPlace(job, place);
  countBody(job, 1);
  return at;
}

/** Whether the body is in memory; else it is read back. */
export function hasBody(job: Job): bool {
  if (job.away != AWAY) return true;
  want(job.minor);
  return false;
}

/** Whether the body is a chain of blocks, in memory. */
export function isChained(job: Job): bool {
  return job.bodyBytes > INLINE_BODY_MAX && job.away != AWAY;
}

/** Bytes of the job's piece of the allocator. */
export function pieceBytes(job: Job): u32 {
  if (job.away == AWAY) return RECORD_BYTES + PLACE_BYTES;
  const body = isChained(job) ? CHAIN_BYTES : job.bodyBytes;
  return RECORD_BYTES + body + (job.away == CAME ? PLACE_BYTES : 0);
}

function placeAt(job: Job): usize {
  return changetype<usize>(job) + pieceBytes(job) - PLACE_BYTES;
}

/** Where in its segment the job's PUT record begins, in units of 8 bytes; it has such a place. */
export function placeOf(job: Job): u32 {
  return load<u32>(placeAt(job));
}

/** The job, whose body is not WHOLE, has its PUT record there. */
export function setPlace(job: Job, place: u32): void {
  store<u32>(placeAt(job), place);
}

/** How many are reading the body of a job, which is a chain. */
export function readersOf(job: Job): u32 {
  return load<u32>(bodyOf(job) + 12);
}

/** One more reads the body, which is a chain: it stays until all have said `unpin`. */
export function pin(job: Job): void {
  store<u32>(bodyOf(job) + 12, readersOf(job) + 1);
}

/** One of those who read the body is done. */
export function unpin(job: Job): void {
  must(readersOf(job) > 0);
  store<u32>(bodyOf(job) + 12, readersOf(job) - 1);
  if (job.state != STATE_GONE || readersOf(job) > 0) return;
  if (job.left != 0) jobAt(job.left).right = job.right;
  if (job.right != 0) jobAt(job.right).left = job.left;
  else shard().gone = job.left;
  freeJob(job);
}

/** The job of that id that is gone and still read, or 0. */
export function findGone(id: u64): u32 {
  let at = shard().gone;
  while (at != 0 && jobAt(at).minor != id) at = jobAt(at).left;
  return at;
}

/** The job is gone; its body is not, while it is read. */
function keepForReaders(job: Job): void {
  const at = addressOfJob(job);
  const s = shard();
  must(load<u32>(bodyOf(job) + 8) == 0);
  job.state = STATE_GONE;
  job.cold = 0;
  job.left = s.gone;
  job.right = 0;
  if (s.gone != 0) jobAt(s.gone).right = at;
  s.gone = at;
}

/** Frees a job that stands nowhere any more, all but a body that is still read. */
export function freeJob(job: Job): void {
  const at = addressOfJob(job);
  if (job.cold != 0) give(job.cold);
  if (isChained(job) && readersOf(job) > 0) {
    keepForReaders(job);
    return;
  }
  if (isChained(job)) {
    must(load<u32>(bodyOf(job) + 8) == 0); // whoever ends a job sees to the list of its parts first
    freeChain(job);
  }
  countBody(job, -1);
  give(at);
}

/** Frees the blocks of a long body. */
export function freeChain(job: Job): void {
  if (shard().cursorJob == addressOfJob(job)) shard().cursorJob = 0;
  chains.freeBlocks(chainOf(job));
}

/**
 * The body of the job, as it is now, is there (`by` 1) or not any more (-1). What always stays is
 * not counted: it would have others leave for good.
 */
export function countBody(job: Job, by: i32): void {
  if (!mayBeAway(job.bodyBytes)) return;
  const s = shard();
  const bytes = <f64>by * <f64>job.bodyBytes;
  if (job.away == AWAY) {
    s.awayJobs += by;
    s.awayBytes += bytes;
    return;
  }
  s.residentBytes += bytes;
  if (job.away == CAME) s.cameBytes += bytes;
}

/** The state that others see, and that the journal is told. */
export function stateOf(job: Job): u8 {
  return job.state == STATE_MOVING ? <u8>job.left : job.state;
}

/** How often the job has moved to another tube. */
export function movesOf(job: Job): u32 {
  return job.cold == 0 ? 0 : coldAt(job.cold).moves;
}

/** Whether a batch is about to move it. */
export function isClaimed(job: Job): bool {
  return job.cold != 0 && coldAt(job.cold).claim != 0;
}

/** The cold record at an address. */
export function coldAt(address: u32): Cold {
  return changetype<Cold>(<usize>address);
}

/**
 * The job's cold counters, made now if need be; 0 when there is no memory, and then nothing is
 * counted.
 */
export function coldOf(job: Job): u32 {
  return job.cold != 0 ? job.cold : makeCold(job, true);
}

/** Makes the cold record of a job that has none; 0 when there is no memory. */
export function makeCold(job: Job, vital: bool): u32 {
  const at = take(COLDS, offsetof<Cold>(), vital);
  if (at == 0) return 0;
  memory.fill(at, 0, offsetof<Cold>());
  coldAt(at).job = addressOfJob(job);
  job.cold = at;
  return at;
}

/**
 * Adds `count` bytes at `source` to a body that has `position` bytes so far; returns how many:
 * fewer when memory runs out.
 */
export function appendBody(job: Job, position: u32, source: usize, count: u32, vital: bool): u32 {
  must(count <= job.bodyBytes - position);
  if (job.bodyBytes <= INLINE_BODY_MAX) {
    memory.copy(bodyOf(job) + position, source, count);
    return count;
  }
  return chains.append(chainOf(job), markOf(job), job.bodyBytes, position, source, count, vital);
}

/** As `makeJob`, with the whole body, which lies at `source`; 0 when there is no memory. */
export function makeWhole(source: usize, bytes: u32): u32 {
  const made = makeJob(bytes, false);
  if (made == 0) return 0;
  if (appendBody(jobAt(made), 0, source, bytes, false) == bytes) return made;
  freeJob(jobAt(made));
  return 0;
}

/**
 * Adds the whole body of `part`, which is a record without a place, to a body that has `position`
 * bytes; false without memory.
 */
export function appendOther(job: Job, position: u32, part: Job): bool {
  const bytes = part.bodyBytes;
  if (bytes <= INLINE_BODY_MAX)
    return appendBody(job, position, bodyOf(part), bytes, true) == bytes;
  let left = bytes;
  for (let block = chainOf(part).first; isBlock(block); block = blockAt(block).next) {
    const step = min(left, BLOCK_BODY);
    if (appendBody(job, position, <usize>block + BLOCK_HEADER, step, true) != step) return false;
    position += step;
    left -= step;
  }
  return true;
}

/**
 * Copies the body from `position` on to `target`, at most `room` bytes; returns how many: none from
 * behind its end.
 */
export function readBody(job: Job, position: u32, target: usize, room: u32): u32 {
  must(job.away != AWAY);
  // A copy of no bytes traps as well when it begins outside the memory.
  position = min(position, job.bodyBytes);
  const count = min(room, job.bodyBytes - position);
  if (job.bodyBytes <= INLINE_BODY_MAX) {
    memory.copy(target, bodyOf(job) + position, count);
    return count;
  }
  const behind = chains.copyOut(blockFrom(job, position), position, target, count);
  const end = position + count;
  remember(job, end - (end % BLOCK_BODY), behind);
  return count;
}

/** Corrects whatever pointed at the record, which has been moved here. */
export function settleRecord(job: Job): void {
  if (job.cold != 0) coldAt(job.cold).job = addressOfJob(job);
  if (isChained(job)) chains.markEnds(chainOf(job), markOf(job));
}

/**
 * What a reply that shows the job depends on. Of one that a batch put, the PUT record may say that
 * it waits, and the STATE record behind it that it is a job.
 */
export function saidBy(job: Job): u64 {
  return job.cold == 0 ? job.lsn : max(job.lsn, coldAt(job.cold).stateLsn);
}

/**
 * Writes for thread `t` what a reply about the job needs: id, length, and the start of the body, if
 * it is in memory (RESULT_AWAY): else it is read back.
 */
export function show(t: u32, job: Job): void {
  setResult(t, RESULT_ID, <f64>job.minor);
  setResult(t, RESULT_PRI, <f64>job.pri);
  setResult(t, RESULT_BODY_BYTES, <f64>job.bodyBytes);
  setResult(t, RESULT_LSN, <f64>saidBy(job));
  const isHere = hasBody(job);
  setResult(t, RESULT_AWAY, isHere ? 0 : 1);
  if (isHere) readBody(job, 0, outputSlot(t), OUTPUT_BYTES);
}

/**
 * The block that holds byte `position`; begins at the cursor if the last read stopped before it.
 */
function blockFrom(job: Job, position: u32): u32 {
  const s = shard();
  let at: u32 = 0;
  let block = chainOf(job).first;
  if (s.cursorJob == addressOfJob(job) && s.cursorBytes <= position) {
    at = s.cursorBytes;
    block = s.cursorBlock;
  }
  while (position - at >= BLOCK_BODY && isBlock(block)) {
    block = blockAt(block).next;
    at += BLOCK_BODY;
  }
  return block;
}

/**
 * Where the next read may begin. No block stands there yet at the end of an upload, or any more at
 * the end of a body.
 */
function remember(job: Job, position: u32, block: u32): void {
  const s = shard();
  s.cursorJob = isBlock(block) ? addressOfJob(job) : 0;
  s.cursorBytes = position;
  s.cursorBlock = block;
}
