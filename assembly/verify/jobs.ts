/* Jobs: what holds for a job wherever it stands: its body, its cold record, its failures; and for
 * the bodies of jobs that are gone and still read.
 */
import { OF_JOB } from "../chain";
import {
  END_BURIED,
  END_MOVED,
  STATE_BURIED,
  STATE_GONE,
  STATE_MOVING,
  STATE_RESERVED,
} from "../constants";
import { failureAt, failureBytes } from "../failure";
import {
  addressOfJob,
  AWAY,
  CAME,
  CANCELLED,
  chainOf,
  Cold,
  coldAt,
  GRANTED,
  isChained,
  isClaimed,
  Job,
  jobAt,
  mayBeAway,
  NO_PLACE,
  pieceBytes,
  placeOf,
  readersOf,
  TAGGED,
  TOUCHED,
  WHOLE,
} from "../job";
import { COLDS, FAILURES, JOBS } from "../memory";
import { partsAt, partsOf } from "../parts";
import { shard } from "../shard";
import { findJob } from "../states";
import { reservedAt } from "../times";
import { Tube } from "../tube";
import { live } from "./allocator";
import { checkAwaited } from "./awaits";
import { expect, Sums, whole } from "./findings";
import {
  COLD_OWNER,
  CONN_GRANT,
  FAILURE_LIST,
  FAILURE_OWNER,
  JOB_AWAY,
  JOB_BODY,
  JOB_CANCELLED,
  JOB_MISPLACED,
  JOB_NOT_IN_TABLE,
  JOB_TOUCHED,
  PARTS_LIST,
} from "./invariants";
import { checkList } from "./journal";
import { checkChain, checkMessage } from "./messages";
import { checkTags } from "./tags";

/** Checks what holds for a job of `tube` in every state. */
export function checkJob(tube: Tube, job: Job, state: u8): void {
  const at = <u32>changetype<usize>(job);
  expect(job.state == state && job.tube == <u32>changetype<usize>(tube), JOB_MISPLACED);
  expect(state == STATE_RESERVED || (job.flags & GRANTED) == 0, CONN_GRANT);
  const isCancelled = (job.flags & CANCELLED) != 0;
  expect(!isCancelled || (state == STATE_RESERVED && (job.flags & GRANTED) == 0), JOB_CANCELLED);
  expect(state == STATE_MOVING || findJob(job.minor) == at, JOB_NOT_IN_TABLE);
  if (job.cold != 0) {
    live(COLDS, job.cold, offsetof<Cold>());
    expect(coldAt(job.cold).job == at, COLD_OWNER);
    checkFailures(coldAt(job.cold));
    checkNote(coldAt(job.cold));
    checkAwaited(job);
  }
  if ((job.flags & TOUCHED) != 0) checkTouched(job);
  if ((job.flags & TAGGED) != 0) checkTags(tube, job);
  live(JOBS, at, pieceBytes(job));
  if (isChained(job) && whole()) checkBody(job);
  if (job.away != WHOLE) checkPlace(job);
  expect(state == STATE_RESERVED || job.isUnseen == 0, JOB_AWAY);
  if (job.away != AWAY && mayBeAway(job.bodyBytes)) Sums.resident += <f64>job.bodyBytes;
}

/** A body that is away has a record, in the ring or in a place; nobody is moving it. */
function checkPlace(job: Job): void {
  const isAway = job.away == AWAY;
  expect(isAway || job.away == CAME, JOB_AWAY);
  expect(mayBeAway(job.bodyBytes) && partsOf(job) == 0, JOB_AWAY);
  expect(!isAway || (job.state <= STATE_BURIED && !isClaimed(job)), JOB_AWAY);
  expect(!isAway || (job.flags & CANCELLED) == 0, JOB_AWAY);
  const isInRing = job.lsn > shard().ringTail;
  expect(!isAway || (placeOf(job) == NO_PLACE) == isInRing, JOB_AWAY);
  if (isAway) Sums.away++;
  else Sums.came += <f64>job.bodyBytes;
}

/** Only a held job's deadline is ever moved, and only ahead. */
function checkTouched(job: Job): void {
  expect(job.state == STATE_RESERVED && job.cold != 0, JOB_TOUCHED);
  expect(whole() && coldAt(job.cold).reservedMicros <= reservedAt(job), JOB_TOUCHED);
}

/**
 * Checks a job's failures: ascending numbers, none above what was counted, no more than are kept,
 * the youngest known.
 */
function checkFailures(cold: Cold): void {
  let count: u32 = 0;
  let last: u32 = 0;
  for (let at = cold.failureHead; at != 0 && whole(); at = failureAt(at).next) {
    const failure = failureAt(at);
    const number = failure.number;
    expect(number <= cold.failures, FAILURE_LIST);
    expect(number > (last == 0 ? 0 : failureAt(last).number), FAILURE_LIST);
    expect(failure.end >= END_BURIED && failure.end <= END_MOVED, FAILURE_LIST);
    expect(failure.lsn != 0, FAILURE_LIST);
    live(FAILURES, at, failureBytes(failure));
    expect(failure.owner == <u32>changetype<usize>(cold), FAILURE_OWNER);
    checkMessage(failure);
    last = at;
    count++;
  }
  expect(cold.failureTail == last && cold.failuresKept == count, FAILURE_LIST);
  expect(count <= shard().keepsFailures, FAILURE_LIST);
  Sums.failures += count;
}

/** Checks the note of how far a job is. */
function checkNote(cold: Cold): void {
  if (cold.note == 0) return;
  const note = failureAt(cold.note);
  live(FAILURES, cold.note, failureBytes(note));
  expect(note.owner == <u32>changetype<usize>(cold), FAILURE_OWNER);
  checkMessage(note);
}

/** Checks a long body and the list of its parts. */
function checkBody(job: Job): void {
  checkChain(chainOf(job), addressOfJob(job) | OF_JOB, job.bodyBytes, JOB_BODY);
  if (partsOf(job) == 0 || !whole()) return;
  const list = partsAt(partsOf(job));
  checkList(list);
  expect(list.job == <u32>changetype<usize>(job) && list.missing == 0, PARTS_LIST);
}

/** Bodies of jobs that are gone: each is read by somebody. */
export function checkGone(): void {
  let prev: u32 = 0;
  for (let at = shard().gone; at != 0 && whole(); at = jobAt(at).left) {
    const job = jobAt(at);
    expect(job.state == STATE_GONE && job.right == prev && readersOf(job) > 0, JOB_MISPLACED);
    expect(findJob(job.minor) == 0 && job.cold == 0, JOB_MISPLACED);
    live(JOBS, at, pieceBytes(job));
    checkBody(job);
    prev = at;
  }
}
