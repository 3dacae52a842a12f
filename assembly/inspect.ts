/*
 * Inspect: the engine's exports that only look: statistics of a job, a tube, the shard, a job's
 * failures, and the list of tubes.
 */
import * as C from "./constants";
import {
  NONE,
  DONE,
  MORE,
  NOT_FOUND,
  OUTPUT_BYTES,
  RESULT_COUNT,
  RESULT_LSN,
  RESULT_NAME_BYTES,
  RESULT_REF,
  RESULT_STATS,
} from "./constants";
import { looksOf, oldestMicros } from "./ages";
import { enterAt } from "./deadlines";
import * as failures from "./failure";
import { failureAt } from "./failure";
import { CANCELLED, Job, coldAt, jobAt, saidBy, stateOf } from "./job";
import { PARKED_UNTIL } from "./jobgroups";
import { isOpen } from "./journal";
import { segmentOf } from "./segments";
import { writeSettings } from "./settings";
import { Tube, findTube, nameOf, tubeAt } from "./tube";
import { enter, inputSlot, leave, outputSlot, resultSlot, setResult, shard } from "./shard";
import { paceOf, samplesAt } from "./samples";
import { findJob } from "./states";
import { tagBytes, tagsOf, textOf } from "./tags";
import { TIMES_BYTES, heldSince, reservesOf, shardReserves, shardTimes } from "./times";
import {
  SAMPLE_FAST,
  SAMPLE_FAST_COUNT,
  SAMPLE_PROCESS,
  SAMPLE_PROCESS_LEAST,
  SAMPLE_PROCESS_MOST,
  SAMPLE_QUEUE,
  SAMPLE_QUEUE_COUNT,
  SAMPLE_QUEUE_LEAST,
  SAMPLE_QUEUE_MOST,
  SAMPLE_SLOW,
  SAMPLE_SLOW_COUNT,
  SAMPLES_BYTES,
  TUBE_ENTRY_HEADER,
  TUBE_ENTRY_NAME_BYTES,
  TUBE_ENTRY_NUMBER,
  TUBE_SETTINGS,
} from "./layouts";

function figure(t: u32, which: i32, value: f64): void {
  setResult(t, RESULT_STATS + which, value);
}

/** Micros from `now` until `due`, negative when it is over, which only shows between two ticks. */
function until(due: u64, now: f64): f64 {
  return <f64>due - now;
}

/**
 * The figures of a job; the name of its tube goes to the output slot, and behind it RESULT_COUNT
 * bytes of its tags.
 */
export function statsJob(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  const job = jobAt(at);
  const state = stateOf(job);
  figure(t, C.JOB_STATE, <f64>state);
  figure(t, C.JOB_PRI, <f64>job.pri);
  figure(t, C.JOB_AGE_MICROS, now - <f64>job.createdMicros);
  figure(t, C.JOB_DELAY_SECONDS, <f64>job.delaySeconds);
  figure(t, C.JOB_TTR_SECONDS, <f64>job.ttrSeconds);
  const timed = state == C.STATE_RESERVED || state == C.STATE_DELAYED;
  figure(t, C.JOB_LEFT_MICROS, timed && job.major != PARKED_UNTIL ? until(job.major, now) : 0);
  figure(t, C.JOB_RESERVES, <f64>job.reserves);
  figure(t, C.JOB_SEGMENT, isOpen() ? <f64>segmentOf(job.lsn).number : 0);
  figure(t, C.JOB_CANCELLED, (job.flags & CANCELLED) == 0 ? 0 : 1);
  const isHeld = job.state == C.STATE_RESERVED;
  figure(t, C.JOB_RESERVED_MICROS, isHeld ? now - <f64>heldSince(job) : 0);
  troubles(t, job);
  writeName(t, tubeAt(job.tube));
  writeTags(t, job);
  setResult(t, RESULT_LSN, <f64>saidBy(job));
  return leave(t, DONE);
}

/** Its tags, behind the name. */
function writeTags(t: u32, job: Job): void {
  const bytes = tagBytes(job);
  if (bytes != 0) {
    const to = outputSlot(t) + tubeAt(job.tube).nameBytes;
    memory.copy(to, textOf(tagsOf(job)), bytes);
  }
  setResult(t, RESULT_COUNT, <f64>bytes);
}

