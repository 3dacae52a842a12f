/* Names: what jobs have in common by a name. Invariant of the walk: the jobs add up what they have,
 * and the lanes of the tubes those that stand aside.
 */
import { STATE_READY, TAG_CON, TAG_FAIR } from "../constants";
import { Job } from "../job";
import { laneAt } from "../lanes";
import { FIXED } from "../memory";
import { Name, addressOfName, asideRoot, isName, nameAt, pieceBytes } from "../names";
import { namesTable, shard } from "../shard";
import { headAt, heads } from "../table";
import { Tags, entryIn, tagsOf, textOf } from "../tags";
import { live } from "./allocator";
import { Sums, expect, whole } from "./findings";
import { LANE_JOBS, LANE_PLACE, NAMES_FREED, NAMES_TREE, NAME_JOBS } from "./invariants";
import { checkTable, filled } from "./tables";
import { checkTree } from "./trees";

/** Checks what a job with tags has in common with others. */
export function checkNames(job: Job): void {
  const own = tagsOf(job);
  expect(own.lane == 0 || (job.state == STATE_READY && own.con != 0), LANE_PLACE);
  expect(own.lane != 0 || job.state != STATE_READY || own.con == 0, LANE_PLACE);
  if (own.lane != 0) expect(laneAt(own.lane).name == own.con, LANE_PLACE);
  const text = textOf(own);
  expect((own.con != 0) == (entryIn(text, own.textBytes, TAG_CON) != 0), NAMES_TREE);
  expect((own.fair != 0) == (entryIn(text, own.textBytes, TAG_FAIR) != 0), NAMES_TREE);
  if (own.fair != 0) checkFair(own);
  if (own.con == 0) return;
  expect(isName(own.con) && nameAt(own.con).kind == TAG_CON, NAMES_TREE);
  Sums.named++;
}

function checkFair(own: Tags): void {
  expect(isName(own.fair) && nameAt(own.fair).kind == TAG_FAIR, NAMES_TREE);
  Sums.named++;
}

/** Checks the names of the shard. */
export function checkAllNames(): void {
  Sums.nameJobs = Sums.nameLanes = 0;
  const names = namesTable();
  if (names.directory != 0) {
    checkTable(names);
    const n = heads(names);
    for (let b = filled(names, 0); b < n && whole(); b = filled(names, b + 1)) {
      for (let at = load<u32>(headAt(names, b)); at != 0 && whole(); at = nameAt(at).chain) {
        checkName(nameAt(at));
      }
    }
  }
  expect(Sums.nameJobs == Sums.named, NAME_JOBS);
  expect(Sums.nameLanes == Sums.lanesAside && shard().aside == Sums.aside, LANE_JOBS);
  expect((shard().freedNames | shard().cameBack | shard().isOpening) == 0, NAMES_FREED);
}

function checkName(name: Name): void {
  live(FIXED, addressOfName(name), pieceBytes(name));
  expect(name.jobs != 0 && (name.kind == TAG_CON) == (name.slot != 0), NAMES_TREE);
  Sums.nameJobs += name.jobs;
  Sums.nameLanes += checkTree(asideRoot(name));
}
