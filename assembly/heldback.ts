/* Held back: the engine's exports that tell by what the jobs of a tube are held back: by the tube
 * itself, by keys that are at their limit, and by groups that are not complete. They only look.
 *
 * A tube may have very many keys, and very many jobs that wait. So both are gone through in pieces,
 * each a critical section that looks at STEP_JOBS lanes or jobs at most, and the host goes on
 * between them (src/http/held-back.ts). What a piece finds are entries in the output slot, BACK_*
 * of layouts.ts.
 */
import * as board from "./board";
import {
  DONE,
  MORE,
  NOT_FOUND,
  OUTPUT_BYTES,
  PLACE_MAJOR,
  PLACE_MINOR,
  RESULT_COUNT,
  RESULT_STATS,
  STEP_JOBS,
} from "./constants";
import { enterAt } from "./deadlines";
import { tellTube } from "./explaining";
import { jobAt } from "./job";
import { PARKED_UNTIL } from "./jobgroups";
import { laneAt, lanesRoot } from "./lanes";
import * as L from "./layouts";
import { Name, nameAt, textOf } from "./names";
import { inputSlot, leave, outputSlot, setResult } from "./shard";
import { delayedRoot } from "./states";
import { tagsOf } from "./tags";
import { findTube, tubeAt } from "./tube";
import * as tree from "./tree";

/** Most bytes of an entry. */
const ENTRY_MAX: usize = L.BACK_NAME + 256;

/**
 * What explainJob says of the tube whose name lies at `offset` of the input slot. DONE or
 * NOT_FOUND.
 */
export function explainTube(t: u32, offset: u32, bytes: u32, now: f64): i32 {
  enterAt(now);
  const at = findTube(inputSlot(t) + offset, bytes);
  if (at == 0) return leave(t, NOT_FOUND);
  tellTube(t, tubeAt(at), now);
  return leave(t, DONE);
}

/**
 * The keys of the tube that are at their limit, each with the ready jobs that have it: RESULT_COUNT
 * entries. It goes through the lanes from `from` on, 0 to begin with; MORE when it goes on from
 * PLACE_MAJOR; DONE; NOT_FOUND when there is no such tube.
 */
export function keysTaken(t: u32, offset: u32, bytes: u32, from: f64, now: f64): i32 {
  enterAt(now);
  const tube = findTube(inputSlot(t) + offset, bytes);
  if (tube == 0) return leave(t, NOT_FOUND);
  let to = outputSlot(t);
  let count: u32 = 0;
  let looks: u32 = 0;
  let at = tree.findFrom(lanesRoot(tubeAt(tube)), <u64>from);
  while (at != 0 && looks < STEP_JOBS && hasRoom(t, to)) {
    const lane = laneAt(at);
    const name = nameAt(lane.name);
    if (board.isOpen(name.slot) == 0) {
      to = writeEntry(to, lane.jobs, name);
      count++;
    }
    looks++;
    at = tree.next(at);
  }
  setResult(t, RESULT_COUNT, <f64>count);
  setResult(t, RESULT_STATS + PLACE_MAJOR, at == 0 ? 0 : <f64>laneAt(at).major);
  return leave(t, at == 0 ? DONE : MORE);
}

/**
 * The groups for which jobs of the tube wait, each with how many do: RESULT_COUNT entries, one for
 * jobs that follow each other, so a group may come again. It goes through those with ids above
 * `after`; MORE when it goes on behind PLACE_MINOR; DONE; NOT_FOUND when there is no such tube.
 */
export function groupsAwaited(t: u32, offset: u32, bytes: u32, after: f64, now: f64): i32 {
  enterAt(now);
  const tube = findTube(inputSlot(t) + offset, bytes);
  if (tube == 0) return leave(t, NOT_FOUND);
  let to = outputSlot(t);
  let entry: usize = 0;
  let last: u32 = 0;
  let count: u32 = 0;
  let looks: u32 = 0;
  let behind = <u64>after;
  let at = tree.firstBehind(delayedRoot(tubeAt(tube)), PARKED_UNTIL, behind);
  while (at != 0 && looks < STEP_JOBS && hasRoom(t, to)) {
    const group = tagsOf(jobAt(at)).aft;
    if (group == last) {
      store<u32>(entry, load<u32>(entry, L.BACK_JOBS) + 1, L.BACK_JOBS);
    } else {
      entry = to;
      to = writeEntry(to, 1, nameAt(group));
      last = group;
      count++;
    }
    behind = jobAt(at).minor;
    looks++;
    at = tree.next(at);
  }
  setResult(t, RESULT_COUNT, <f64>count);
  setResult(t, RESULT_STATS + PLACE_MINOR, <f64>behind);
  return leave(t, at == 0 ? DONE : MORE);
}

function hasRoom(t: u32, to: usize): bool {
  return to + ENTRY_MAX <= outputSlot(t) + OUTPUT_BYTES;
}

/** Returns where the next one begins. */
function writeEntry(to: usize, jobs: u32, name: Name): usize {
  const bytes = <u32>name.nameBytes;
  store<u32>(to, jobs, L.BACK_JOBS);
  store<u32>(to, name.slot, L.BACK_SLOT);
  store<u32>(to, bytes, L.BACK_NAME_BYTES);
  memory.copy(to + L.BACK_NAME, textOf(name), bytes);
  return (to + L.BACK_NAME + bytes + 7) & ~7;
}