function troubles(t: u32, job: Job): void {
  const cold = coldAt(job.cold);
  figure(t, C.JOB_TIMEOUTS, job.cold == 0 ? 0 : <f64>cold.timeouts);
  figure(t, C.JOB_RELEASES, job.cold == 0 ? 0 : <f64>cold.releases);
  figure(t, C.JOB_BURIES, job.cold == 0 ? 0 : <f64>cold.buries);
  figure(t, C.JOB_KICKS, job.cold == 0 ? 0 : <f64>cold.kicks);
  figure(t, C.JOB_FAILURES, job.cold == 0 ? 0 : <f64>cold.failures);
  figure(t, C.JOB_FAILURES_KEPT, job.cold == 0 ? 0 : <f64>cold.failuresKept);
}

function writeName(t: u32, tube: Tube): void {
  memory.copy(outputSlot(t), nameOf(tube), tube.nameBytes);
  setResult(t, RESULT_NAME_BYTES, <f64>tube.nameBytes);
}

/**
 * The figures of the tube whose name lies at `offset` of the input slot. To the output slot goes
 * what its last times were like: SAMPLE_* of layouts.ts, and behind them RESULT_COUNT times of 4
 * bytes, in microseconds, in no order; and at TUBE_SETTINGS what is set for it, a value for each
 * setting.
 */
export function statsTube(t: u32, offset: u32, bytes: u32, now: f64): i32 {
  enterAt(now);
  const at = findTube(inputSlot(t) + offset, bytes);
  if (at == 0) return leave(t, NOT_FOUND);
  writeTube(resultSlot(t) + (RESULT_STATS << 3), tubeAt(at), now);
  setResult(t, RESULT_COUNT, <f64>writeSamples(outputSlot(t), tubeAt(at).samples));
  writeSettings(tubeAt(at), outputSlot(t) + TUBE_SETTINGS);
  return leave(t, DONE);
}

/**
 * How long the jobs of a tube that the caller watches lately took: PACE_MICROS and PACE_COUNT
 * behind RESULT_STATS.
 */
export function readPace(t: u32, tube: u32): i32 {
  enter();
  const at = tubeAt(tube).samples;
  figure(t, C.PACE_MICROS, at == 0 ? 0 : paceOf(samplesAt(at)));
  figure(t, C.PACE_COUNT, at == 0 ? 0 : <f64>(samplesAt(at).fastCount + samplesAt(at).slowCount));
  return leave(t, DONE);
}

/** Returns how many times were written. */
function writeSamples(to: usize, at: u32): u32 {
  memory.fill(to, 0, SAMPLES_BYTES);
  if (at == 0) return 0;
  const samples = samplesAt(at);
  store<f64>(to, samples.queue, SAMPLE_QUEUE);
  store<f64>(to, <f64>samples.queueLeast, SAMPLE_QUEUE_LEAST);
  store<f64>(to, <f64>samples.queueMost, SAMPLE_QUEUE_MOST);
  store<f64>(to, <f64>samples.queueCount, SAMPLE_QUEUE_COUNT);
  store<f64>(to, paceOf(samples), SAMPLE_PROCESS);
  store<f64>(to, <f64>samples.processLeast, SAMPLE_PROCESS_LEAST);
  store<f64>(to, <f64>samples.processMost, SAMPLE_PROCESS_MOST);
  store<f64>(to, samples.fast, SAMPLE_FAST);
  store<f64>(to, <f64>samples.fastCount, SAMPLE_FAST_COUNT);
  store<f64>(to, samples.slow, SAMPLE_SLOW);
  store<f64>(to, <f64>samples.slowCount, SAMPLE_SLOW_COUNT);
  memory.copy(to + SAMPLES_BYTES, samples.ring, samples.count << 2);
  return samples.count;
}

