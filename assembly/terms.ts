/* Terms: what of the jobs' tags ends by the clock, in the order in which it does: cooldowns of
 * keys.
 *
 * All of a shard stand in one tree, by their Tags' second node, and have one timer, the shard's own
 * node among the timers of tubes and connections (timers.ts). It may ring early, never late. What
 * happens at the end of a term is deadlines.ts's to say.
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

/** The tags' term ends at `due`. */
export function startTerm(tags: Tags, due: u64): void {
  stopTerm(tags);
  tags.termDue = due;
  tree.insert(termsRoot(), termNode(tags));
  tags.isTimed = 1;
  watchTerms();
}

export function stopTerm(tags: Tags): void {
  if (tags.isTimed == 0) return;
  tree.remove(termsRoot(), termNode(tags));
  tags.isTimed = 0;
}
