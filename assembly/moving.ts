/* Moving: a piece goes to another address, and whatever pointed at it points there.
 *
 * What points at what:
 *
 *   job      the table of jobs, its neighbours or its tree, its tube (the best one), its bucket,
 *            its lane (the head), its connection (a grant), its Cold record, the ends of its
 *            body, the list of its parts
 *   cold     its job, its failures, the note of how far it is, those who await its end
 *   failure  its neighbours in the list, its Cold record, the ends of its message
 *   block    its neighbours, or the owner of the chain
 *
 * and the cursor of the last read at a job and a block. A piece that somebody outside knows by its
 * address, an upload or a failure that no attempt has ended with yet, stays where it is. Called by
 * the sweep (sweep.ts), inside a critical section.
 */
import { settleAwaits } from "./awaits";
import { Block, Chain, MARK_BITS, OF_JOB, blockAt, isBlock } from "./chain";
import { INLINE_BODY_MAX, STATE_BURIED, STATE_DELAYED, STATE_READY } from "./constants";
import { connAt, heldRoot } from "./conn";
import { failureAt, messageChain, settleFailure } from "./failure";
import { GRANTED, Job, addressOfJob, chainOf, coldAt, jobAt, settleRecord } from "./job";
import { beginMove, endMove } from "./lanes";
import { BLOCKS, COLDS, FAILURES, JOBS } from "./memory";
import * as parts from "./parts";
import { jobs, must, shard } from "./shard";
import { delayedRoot, findJob } from "./states";
import * as table from "./table";
import * as tree from "./tree";
import { Tube, tubeAt } from "./tube";

/** Whether the piece of that kind that is in use at `at` may be moved. */
export function mayMove(kind: u32, at: u32): bool {
  if (kind == JOBS) return findJob(jobAt(at).minor) == at && jobAt(at).state <= STATE_BURIED;
  return kind != FAILURES || failureAt(at).owner != 0;
}

/** Moves the piece of `bytes` at `from` to `to`, where a piece of its size begins. */
export function move(kind: u32, from: u32, to: u32, bytes: u32): void {
  if (kind == JOBS) {
    moveJob(from, to, bytes);
    return;
  }
  memory.copy(to, from, bytes);
  if (kind == COLDS) settleCold(to);
  else if (kind == FAILURES) settleFailure(failureAt(to), from);
  else {
    must(kind == BLOCKS);
    settleBlock(blockAt(to), from);
  }
}

/* Jobs. The weight of a node in a tree is its address, so it leaves the tree and comes back. */

/** Moves a job that stands somewhere to `to`, with `bytes` of what it has. */
export function moveJob(from: u32, to: u32, bytes: u32): void {
  leaveTree(jobAt(from));
  memory.copy(to, from, bytes);
  const job = jobAt(to);
  table.replace(jobs(), from, job);
  takePlace(job, from);
  settleRecord(job);
  const list = parts.partsOf(job);
  if (list != 0) parts.partsAt(list).job = to;
  if (shard().cursorJob == from) shard().cursorJob = to;
}

function leaveTree(job: Job): void {
  if (job.state == STATE_READY) beginMove(job);
  else if (job.state == STATE_DELAYED) tree.remove(delayedRoot(tubeAt(job.tube)), job);
  else if (job.state != STATE_BURIED) tree.remove(heldRoot(connAt(job.holder)), job);
}

function takePlace(job: Job, from: u32): void {
  const tube = tubeAt(job.tube);
  if (job.state == STATE_READY) {
    endMove(tube, job, from);
  } else if (job.state == STATE_DELAYED) {
    tree.insert(delayedRoot(tube), job);
  } else if (job.state == STATE_BURIED) {
    takePlaceAmongBuried(tube, job);
  } else {
    const conn = connAt(job.holder);
    tree.insert(heldRoot(conn), job);
    if ((job.flags & GRANTED) != 0) conn.granted = addressOfJob(job);
  }
}

function takePlaceAmongBuried(tube: Tube, job: Job): void {
  const at = addressOfJob(job);
  if (job.right != 0) jobAt(job.right).left = at;
  else tube.buriedHead = at;
  if (job.left != 0) jobAt(job.left).right = at;
  else tube.buriedTail = at;
}

/* The others. */

function settleCold(at: u32): void {
  const cold = coldAt(at);
  jobAt(cold.job).cold = at;
  for (let own = cold.failureHead; own != 0; own = failureAt(own).next) failureAt(own).owner = at;
  if (cold.note != 0) failureAt(cold.note).owner = at;
  settleAwaits(at);
}

function settleBlock(block: Block, from: u32): void {
  const at = <u32>changetype<usize>(block);
  if (isBlock(block.previous)) blockAt(block.previous).next = at;
  else ownerOf(block.previous).first = at;
  if (isBlock(block.next)) blockAt(block.next).previous = at;
  else ownerOf(block.next).last = at;
  const s = shard();
  if (s.cursorJob != 0 && s.cursorBlock == from) s.cursorBlock = at;
}

/** The ends of the chain whose owner has that mark. */
function ownerOf(mark: u32): Chain {
  const at = mark & ~MARK_BITS;
  if ((mark & MARK_BITS) != OF_JOB) return messageChain(failureAt(at));
  must(jobAt(at).bodyBytes > INLINE_BODY_MAX);
  return chainOf(jobAt(at));
}