/** Writes the figures of a tube, TUBE_FIGURES of them. */
function writeTube(to: usize, tube: Tube, now: f64): void {
  memory.fill(to, 0, C.TUBE_FIGURES << 3);
  write(to, C.TUBE_URGENT, <f64>tube.urgent);
  write(to, C.TUBE_READY, <f64>tube.ready);
  write(to, C.TUBE_RESERVED, <f64>tube.reserved);
  write(to, C.TUBE_DELAYED, <f64>tube.delayed);
  write(to, C.TUBE_BURIED, <f64>tube.buried);
  write(to, C.TUBE_TOTAL, <f64>tube.totalJobs);
  write(to, C.TUBE_USING, <f64>tube.using);
  write(to, C.TUBE_WATCHING, <f64>tube.watching);
  write(to, C.TUBE_WAITING, <f64>tube.waiting);
  write(to, C.TUBE_CMD_DELETE, <f64>tube.deletes);
  write(to, C.TUBE_CMD_PAUSE, <f64>tube.pauses);
  write(to, C.TUBE_PAUSE_MICROS, <f64>tube.pauseMicros);
  write(to, C.TUBE_PAUSE_LEFT_MICROS, tube.pausedUntil == 0 ? 0 : until(tube.pausedUntil, now));
  write(to, C.TUBE_BYTES, <f64>tube.bytes);
  writeSinceStart(to, tube);
  write(to, C.TUBE_OLDEST_MICROS, oldestMicros(tube, now));
  write(to, C.TUBE_PARKED, <f64>tube.parked);
}

function writeSinceStart(to: usize, tube: Tube): void {
  write(to, C.TUBE_PUTS, <f64>(tube.totalJobs - tube.earlierJobs));
  write(to, C.TUBE_RESERVES, <f64>reservesOf(tube));
  write(to, C.TUBE_DELETES, <f64>(tube.deletes - tube.earlierDeletes));
  write(to, C.TUBE_RELEASES, <f64>tube.releases);
  write(to, C.TUBE_BURIES, <f64>tube.buries);
  write(to, C.TUBE_KICKS, <f64>tube.kicks);
  write(to, C.TUBE_TOUCHES, <f64>tube.touches);
  write(to, C.TUBE_TIMEOUTS, <f64>tube.timeouts);
  write(to, C.TUBE_LOSSES, <f64>tube.losses);
  write(to, C.TUBE_DEAD_LETTERS, <f64>tube.deadLetters);
  const failures = tube.buries + tube.releases + tube.timeouts + tube.losses + tube.moves;
  write(to, C.TUBE_FAILURES, <f64>failures);
}

function write(to: usize, which: i32, value: f64): void {
  store<f64>(to + ((<usize>which) << 3), value);
}

/** The figures of the shard. */
export function statsShard(t: u32, now: f64): i32 {
  enterAt(now);
  const s = shard();
  figure(t, C.SHARD_URGENT, <f64>s.urgent);
  figure(t, C.SHARD_READY, <f64>s.ready);
  figure(t, C.SHARD_RESERVED, <f64>s.reserved);
  figure(t, C.SHARD_DELAYED, <f64>s.delayed);
  figure(t, C.SHARD_PARKED, <f64>s.parked);
  figure(t, C.SHARD_BURIED, <f64>s.buried);
  figure(t, C.SHARD_TIMEOUTS, <f64>s.timeouts);
  figure(t, C.SHARD_TOTAL, <f64>s.total);
  figure(t, C.SHARD_TUBES, <f64>s.tubes);
  figure(t, C.SHARD_USED_BYTES, <f64>s.usedPages * 65536);
  figure(t, C.SHARD_TAKEN_BYTES, <f64>s.endPage * 65536);
  figure(t, C.SHARD_CONTENDED, <f64>s.contended);
  figure(t, C.SHARD_RECORDS, <f64>s.records);
  figure(t, C.SHARD_RECORDS_KEPT, <f64>s.recordsKept);
  figure(t, C.SHARD_FAILURES, <f64>(s.buries + s.releases + s.timeouts + s.losses + s.moves));
  figure(t, C.SHARD_FAILURES_KEPT, <f64>s.failuresKept);
  figure(t, C.SHARD_RESERVES, <f64>shardReserves());
  figure(t, C.SHARD_DELETES, <f64>s.deletes);
  figure(t, C.SHARD_RELEASES, <f64>s.releases);
  figure(t, C.SHARD_BURIES, <f64>s.buries);
  figure(t, C.SHARD_KICKS, <f64>s.kicks);
  figure(t, C.SHARD_TOUCHES, <f64>s.touches);
  figure(t, C.SHARD_ASIDE, <f64>s.aside);
  figure(t, C.SHARD_MET, <f64>s.met);
  figure(t, C.SHARD_RESULTS, <f64>s.resultsKept);
  figure(t, C.SHARD_RESULT_BYTES, <f64>s.resultBytes);
  figure(t, C.SHARD_LOSSES, <f64>s.losses);
  figure(t, C.SHARD_DEAD_LETTERS, <f64>s.deadLetters);
  figure(t, C.SHARD_AWAY, <f64>s.awayJobs);
  figure(t, C.SHARD_AWAY_BYTES, s.awayBytes);
  figure(t, C.SHARD_BROUGHT, s.brought);
  return leave(t, DONE);
}

