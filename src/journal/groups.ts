/* Groups: who waits for a group, and who need not, when a server has read its journal.
 *
 * A record says that a job is held, never how its group is: the members that are left are counted
 * anew. Called by recovery when every job is there that will be, and the streams have begun, since
 * that a job is set free is recorded.
 */
import * as C from "../../assembly/constants.ts";
import type { JournalShard } from "./journal-shard.ts";

/** Counts the members of all groups, then opens those that are complete. */
export function recallGroups(shards: readonly JournalShard[], now: number): void {
  for (const { shard } of shards) {
    for (let bucket = 0; shard.countMembers(bucket) === C.MORE;) bucket = shard.address();
  }
  for (const { shard } of shards) {
    for (let bucket = 0; shard.openGroups(bucket, now) === C.MORE;) bucket = shard.address();
  }
}
