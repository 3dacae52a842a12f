/* Terms: what ends by the clock that is no attempt and no delay, in the order in which it does:
 * cooldowns of keys, lives of jobs, results that are kept.
 *
 * All of a shard stand in one tree, by the second node of their Tags or Result, and have one timer,
 * the shard's own node among the timers of tubes and connections (timers.ts). It may ring early,
 * never late. What happens at the end of a term is deadlines.ts's to say.
 */
import { Node, nodeAt } from "./node";
import { Shard, shard } from "./shard";
import { Tags, termNode } from "./tags";
import * as timers from "./timers";
import * as tree from "./tree";

/** The minor of the shard's own timer: neither a tube's hash nor a connection's. */
export const TERMS_MINOR: u64 = 0x200000000;

export function termsRoot(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("terms");
}

/** The shard's own node among the timers. */
export function termsTimer(): Node {
  return changetype<Node>(changetype<usize>(shard()) + offsetof<Shard>("termsLeft"));
}

/** Sets the timer to when the first term ends, if it must ring sooner than it would. */
export function watchTerms(): void {
  const at = tree.first(termsRoot());
  const s = shard();
  if (at == 0 || (s.termsTimed != 0 && s.termsDue <= nodeAt(at).major)) return;
  const due = nodeAt(at).major;
  timers.stop(termsTimer(), s.termsTimed);
  termsTimer().minor = TERMS_MINOR;
  timers.start(termsTimer(), due);
  s.termsTimed = 1;
}

/** The timer has rung, and was seen to. */
export function rewindTerms(): void {
  const s = shard();
  timers.stop(termsTimer(), s.termsTimed);
  s.termsTimed = 0;
  watchTerms();
}

/** The node of the first term, or 0. */
export function firstTerm(): u32 {
  return tree.first(termsRoot());
}

/** A term ends at `due`. */
export function beginTerm(node: Node, due: u64): void {
  node.major = due;
  tree.insert(termsRoot(), node);
  watchTerms();
}

/** A term is none any more. */
export function endTerm(node: Node): void {
  tree.remove(termsRoot(), node);
}

/** The tags' term ends at `due`. */
export function startTerm(tags: Tags, due: u64): void {
  stopTerm(tags);
  tags.isTimed = 1;
  beginTerm(termNode(tags), due);
}

export function stopTerm(tags: Tags): void {
  if (tags.isTimed == 0) return;
  endTerm(termNode(tags));
  tags.isTimed = 0;
}