/*
 * Failures: one at a time, the message in pieces, so that no call copies more than an output slot
 * holds.
 */

/**
 * The oldest failure of the job with a number above `after`: DONE as `show` says, NONE, or
 * NOT_FOUND when there is no such job.
 */
export function nextFailure(t: u32, id: f64, after: u32, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  return leave(t, show(t, jobAt(at), failures.failureAfter(jobAt(at), after)));
}

/** The youngest failure of the job that has a message; as nextFailure. */
export function lastMessage(t: u32, id: f64, now: f64): i32 {
  enterAt(now);
  const at = findJob(<u64>id);
  if (at == 0) return leave(t, NOT_FOUND);
  return leave(t, show(t, jobAt(at), failures.lastMessage(jobAt(at))));
}

/**
 * Writes a failure's figures (FAILURE_*) to the result area, who made the attempt to the output
 * slot, RESULT_NAME_BYTES of it, and behind that RESULT_COUNT bytes of the message, as many as fit.
 * RESULT_LSN is what the answer depends on.
 */
function show(t: u32, job: Job, at: u32): i32 {
  setResult(t, RESULT_LSN, <f64>saidBy(job));
  if (at == 0) return NONE;
  const failure = failureAt(at);
  const who = <u32>failure.whoBytes;
  figure(t, C.FAILURE_NUMBER, <f64>failure.number);
  figure(t, C.FAILURE_ATTEMPT, <f64>failure.attempt);
  figure(t, C.FAILURE_AT_MICROS, <f64>failure.atMicros);
  figure(t, C.FAILURE_END, <f64>failure.end);
  figure(t, C.FAILURE_MESSAGE_BYTES, failure.hasMessage == 0 ? C.NO_MESSAGE : <f64>failure.bytes);
  memory.copy(outputSlot(t), failures.whoOf(failure), who);
  const shown = failures.readMessage(failure, 0, outputSlot(t) + who, OUTPUT_BYTES - who);
  setResult(t, RESULT_NAME_BYTES, <f64>who);
  setResult(t, RESULT_COUNT, <f64>shown);
  setResult(t, RESULT_LSN, <f64>max(saidBy(job), failure.lsn));
  return DONE;
}

/**
 * Copies more of the message of the job's failure of that number, from `position` on: RESULT_COUNT
 * bytes; NOT_FOUND when it is gone.
 */
export function readFailure(t: u32, id: f64, number: u32, position: u32): i32 {
  enter();
  const job = findJob(<u64>id);
  const at = job == 0 ? 0 : failures.failureOf(jobAt(job), number);
  if (at == 0) return leave(t, NOT_FOUND);
  const bytes = failures.readMessage(failureAt(at), position, outputSlot(t), OUTPUT_BYTES);
  setResult(t, RESULT_COUNT, <f64>bytes);
  return leave(t, DONE);
}

/**
 * Writes to the output slot the tubes made after `number`, in the order in which they were made, as
 * many as fit: RESULT_COUNT entries (TUBE_ENTRY_* of layouts.ts), then MORE; NONE when none was
 * left.
 */
