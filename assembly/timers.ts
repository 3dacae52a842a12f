/* Timers: the tubes and connections of the shard that have a deadline, in the order in which they
 * are due.
 *
 * Timers are lazy. Deleting a job in time, as nearly all are, does not touch its timer; a timer
 * that rings early is set anew. So reserving and deleting moves a timer once per TTR, not once per
 * job. A timer never rings late. The owner keeps the flag that says whether its node stands here.
 */
import { NEVER_MICROS } from "./constants";
import { Node, nodeAt } from "./node";
import { Shard, shard } from "./shard";
import * as tree from "./tree";

export function timersRoot(): usize {
  return changetype<usize>(shard()) + offsetof<Shard>("timers");
}

/** Publishes when the first timer rings, for `enter` and for the hosts' own timers. */
function publish(): void {
  const at = tree.first(timersRoot());
  shard().nextDue = at == 0 ? NEVER_MICROS : <f64>nodeAt(at).major;
}

export function start(node: Node, due: u64): void {
  node.major = due;
  tree.insert(timersRoot(), node);
  publish();
}

export function stop(node: Node, standsHere: u32): void {
  if (standsHere == 0) return;
  tree.remove(timersRoot(), node);
  publish();
}

/** The node whose timer rings first, or 0. */
export function first(): u32 {
  return tree.first(timersRoot());
}

/** When the timer behind the first one rings; u64.MAX_VALUE when there are not two. */
export function secondDue(): u64 {
  const at = tree.first(timersRoot());
  const behind = at == 0 ? 0 : tree.next(at);
  return behind == 0 ? u64.MAX_VALUE : nodeAt(behind).major;
}
