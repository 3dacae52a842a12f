/* Names: what jobs have in common by a name. Invariant of the walk: the jobs add up what they have,
 * and the lanes of the tubes those that stand aside. Each member of a group is one of its name's,
 * and whoever is held waits there.
 */
import { STATE_READY, TAG_AFT, TAG_CON, TAG_FAIR, TAG_GRP } from "../constants";
import { Job, jobAt } from "../job";
import { isParked } from "../jobgroups";
import { laneAt } from "../lanes";
import { FIXED } from "../memory";
import { Name, addressOfName, asideRoot, isName, nameAt, pieceBytes } from "../names";
import { namesTable, shard } from "../shard";
import { findJob } from "../states";
import { headAt, heads } from "../table";
import { entryIn, tagsAt, tagsOf, textOf } from "../tags";
import { live } from "./allocator";
import { Sums, expect, whole } from "./findings";
import { GROUP_MEMBERS, GROUP_WAITING, LANE_JOBS, LANE_PLACE } from "./invariants";
import { NAMES_FREED, NAMES_TREE, NAME_JOBS } from "./invariants";
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
  expect((own.grp != 0) == (entryIn(text, own.textBytes, TAG_GRP) != 0), NAMES_TREE);
  expect((own.aft != 0) == (entryIn(text, own.textBytes, TAG_AFT) != 0), NAMES_TREE);
  checkNameOf(own.con, TAG_CON);
  checkNameOf(own.fair, TAG_FAIR);
  checkNameOf(own.grp, TAG_GRP);
  checkNameOf(own.aft, TAG_GRP);
  expect((own.isMember != 0) == (own.grp != 0), GROUP_MEMBERS);
  Sums.members += own.isMember;
  if (isParked(job)) Sums.parked++;
}

function checkNameOf(at: u32, kind: u8): void {
  if (at == 0) return;
  expect(isName(at) && nameAt(at).kind == kind, NAMES_TREE);
  Sums.named++;
}

/** Checks the names of the shard. */
export function checkAllNames(): void {
  Sums.nameJobs = Sums.nameLanes = Sums.nameMembers = Sums.nameParked = 0;
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
  expect(Sums.nameMembers == Sums.members, GROUP_MEMBERS);
  expect(Sums.nameParked == Sums.parked && shard().parked == Sums.parked, GROUP_WAITING);
  const unseen = shard().freedNames | shard().cameBack | shard().isOpening | shard().openedTubes;
  expect(unseen == 0, NAMES_FREED);
}

function checkName(name: Name): void {
  live(FIXED, addressOfName(name), pieceBytes(name));
  expect(name.jobs != 0 && (name.kind != TAG_FAIR) == (name.slot != 0), NAMES_TREE);
  Sums.nameJobs += name.jobs;
  Sums.nameLanes += checkTree(asideRoot(name));
  Sums.nameMembers += name.members;
  expect(name.kind == TAG_GRP || (name.members | name.firstWaiting) == 0, GROUP_MEMBERS);
  checkWaiting(name);
}

/** Those that wait for a group: whoever came later waits for no earlier turn. */
function checkWaiting(name: Name): void {
  let before: u32 = 0;
  for (let at = name.firstWaiting; at != 0 && whole(); at = tagsAt(at).nextWaiting) {
    const own = tagsAt(at);
    expect(own.prevWaiting == before && own.aft == addressOfName(name), GROUP_WAITING);
    expect(before == 0 || tagsAt(before).turn <= own.turn, GROUP_WAITING);
    const found = findJob(own.minor);
    expect(found != 0 && isParked(jobAt(found)) && tagsOf(jobAt(found)) == own, GROUP_WAITING);
    Sums.nameParked++;
    before = at;
  }
  expect(name.lastWaiting == before, GROUP_WAITING);
}
