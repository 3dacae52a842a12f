/* Result: the record of what one finished job left behind, and where it stands: in one tree with
 * all others, by the id of the job, which is no job any more, and among the terms (terms.ts), which
 * end it. The result itself is a text (awaits.ts). What happens to results is results.ts's to say.
 */
import { addText, leaveText, shareText } from "./awaits";
import { failureAt } from "./failure";
import { FIXED, give, take } from "./memory";
import { Node, nodeAt } from "./node";
import { Shard, shard } from "./shard";
import { beginTerm, endTerm } from "./terms";
import * as tree from "./tree";

@unmanaged
export class Result extends Node {
  // major = id of the job, minor = 0
  /* The second node, by its parts. */
  termLeft: u32;
  termRight: u32;
  termParent: u32;
  termChain: u32;
  termDue: u64;
  termId: u64;
  /** LSN of its RESULT record. */
  lsn: u64;
  text: u32;
  /** For how long it was to be kept. */
  keepSeconds: u32;
  /** Says which shard it is for, whatever their number. */
  tubeHash: u32;
  /** When it was made, by the wall clock: one that the same job leaves later is another one. */
  made: f64;
}

const TERM_NODE: usize = offsetof<Result>("termLeft");
/** Set in the minor of a result's term: that of a tag of the same job is another one. */
const RESULT_TERM: u64 = 0x1000000000000000;

export function resultsRoot(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("results");
}

export function resultAt(address: u32): Result {
  return changetype<Result>(<usize>address);
}

export function termOf(result: Result): Node {
  return changetype<Node>(changetype<usize>(result) + TERM_NODE);
}

/** Whether a node among the terms is a result's. */
export function isResultTerm(node: u32): bool {
  return nodeAt(node).minor >= RESULT_TERM;
}

export function resultOfTerm(node: u32): Result {
  return resultAt(<u32>(<usize>node - TERM_NODE));
}

/** Bytes of the result. */
export function lengthOf(result: Result): u32 {
  return failureAt(result.text).bytes;
}

/** The result of job `id`, or 0. */
export function findResult(id: u64): u32 {
  const at = tree.findFrom(resultsRoot(), id);
  return at != 0 && nodeAt(at).major == id ? at : 0;
}

/**
 * A record for a result of `id` with that text, which is one from now on, to be kept until `until`;
 * 0 when there is no memory, and then the text is as it was.
 */
export function makeResult(
  id: u64,
  text: u32,
  keepSeconds: u32,
  tubeHash: u32,
  until: u64,
  vital: bool,
): u32 {
  const at = take(FIXED, offsetof<Result>(), vital);
  if (at == 0) return 0;
  memory.fill(at, 0, offsetof<Result>());
  const result = resultAt(at);
  result.major = id;
  result.text = text;
  result.keepSeconds = keepSeconds;
  result.tubeHash = tubeHash;
  addText(text);
  shareText(text);
  tree.insert(resultsRoot(), result);
  result.termId = id | RESULT_TERM;
  beginTerm(termOf(result), until);
  shard().resultsKept++;
  shard().resultBytes += failureAt(text).bytes;
  return at;
}

/** Forgets a result without a word. */
export function dropResult(result: Result): void {
  endTerm(termOf(result));
  tree.remove(resultsRoot(), result);
  shard().resultsKept--;
  shard().resultBytes -= lengthOf(result);
  leaveText(result.text);
  give(<u32>changetype<usize>(result));
}
