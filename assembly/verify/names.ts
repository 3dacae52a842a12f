/* Names: what jobs have in common by a name. Invariant of the walk: the jobs add up what they have,
 * and the lanes of the tubes those that stand aside.
 */
import { STATE_READY, TAG_CON, TAG_FAIR } from "../constants";
import { Job } from "../job";
import { laneAt } from "../lanes";
import { FIXED } from "../memory";
import { asideRoot, nameAt, namesRoot, pieceBytes } from "../names";
import { shard } from "../shard";
import { Tags, tagsOf } from "../tags";
import * as tree from "../tree";
import { live } from "./allocator";
import { Sums, expect, whole } from "./findings";
import { LANE_JOBS, LANE_PLACE, NAMES_FREED, NAMES_TREE, NAME_JOBS } from "./invariants";
import { checkTree, stands } from "./trees";

/** Checks what a job with tags has in common with others. */
export function checkNames(job: Job): void {
  const own = tagsOf(job);
  expect(own.lane == 0 || (job.state == STATE_READY && own.con != 0), LANE_PLACE);
  expect(own.lane != 0 || job.state != STATE_READY || own.con == 0, LANE_PLACE);
  if (own.lane != 0) expect(laneAt(own.lane).name == own.con, LANE_PLACE);
  if (own.fair != 0) checkFair(own);
  if (own.con == 0) return;
  expect(stands(own.con, namesRoot()) && nameAt(own.con).kind == TAG_CON, NAMES_TREE);
  Sums.named++;
}

function checkFair(own: Tags): void {
  expect(stands(own.fair, namesRoot()) && nameAt(own.fair).kind == TAG_FAIR, NAMES_TREE);
  Sums.named++;
}

/** Checks the names of the shard. */
export function checkAllNames(): void {
  checkTree(namesRoot());
  let jobs: u32 = 0;
  let aside: u32 = 0;
  for (let at = tree.first(namesRoot()); at != 0 && whole(); at = tree.next(at)) {
    const name = nameAt(at);
    live(FIXED, at, pieceBytes(name));
    expect(name.jobs != 0 && name.minor == <u64>name.slot, NAMES_TREE);
    expect((name.kind == TAG_CON) == (name.slot != 0), NAMES_TREE);
    jobs += name.jobs;
    aside += checkTree(asideRoot(name));
  }
  expect(jobs == Sums.named, NAME_JOBS);
  expect(aside == Sums.lanesAside && shard().aside == Sums.aside, LANE_JOBS);
  expect((shard().freedNames | shard().cameBack | shard().isOpening) == 0, NAMES_FREED);
}
