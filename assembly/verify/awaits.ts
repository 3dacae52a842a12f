/* Awaits: who awaits the end of which job, what they are to be told, and the results that are kept.
 * Invariant of the walk: jobs and connections add up what they find, which is the same.
 */
import { Awaits, awaitAt, awaitsAt, bytesOfAwait } from "../awaits";
import { CALL_END, Conn, addressOfConn } from "../conn";
import { OUTCOME_FINISHED, OUTCOME_IN_TUBE, STATE_BURIED, TUBE_NAME_MAX } from "../constants";
import { failureAt, failureBytes } from "../failure";
import { Job, coldAt } from "../job";
import { FAILURES, FIXED } from "../memory";
import { Result, lengthOf, resultAt, resultsRoot, termOf } from "../result";
import { shard } from "../shard";
import { findJob } from "../states";
import { termsRoot } from "../terms";
import * as tree from "../tree";
import { isToLeave } from "../tags";
import { live } from "./allocator";
import { Sums, expect, whole } from "./findings";
import { AWAIT_LISTS, RESULTS_TREE, TEXT_LIST } from "./invariants";
import { checkMessage } from "./messages";
import { checkTree, stands } from "./trees";

/** Checks who awaits the end of a job, which has a Cold record. */
export function checkAwaited(job: Job): void {
  let before: u32 = 0;
  for (let at = coldAt(job.cold).awaits; at != 0 && whole(); at = awaitAt(at).nextOfJob) {
    const one = awaitAt(at);
    expect(one.cold == job.cold && one.id == job.minor, AWAIT_LISTS);
    expect(one.prevOfJob == before && one.text == 0, AWAIT_LISTS);
    expect(job.state != STATE_BURIED || isToLeave(job), AWAIT_LISTS);
    Sums.awaited++;
    before = at;
  }
}

/** Checks what a connection awaits, and what it is to be told. */
export function checkAwaits(conn: Conn): void {
  const isCalled = (conn.calling & CALL_END) != 0;
  if (conn.awaits == 0) {
    expect(!isCalled, AWAIT_LISTS);
    return;
  }
  live(FIXED, conn.awaits, offsetof<Awaits>());
  const awaits = awaitsAt(conn.awaits);
  let before: u32 = 0;
  for (let at = awaits.pending; at != 0 && whole(); at = awaitAt(at).next) {
    checkAwait(conn, at);
    expect(awaitAt(at).prev == before && awaitAt(at).cold != 0, AWAIT_LISTS);
    expect(awaitAt(at).end == 0, AWAIT_LISTS);
    Sums.awaits++;
    before = at;
  }
  before = 0;
  for (let at = awaits.due; at != 0 && whole(); at = awaitAt(at).next) {
    const one = awaitAt(at);
    checkAwait(conn, at);
    expect(one.end - OUTCOME_FINISHED <= OUTCOME_IN_TUBE - OUTCOME_FINISHED, AWAIT_LISTS);
    expect((one.cold != 0) == (one.end == OUTCOME_IN_TUBE), AWAIT_LISTS);
    if (one.cold != 0) Sums.awaits++;
    if (one.text != 0) Sums.textsHad++;
    before = at;
  }
  expect(awaits.due == 0 || awaits.lastDue == before, AWAIT_LISTS);
  expect(!isCalled || awaits.due != 0, AWAIT_LISTS);
}

function checkAwait(conn: Conn, at: u32): void {
  live(FIXED, at, bytesOfAwait(awaitAt(at).how));
  expect(awaitAt(at).tubeBytes <= TUBE_NAME_MAX, AWAIT_LISTS);
  expect(awaitAt(at).conn == addressOfConn(conn) && awaitAt(at).id != 0, AWAIT_LISTS);
}

/**
 * Checks the results: none is a job's that there is. Behind a replay that may be so, for a while.
 */
export function checkResults(): void {
  const s = shard();
  const count = checkTree(resultsRoot());
  let bytes: u64 = 0;
  for (let at = tree.first(resultsRoot()); at != 0 && whole(); at = tree.next(at)) {
    const result = resultAt(at);
    live(FIXED, at, offsetof<Result>());
    expect(result.minor == 0 && result.text != 0 && result.lsn <= s.lsn, RESULTS_TREE);
    expect(findJob(result.major) == 0, RESULTS_TREE);
    expect(stands(<u32>changetype<usize>(termOf(result)), termsRoot()), RESULTS_TREE);
    bytes += lengthOf(result);
    Sums.textsHad++;
  }
  expect(s.resultsKept == count && s.resultBytes == bytes, RESULTS_TREE);
  expect(Sums.awaited == Sums.awaits, AWAIT_LISTS);
  checkTexts();
}

/** Each text is had by somebody. */
function checkTexts(): void {
  let had: u32 = 0;
  let before: u32 = 0;
  for (let at = shard().texts; at != 0 && whole(); at = failureAt(at).next) {
    const text = failureAt(at);
    live(FAILURES, at, failureBytes(text));
    expect(text.number != 0 && text.attempt == before && text.owner == 0, TEXT_LIST);
    checkMessage(text);
    had += text.number;
    before = at;
  }
  expect(had == Sums.textsHad, TEXT_LIST);
}
