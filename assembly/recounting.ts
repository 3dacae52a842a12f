/* Recounting: the exports with which groups go on after a replay (jobgroups.ts): all members are
 * counted, then those are set free who waited for a group that has none.
 *
 * Called by recovery for each shard (src/journal/groups.ts). Conventions: index.ts.
 */
import * as board from "./board";
import { DONE, MORE, RESULT_REF, STEP_JOBS, TAG_GRP } from "./constants";
import { TAGGED, jobAt } from "./job";
import { joinGroup } from "./jobgroups";
import { markFreed, nameAt } from "./names";
import { enter, jobs, leave, namesTable, setResult, shard } from "./shard";
import { match } from "./states";
import * as table from "./table";
import { jobOf, tagsAt } from "./tags";
import { tubeAt } from "./tube";

/**
 * Counts the members of groups among the jobs, from bucket number `bucket` of their table on. MORE,
 * and RESULT_REF is the bucket to go on with; DONE when all are counted.
 */
export function countMembers(t: u32, bucket: u32): i32 {
  enter();
  shard().isRecalling = 0;
  const count: u32 = namesTable().directory == 0 ? 0 : table.heads(jobs());
  const end = min(count, bucket + STEP_JOBS);
  for (let at = bucket; at < end; ++at) {
    for (let entry = table.head(jobs(), at); entry != 0; entry = jobAt(entry).chain) {
      if ((jobAt(entry).flags & TAGGED) != 0) joinGroup(jobAt(entry));
    }
  }
  setResult(t, RESULT_REF, <f64>end);
  return leave(t, end < count ? MORE : DONE);
}

/**
 * Opens the groups that are complete, from bucket number `bucket` of the table of names on, when
 * the members in all shards are counted and the stream has begun. MORE, and RESULT_REF is the
 * bucket to go on with; DONE when all were looked at.
 */
export function openGroups(t: u32, bucket: u32, now: f64): i32 {
  enter();
  const count: u32 = namesTable().directory == 0 ? 0 : table.heads(namesTable());
  const end = min(count, bucket + STEP_JOBS);
  let at = bucket;
  while (at < end && !openOneOf(at, <u64>now)) at++;
  setResult(t, RESULT_REF, <f64>at);
  return leave(t, at < count ? MORE : DONE);
}

/** Opens a group of that bucket for which jobs wait though it is complete; false if none is. */
function openOneOf(bucket: u32, now: u64): bool {
  for (let at = table.head(namesTable(), bucket); at != 0; at = nameAt(at).chain) {
    const name = nameAt(at);
    if (name.kind != TAG_GRP || name.firstWaiting == 0 || board.settle(name.slot) == 0) continue;
    markFreed(name);
    match(tubeAt(jobOf(tagsAt(name.firstWaiting)).tube), now);
    return true;
  }
  return false;
}