export function listTubes(t: u32, number: f64): i32 {
  enter();
  let at = shard().tubesHead;
  while (at != 0 && <f64>tubeAt(at).createdNumber <= number) at = tubeAt(at).nextTube;
  let to = outputSlot(t);
  const end = to + OUTPUT_BYTES;
  let count: u32 = 0;
  while (at != 0) {
    const tube = tubeAt(at);
    const bytes = (TUBE_ENTRY_HEADER + <u32>tube.nameBytes + 7) & ~7;
    if (to + bytes > end) break;
    store<f64>(to, <f64>tube.createdNumber, TUBE_ENTRY_NUMBER);
    store<u32>(to, tube.nameBytes, TUBE_ENTRY_NAME_BYTES);
    memory.copy(to + TUBE_ENTRY_HEADER, nameOf(tube), tube.nameBytes);
    to += bytes;
    count++;
    at = tube.nextTube;
  }
  setResult(t, RESULT_COUNT, <f64>count);
  return leave(t, count == 0 ? NONE : MORE);
}

/**
 * The tube behind the one of that number and name; when that is gone, the first one made after it.
 */
function tubeBehind(number: f64, name: usize, bytes: u32): u32 {
  let at = bytes == 0 ? 0 : findTube(name, bytes);
  if (at != 0 && <f64>tubeAt(at).createdNumber == number) return tubeAt(at).nextTube;
  at = shard().tubesHead;
  while (at != 0 && <f64>tubeAt(at).createdNumber <= number) at = tubeAt(at).nextTube;
  return at;
}

/**
 * Goes through the tubes, a bounded part of them at a time: writes to the output slot the figures
 * of those made after the one of `number` whose name lies at `offset` of the input slot (0 and no
 * name to begin with), in the order in which they were made. RESULT_COUNT entries, each as in
 * listTubes but with TUBE_FIGURES figures before the name; MORE, or NONE when no tube was left. A
 * call shows at most SURVEY_TUBES tubes and looks at no more than SURVEY_LOOKS priorities of those
 * behind the first, so the lock is held for some tens of microseconds.
 */
export function surveyTubes(t: u32, number: f64, offset: u32, bytes: u32, now: f64): i32 {
  enter();
  let at = tubeBehind(number, inputSlot(t) + offset, bytes);
  let to = outputSlot(t);
  const end = to + OUTPUT_BYTES;
  const header = TUBE_ENTRY_HEADER + ((<u32>C.TUBE_FIGURES) << 3);
  let count: u32 = 0;
  let looks: u32 = 0;
  while (at != 0 && count < C.SURVEY_TUBES && looks < C.SURVEY_LOOKS) {
    const tube = tubeAt(at);
    const length = (header + <u32>tube.nameBytes + 7) & ~7;
    if (to + length > end) break;
    store<f64>(to, <f64>tube.createdNumber, TUBE_ENTRY_NUMBER);
    store<u32>(to, tube.nameBytes, TUBE_ENTRY_NAME_BYTES);
    writeTube(to + TUBE_ENTRY_HEADER, tube, now);
    memory.copy(to + header, nameOf(tube), tube.nameBytes);
    to += length;
    looks += looksOf(tube);
    count++;
    at = tube.nextTube;
  }
  setResult(t, RESULT_COUNT, <f64>count);
  return leave(t, count == 0 ? NONE : MORE);
}

/**
 * Writes to the output slot, as numbers of 8 bytes, the two histograms of the tube whose name lies
 * at `offset` of the input slot; without a name, the shard's.
 */
export function histograms(t: u32, offset: u32, bytes: u32): i32 {
  enter();
  let from = shardTimes();
  if (bytes != 0) {
    const at = findTube(inputSlot(t) + offset, bytes);
    if (at == 0) return leave(t, NOT_FOUND);
    setResult(t, RESULT_REF, <f64>tubeAt(at).createdNumber);
    from = <usize>tubeAt(at).times;
  }
  const to = outputSlot(t);
  for (let i: usize = 0; i < TIMES_BYTES; i += 8) {
    store<f64>(to + i, from == 0 ? 0 : <f64>load<u64>(from + i));
  }
  return leave(t, DONE);
}
