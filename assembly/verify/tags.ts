/* Tags: the side records of jobs with tags, the keys of the shard, those in their cooldown, and
 * what ends by the clock. Invariant of the walk: jobs and tubes add up what they find, which is all
 * that the trees have.
 */
import { STATE_BURIED, STATE_DELAYED, STATE_MOVING, STATE_READY } from "../constants";
import { Job } from "../job";
import { findKey, keyHash, keysRoot } from "../keys";
import { isExhausted } from "../limits";
import { FIXED } from "../memory";
import { nodeAt } from "../node";
import { isResultTerm } from "../result";
import { enter, leave, shard } from "../shard";
import { NO_ENTRY, TAGS_BYTES, Tags, addressOfTags, idpEntry, isText, tagsAt } from "../tags";
import { isLeaving, isUnlimited, jobOf, secondsOf, tagsOf, tagsOfTerm, textOf } from "../tags";
import { TERMS_MINOR, termsRoot, termsTimer } from "../terms";
import { timersRoot } from "../timers";
import * as tree from "../tree";
import { Tube, addressOfTube } from "../tube";
import { live } from "./allocator";
import { Sums, expect, whole } from "./findings";
import { COOLING_LIST, KEYS_TREE, KEY_TWICE, LEAVING_LIST, LIMITS } from "./invariants";
import { TAGS_OWNER } from "./invariants";
import { TERMS_TREE } from "./invariants";
import { checkNames } from "./names";
import { checkTree, stands } from "./trees";

function checkRecord(own: Tags): void {
  live(FIXED, addressOfTags(own), TAGS_BYTES + own.textBytes);
  expect(isText(textOf(own), own.textBytes) && own.textBytes != 0, TAGS_OWNER);
  expect(own.termId == own.minor, TAGS_OWNER);
  Sums.timedTags += own.isTimed;
  Sums.keys += own.isKey;
}

/** Nobody else of the tube has the key. */
function checkKey(own: Tags, tube: Tube): void {
  if (own.isKey == 0) return;
  expect(own.idp != NO_ENTRY && own.tube == addressOfTube(tube), KEYS_TREE);
  expect(own.major == keyHash(tube, idpEntry(own)), KEYS_TREE);
  expect(findKey(own.tube, idpEntry(own)) == addressOfTags(own), KEY_TWICE);
}

/** Checks the tags of a job of `tube` that is TAGGED. */
export function checkTags(tube: Tube, job: Job): void {
  const own = tagsOf(job);
  checkRecord(own);
  expect(own.minor == job.minor && own.isCooling == 0, TAGS_OWNER);
  checkLimits(own, job);
  checkLeaving(own, job);
  checkNames(job);
  checkKey(own, tube);
}

/** What may end by the clock is watched; nothing is ready or delayed that has had all attempts. */
function checkLimits(own: Tags, job: Job): void {
  const isWaiting = job.state == STATE_READY || job.state == STATE_DELAYED;
  if (!isWaiting) return;
  expect(secondsOf(own) == 0 || own.isTimed != 0, LIMITS);
  expect(!isExhausted(job) || own.isTimed != 0, LIMITS);
}

/** A job that is to leave is buried, or on its way, and has no limits. */
function checkLeaving(own: Tags, job: Job): void {
  if (!isLeaving(own)) return;
  if (job.state == STATE_BURIED) Sums.leaving++;
  else expect(job.state == STATE_MOVING, LEAVING_LIST);
  expect(isUnlimited(own), LEAVING_LIST);
}

/** Checks the list of those, which has as many as were found. */
function checkListOfLeaving(): void {
  let before: u32 = 0;
  let count: u32 = 0;
  for (let at = shard().leavingHead; at != 0 && whole(); at = tagsAt(at).nextCooling) {
    expect(isLeaving(tagsAt(at)) && tagsAt(at).prevCooling == before, LEAVING_LIST);
    expect(jobOf(tagsAt(at)).state == STATE_BURIED, LEAVING_LIST);
    before = at;
    count++;
  }
  expect(shard().leavingTail == before && count == Sums.leaving, LEAVING_LIST);
}

/** Checks the keys of the tube that are in their cooldown. */
export function checkCooling(tube: Tube): void {
  let before: u32 = 0;
  for (let at = tube.coolingHead; at != 0 && whole(); at = tagsAt(at).nextCooling) {
    const own = tagsAt(at);
    checkRecord(own);
    expect(own.isCooling == 1 && own.isKey == 1 && own.isTimed == 1, COOLING_LIST);
    expect(own.prevCooling == before, COOLING_LIST);
    checkKey(own, tube);
    before = at;
  }
  expect(tube.coolingTail == before, COOLING_LIST);
}

/** Checks the trees, which have what was found, and their timer. */
export function checkKeysAndTerms(): void {
  checkListOfLeaving();
  expect(checkTree(keysRoot()) == Sums.keys, KEYS_TREE);
  expect(checkTree(termsRoot()) == Sums.timedTags + shard().resultsKept, TERMS_TREE);
  const first = tree.first(termsRoot());
  const s = shard();
  expect(first == 0 || (s.termsTimed != 0 && s.termsDue <= nodeAt(first).major), TERMS_TREE);
  if (first != 0 && !isResultTerm(first)) expect(tagsOfTerm(first).isTimed == 1, TERMS_TREE);
  if (s.termsTimed == 0) return;
  expect(termsTimer().minor == TERMS_MINOR, TERMS_TREE);
  expect(stands(<u32>changetype<usize>(termsTimer()), timersRoot()), TERMS_TREE);
}

/** Whether the job `id` is dead and is to leave. */
export function isToLeave(id: f64): i32 {
  enter();
  for (let at = shard().leavingHead; at != 0; at = tagsAt(at).nextCooling) {
    if (tagsAt(at).minor == <u64>id) return leave(0, 1);
  }
  return leave(0, 0);
}

/** Whether the key of the deleted job `id` is in its cooldown. */
export function isCooling(id: f64): i32 {
  enter();
  for (let at = tree.first(keysRoot()); at != 0; at = tree.next(at)) {
    if (tagsAt(at).minor == <u64>id && tagsAt(at).isCooling != 0) return leave(0, 1);
  }
  return leave(0, 0);
}
