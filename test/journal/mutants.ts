/* Mutants: the journal with one fault planted, to show that crashes and flipped bits find such
 * faults.
 *
 * A mutant is a piece of the sources and what stands there instead, in a copy of src/ and
 * assembly/; one in assembly/ is compiled. It must go wrong for some seed, within a bounded number
 * of them. `node test/journal/mutants.ts` tries all and prints a table; the long tests try all too.
 * Scripts lead to moments that chance seldom comes upon (moments.ts).
 */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { RESULT_LSN } from "../../assembly/constants.ts";
import { runSeed } from "./crashes.ts";
import { flipBits } from "./flips.ts";
import { leadThroughSegments, leadWithoutSpace } from "./leads.ts";
import { fillAndDrain, queueUp } from "./full-disk.ts";
import { loadEngineModule } from "./machine.ts";
import { passMomentsOfBodies } from "./moments-of-bodies.ts";
import { passMoments } from "./moments.ts";
import { COURSES, endInEachCall } from "./moves.ts";
import { tearOverEarlierUse } from "./reuse.ts";
import { ownCode } from "./code.ts";
import type { Code } from "./code.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A fault and where it is planted. */
export interface Mutant {
  /** What is wrong with it. */
  readonly fault: string;
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly put: string;
}

const JOURNAL = "src/journal/journal.ts";
const FRAME_WRITER = "src/journal/frame-writer.ts";
const COMMIT = "src/journal/commit.ts";
const LEAD = "src/journal/lead.ts";
const RESERVE = "src/journal/reserve.ts";
const RECOVERY = "src/journal/recovery.ts";
/** Where a leader writes its frame. */
const LEADS_WRITE = '      if (!commit.write(segment, commit.fitting(heads))) return "left";\n';

export const MUTANTS: readonly Mutant[] = [
  {
    fault: "records are said to lie where the header of their frame begins",
    file: COMMIT,
    find: "this.#free(parts, gathered, state.position - bytes);",
    put: "this.#free(parts, gathered, state.position - bytes - 80);",
  },
  {
    fault: "a body that is away is looked for where it was, though its segment goes",
    file: "assembly/journal.ts",
    find: "  if (job.away != WHOLE) setPlace(job, NO_PLACE); // until this record is on the disk\n",
    put: "",
  },
  {
    fault: "reclaiming copies the name of its tube into a body that is away",
    file: "assembly/keep.ts",
    find: "journal.bodyIn(changetype<PutRecord>(record))",
    put: "journal.bodyIn(changetype<PutRecord>(record)) - changetype<PutRecord>(record).nameBytes",
  },
  {
    fault: "a replay leaves a job in the place of its older record",
    file: "assembly/replay.ts",
    find: "  if (job.away == AWAY) setPlace(job, placeOfRecord(changetype<usize>(record)));\n",
    put: "",
  },
  {
    fault: "a held job is cancelled while its body is away",
    file: "assembly/index.ts",
    find: "  if (!hasBody(jobAt(at))) return leave(t, BUSY); // its record in the journal may go before it\n",
    put: "",
  },
  {
    fault: "bodies are read from a file that went meanwhile",
    file: "src/journal/read-back.ts",
    find: "          if (this.#hasGone(segment)) break; // the file may be another segment's by now\n",
    put: "",
  },
  {
    fault: "bodies are looked for in a segment that went meanwhile",
    file: "src/journal/read-back.ts",
    find: "      if (this.#hasGone(segment)) continue;\n",
    put: "",
  },
  {
    fault: "nothing is ever synced",
    file: COMMIT,
    find: "    segment.sync();\n",
    put: "",
  },
  {
    fault: "a change of a job that nobody holds is not recorded",
    file: "assembly/commands.ts",
    find: "  journal.recordState(job);\n  if (job.state == STATE_READY) states",
    put: "  if (job.state == STATE_READY) states",
  },
  {
    fault: "that a held job was cancelled is not recorded",
    file: "assembly/commands.ts",
    find: "      journal.recordDelete(job);\n      job.lsn = shard().lsn;",
    put: "      job.lsn = shard().lsn;",
  },
  {
    fault: "a job that was cancelled and is held is kept when a segment goes",
    file: "assembly/keep.ts",
    find: "(job.flags & CANCELLED) != 0 || job.lsn == 0",
    put: "job.lsn == 0",
  },
  {
    fault: "a tombstone of a job that has moved on ends it",
    file: "assembly/replay.ts",
    find: "  if (job.state != STATE_UPLOADING && moves < movesOf(job)) {\n    forgetOlder(job, moves);\n    return;\n  }\n",
    put: "",
  },
  {
    fault: "what a job was before it moved has no tombstone when a crash cut that off",
    file: "assembly/departed.ts",
    find: "      endNoted(jobAt(entry));\n",
    put: "",
  },
  {
    fault: "a replay ends a job that has moved to another shard, and no tombstone says so",
    file: "assembly/replay.ts",
    find: "  return !isHere || replace(address, record, job, segment, now);",
    put: "  if (!isHere) endReplayed(job);\n  return !isHere || replace(address, record, job, segment, now);",
  },
  {
    fault: "parts of a job that is to move count as those of what it is",
    file: "assembly/gathering.ts",
    find: "  if (found == 0 || record.moves > had) found = findOrMakeGathering(record);\n  else if (",
    put: "  if (found == 0) found = findOrMakeGathering(record);\n  else if (record.moves == had && ",
  },
  {
    fault: "of a job that two shards have both stay",
    file: "src/journal/recovery.ts",
    find: "    this.#endDoubles();\n",
    put: "",
  },
  {
    fault: "a tombstone that is written again forgets how often its job had moved",
    file: "assembly/journal.ts",
    find: "beginDelete(old.id, 0, movesInDelete(old))",
    put: "beginDelete(old.id, 0, 0)",
  },
  {
    fault: "failures of jobs that moved are looked for where strays were met alone",
    file: "src/journal/recovery.ts",
    find: "shard.hasMetMoved() !== 0",
    put: "shard.hasMetMoved() > 1",
  },
  {
    fault: "a key that a moved job had to give up is its own after a restart",
    file: "assembly/tags.ts",
    find: "  store<u16>(idpEntry(tags), 1, TAG_GIVEN_UP);\n",
    put: "",
  },
  {
    fault: "all segments have the same salt",
    file: JOURNAL,
    find: "const salt = random() >>> 0;",
    put: "const salt = random() === -1 ? 1 : 7;",
  },
  {
    fault: "replies go out before the sync",
    file: JOURNAL,
    find: "    if (syncsFirst(this.#parts.options.level)) this.sync();\n",
    put: "    for (const { shard, written } of this.#parts.shards) this.#parts.publish(shard.index, written);\n    if (syncsFirst(this.#parts.options.level)) this.sync();\n",
  },
  {
    fault: "the directory is not synced when a segment is begun",
    file: JOURNAL,
    find: "    segment.sync();\n    storage.syncDirectory();\n",
    put: "    segment.sync();\n",
  },
  {
    fault: "a segment's header is not synced",
    file: JOURNAL,
    find: "    segment.sync();\n    storage.syncDirectory();\n",
    put: "    storage.syncDirectory();\n",
  },
  {
    fault: "a segment ends without a sync",
    file: JOURNAL,
    find: "    this.sync(); // what is in the old one must not be younger on the disk than what comes after it\n",
    put: "    this.#state.unsyncedSince = undefined;\n",
  },
  {
    fault: "segments go before it is safe that they do, and the tombstones that ended their jobs",
    file: JOURNAL,
    find: "    this.sync(); // whatever the level: that they go, and what ended the jobs in them, must be safe\n",
    put: "",
  },
  {
    fault: "segments go without a word",
    file: JOURNAL,
    find: "    if (!this.#sayGone(segments.map(({ number }) => number))) return false;\n",
    put: "",
  },
  {
    fault: "what was said to go is not said again in the next segment",
    file: JOURNAL,
    find: "    this.#gone.clear();\n",
    put: "",
  },
  {
    fault: "the list of a new segment leaves out the one before",
    file: JOURNAL,
    find: "this.#open([...this.#segments.numbers, number])",
    put: "this.#open(this.#segments.numbers.slice(number < 0 ? 1 : 0))",
  },
  {
    fault: "a file that is used again without a spare goes without a word",
    file: "src/journal/segments.ts",
    find: " || !this.#sayReused(free.number, frames)",
    put: "",
  },
  {
    fault: "a spare of an earlier server has whatever length came through",
    file: "src/journal/spares.ts",
    find: "    if (this.#inherited.has(spare.number)) this.#secure(spare);\n",
    put: "",
  },
  {
    fault: "a frame for which there was no space counts as written",
    file: FRAME_WRITER,
    find: "      state.nextFrame--;\n",
    put: "",
  },
  {
    fault: "a start on a full disk reclaims as if there were space",
    file: JOURNAL,
    find: "const isFirst = this.#spares.count === 0 || !this.#spares.isTried;",
    put: "const isFirst = this.#spares.count === 0;",
  },
  {
    fault: "puts leave nothing free on a full disk",
    file: RESERVE,
    find: "    if (!this.#spares.isRefused) return false;\n",
    put: "    if (room < Infinity) return false;\n",
  },
  {
    fault: "hints call frames safe that are only written",
    file: JOURNAL,
    find: "safeFrame: durableFrame, lastId };",
    put: "safeFrame: Math.max(durableFrame, nextFrame - 1), lastId };",
  },
  {
    fault: "hints tell of a segment that is only to be begun",
    file: JOURNAL,
    find: "return { frame: nextFrame, segment: this.#current.number,",
    put: "return { frame: nextFrame, segment: this.#nextSegment,",
  },
  {
    fault: "no spare is given up for a frame that found no space",
    file: "src/journal/spares.ts",
    find: "wasFilling || (this.count > least && this.#removeShortest());",
    put: "wasFilling || (this.count < least && this.#removeShortest());",
  },
  {
    fault: "on a disk that had no space spares are made only within the bound",
    file: JOURNAL,
    find: " && !this.#spares.isRefused) return false;",
    put: ") return false;",
  },
  {
    fault: "one spare is all that a full disk keeps",
    file: "src/journal/spares.ts",
    find: "export const SHORT_COUNT = 3;",
    put: "export const SHORT_COUNT = 1;",
  },
  {
    fault: "tombstones are forgotten while the segments that they are for exist",
    file: "src/journal/segments.ts",
    find: "number >= low && number <= high",
    put: "number < low",
  },
  {
    fault: "a segment goes before its copies are safe",
    file: JOURNAL,
    find: "    if (segment === undefined || !reclaim.isSafe(synced)) return !this.#isStuck;\n    if (!reclaim.isEmpty) {",
    put: "    if (segment === undefined) return true;\n    if (reclaim.isSafe(synced) && !reclaim.isEmpty) {",
  },
  {
    fault: "frames claim to be safe themselves",
    file: FRAME_WRITER,
    find: "durableFrame: durable } = this.#state;",
    put: "nextFrame: durable } = this.#state;",
  },
  {
    fault: "the timer of level interval rings late",
    file: JOURNAL,
    find: "return Math.max(0, intervalMillis - ",
    put: "return Math.max(0, 50 * intervalMillis - ",
  },
  {
    fault: "a segment's first frame is numbered one too high",
    file: FRAME_WRITER,
    find: "firstFrame: this.#state.nextFrame,",
    put: "firstFrame: this.#state.nextFrame + 1,",
  },
  {
    fault: "the highest id is forgotten",
    file: RECOVERY,
    find: "shard.skipIds(this.#lastId);",
    put: "shard.skipIds(0);",
  },
  {
    fault: "ids of lost puts are given out again",
    file: RECOVERY,
    find: "      if (!hasAll) this.#lastId += this.#idsAhead;\n",
    put: "",
  },
  {
    fault: "what was told before the system ended is believed to have come through",
    file: RECOVERY,
    find: 'bootId !== "" && bootId === this.#parts.bootId;',
    put: 'bootId !== "";',
  },
  {
    fault: "ids that are told before they are synced do not run ahead",
    file: FRAME_WRITER,
    find: "const isEarly = !syncsFirst(level) ||",
    put: 'const isEarly = level === "os" ||',
  },
  {
    fault: "ids run ahead at level sync",
    file: FRAME_WRITER,
    find: "const isEarly = !syncsFirst(level) ||",
    put: 'const isEarly = level !== "interval" ||',
  },
  {
    fault: "what a release says is not recorded",
    file: "assembly/commands.ts",
    find: "  else job.state = STATE_READY;\n  if (shard().keepsReleases != 0) journal.recordState(job);\n",
    put: "  else job.state = STATE_READY;\n",
  },
  {
    fault: "nobody waits for what a release says",
    file: "assembly/index.ts",
    find: "const waits = failure != 0 || shard().keepsReleases != 0 || isTagged;",
    put: "const waits = failure != 0 || isTagged;",
  },
  {
    fault: "half a frame counts",
    file: RECOVERY,
    find: "      if (!regions.every((one) => shard?.isWhole(one, bytes, header.salt))) return false;\n",
    put: "",
  },
  {
    fault: "what was cut off comes back at the next recovery",
    file: "src/journal/pieces.ts",
    find: "return next?.number === found.number + 1 ? next.header.firstFrame - 1 : Infinity;",
    put: "return next === undefined ? 0 : Infinity;",
  },
  {
    fault: "frames behind a missing one count",
    file: RECOVERY,
    find: "frame?.number !== this.#lastFrame + 1) return false;",
    put: "frame === undefined) return true;",
  },
  {
    fault: "what only memory held is believed safe",
    file: "src/journal/settlement.ts",
    find: "      file.sync();\n      if (mark.length === 0) return;\n",
    put: "      if (mark.length === 0) return;\n",
  },
  {
    fault: "segments of jobs that were written twice are not reclaimed first",
    file: RECOVERY,
    find: "this.#parts.shards.some((shard) => shard.superseded(number) > 0)",
    put: "false",
  },
  {
    fault: "reclaiming looks at what was cut off",
    file: "src/journal/reclaim.ts",
    find: "this.#bytes.subarray(0, end)",
    put: "this.#bytes.subarray(0, end && undefined)",
  },
  {
    fault: "a short write is taken for a whole one",
    file: "src/journal/segment-file.ts",
    find: "rest = behind(rest, count);",
    put: "rest = behind(rest, Infinity);",
  },
  {
    fault: "damaged headers of frames hide what stands behind them",
    file: "src/journal/scan.ts",
    find: "if (next < 0) return regions;",
    put: "if (next >= -1) return regions;",
  },
  {
    fault: "reclaiming forgets tombstones",
    file: "assembly/keep.ts",
    find: "segments.segmentExists(tombstone.origin)",
    put: "false",
  },
  {
    fault: "a deleted job's bytes stay counted as live",
    file: "assembly/segments.ts",
    find: "    origin.liveBytes -= record.putBytes;\n",
    put: "",
  },
  {
    fault: "delays are written with a monotonic clock",
    file: "assembly/journal.ts",
    find: "return shard().wallBase + micros;",
    put: "return micros;",
  },
  {
    fault: "a delay may be longer than it was asked to be",
    file: "assembly/replay.ts",
    find: "min(due - shard().wallBase - now, <f64>delaySeconds * 1000000)",
    put: "due - shard().wallBase - now",
  },
  {
    fault: "a delay is over when the wall clock was set back",
    file: "assembly/replay.ts",
    find: "if (state == STATE_DELAYED && left > 0)",
    put: "if (state == STATE_DELAYED && left > 0 && left == due - shard().wallBase - now)",
  },
  {
    fault: "a job is as old as the process after a restart",
    file: "assembly/replay.ts",
    find: "<i64>(record.created - shard().wallBase)",
    put: "0",
  },
  {
    fault: "deletes are not recorded",
    file: "assembly/commands.ts",
    find: "  journal.recordDelete(job);\n  if ((job.flags & TAGGED) != 0) leaveGroup",
    put: "  if ((job.flags & TAGGED) != 0) leaveGroup",
  },
  {
    fault: "kicks are not recorded",
    file: "assembly/commands.ts",
    find: "  job.state = STATE_READY;\n  journal.recordState(job);\n",
    put: "  job.state = STATE_READY;\n",
  },
  {
    fault: "that a job was taken out of the buried ones is not recorded",
    file: "assembly/commands.ts",
    find: "  states.becomeReserved(job, conn, <i64>now);\n  journal.recordState(job);\n",
    put: "  states.becomeReserved(job, conn, <i64>now);\n",
  },
  {
    fault: "who takes a buried job is told before that is safe",
    file: "assembly/index.ts",
    find: "  setResult(t, RESULT_LSN, <f64>shard().lsn); // who is told waits for that record\n",
    put: "",
  },
  {
    fault: "a buried job that is written again is ready",
    file: "assembly/journal.ts",
    find: "  record.state = stateOf(job);\n  record.nameBytes = tube",
    put: "  record.state = 1;\n  record.nameBytes = tube",
  },
  {
    fault: "replies to puts wait for nothing",
    file: "assembly/commands.ts",
    find: "setResult(t, RESULT_LSN, <f64>job.lsn);",
    put: "setResult(t, RESULT_LSN, 0);",
  },
  {
    fault: "reclaiming forgets parts",
    file: "assembly/keep.ts",
    find: "return part.lsn != 0 && segments.segmentOf(part.lsn).number == number;",
    put: "return false;",
  },
  {
    fault: "every part has the bytes of the first one",
    file: "assembly/journal.ts",
    find: "readBody(job, index * list.partBytes, address",
    put: "readBody(job, 0, address",
  },
  {
    fault: "a segment goes while parts of uploads lie in it",
    file: "assembly/segments.ts",
    find: "    segment.liveBytes += record.bytes;\n  } else if (record.kind == RECORD_FAILURE) {",
    put: "    if (part.index > 2) segment.liveBytes += record.bytes;\n  } else if (record.kind == RECORD_FAILURE) {",
  },
  {
    fault: "a put is answered before the parts of its body are safe",
    file: "assembly/putting.ts",
    find: "  parts.settle(job);\n  return leave(t, commands.admit(t, job, tube, id, pri, delay, ttrSeconds, now));",
    put: `  parts.settle(job);\n  const isLong = parts.partsOf(job) != 0;\n  const answer = commands.admit(t, job, tube, id, pri, delay, ttrSeconds, now);\n  if (isLong) setResult(t, ${RESULT_LSN}, 1);\n  return leave(t, answer);`,
  },
  {
    fault: "parts without a PUT record become jobs",
    file: "assembly/replay.ts",
    find: "    if (job.state == STATE_UPLOADING) {\n      dropGathered(job);\n      continue;\n    }\n",
    put: "    job.tube = shard().tubesHead;\n    if (job.state == STATE_UPLOADING && job.tube != 0) {\n      parts.detach(job);\n      states.becomeBuried(job);\n      continue;\n    }\n",
  },
  {
    fault: "a part that was written again still counts where it was",
    file: "assembly/segments.ts",
    find: "    if (part.oldPart != 0) segmentOf(part.oldPart).liveBytes -= record.bytes;\n",
    put: "",
  },
  {
    fault: "parts of a deleted job stay counted as live",
    file: "assembly/segments.ts",
    find: "    uncountParts(record.bodyBytes);\n",
    put: "",
  },
  {
    fault: "parts of an upload that was given up stay counted as live",
    file: "assembly/putting.ts",
    find: "  journal.recordDrop(jobAt(upload));\n",
    put: "",
  },
  {
    fault: "parts behind the PUT record are passed over",
    file: "assembly/gathering.ts",
    find: "  if (at == 0 || !isOf(record, parts.partsAt(at))) return true;\n",
    put: "  if (job.state != STATE_UPLOADING) return true;\n",
  },
  {
    fault: "a job some of whose parts are missing is served",
    file: "assembly/replay.ts",
    find: "    setResult(t, RESULT_COUNT, <f64>segments.segmentOf(job.lsn).number);\n    endReplayed(job);\n    return leave(t, MORE);",
    put: "    parts.detach(job);",
  },
  {
    fault: "parts of all shards go to the first one when their number changes",
    file: "assembly/gathering.ts",
    find: "if ((record.tubeHash & (shards - 1)) != shard().index) return true;",
    put: "if (shard().index != 0) return true;",
  },
  {
    fault: "a newer record of a job does not replace the older one",
    file: "assembly/replay.ts",
    find: "  if (isAside) return true;\n  stand(job, record.state, record.pri, record.delaySeconds, record.due, now);",
    put: "  if (isAside) return true;\n  stand(job, 1, job.pri, job.delaySeconds, 0, now);",
  },
  {
    fault: "failures whose job was written again behind them are lost",
    file: RECOVERY,
    find: "    this.#replayStrays();\n",
    put: "",
  },
  {
    fault: "a failure's old place is not told when it is written again",
    file: "assembly/keep.ts",
    find: "journal.recordFailure(job, failure, failure.lsn, journal.failureRecordBytes(failure));",
    put: "journal.recordFailure(job, failure, 0, 0);",
  },
  {
    fault: "reclaiming forgets failures",
    file: "assembly/keep.ts",
    find: "  if (segments.segmentOf(failure.lsn).number != number) return;\n  journal",
    put: "  if (segments.segmentOf(failure.lsn).number != number || failure.bytes > 50) return;\n  journal",
  },
  {
    fault: "a deleted job's failures stay counted as live",
    file: "assembly/segments.ts",
    find: "    segmentOf(load<u64>(at)).liveBytes -= load<u32>(at, 8);\n",
    put: "",
  },
  {
    fault: "a failure that made place for another stays counted as live",
    file: "assembly/segments.ts",
    find: "    if (failure.oldFailure != 0) segmentOf(failure.oldFailure).liveBytes -= failure.oldBytes;\n",
    put: "",
  },
  {
    fault: "failures are not recorded",
    file: "assembly/keeping.ts",
    find: "  journal.recordFailure(job, failure, oldLsn, oldBytes);\n",
    put: "",
  },
  {
    fault: "an old failure comes back with the one that replaced it",
    file: "assembly/replay.ts",
    find: "  if (cold.failuresKept > shard().keepsFailures) {",
    put: "  if (cold.failuresKept > shard().keepsFailures + 1) {",
  },
  {
    fault: "a dead job is not recorded as one that is to leave",
    file: "assembly/journal.ts",
    find: "    if (isLeaving(tagsOf(job))) record.nameBytes |= STATE_LEAVING;\n",
    put: "",
  },
  {
    fault: "a restart forgets that a dead job is to leave",
    file: "assembly/replay.ts",
    find: "  const leaves = (record.nameBytes & STATE_LEAVING) != 0;\n",
    put: "  const leaves = false;\n",
  },
  {
    fault: "that a dead job stays after all is not recorded",
    file: "assembly/dead.ts",
    find: "    journal.recordState(job, true);\n",
    put: "",
  },
  {
    fault: "what is set for a tube is not recorded",
    file: "assembly/setting.ts",
    find: "  journal.recordTube(tube, settings);\n",
    put: "  if (countOf(settings) == 0) journal.recordTube(tube, settings);\n",
  },
  {
    fault: "that nothing is set for a tube any more is not recorded",
    file: "assembly/setting.ts",
    find: "  journal.recordTube(tube, settings);\n",
    put: "  if (countOf(settings) != 0) journal.recordTube(tube, settings);\n",
  },
  {
    fault: "reclaiming forgets what is set for tubes",
    file: "assembly/keep.ts",
    find: "  if (segments.segmentOf(settings.lsn).number == number) journal.recordTube(tube, settings);\n",
    put: "",
  },
  {
    fault: "reclaiming forgets that nothing is set any more while it is still said elsewhere",
    file: "assembly/keep.ts",
    find: "    journal.keepUnset(name, nameBytes, record.lowOrigin, record.highOrigin);\n",
    put: "",
  },
  {
    fault: "a job is sent to a window before what made it ready is safe",
    file: "assembly/window.ts",
    find: "tell(filling, job, job.cold == 0 ? job.lsn : shard().lsn)",
    put: "tell(filling, job, job.lsn)",
  },
  {
    fault: "a job is sent to a window before it is safe",
    file: "assembly/window.ts",
    find: "  setResult(t, RESULT_LSN, heardTogether(filling));\n",
    put: "  setResult(t, RESULT_LSN, 0);\n",
  },
  {
    fault: "of several records of a tube only the last one is said to be over",
    file: "assembly/segments.ts",
    find: "  if (record.firstTube != 0) reach(record, segmentOf(record.firstTube).number);\n",
    put: "",
  },
  {
    fault: "what was set for a tube before stays counted as live",
    file: "assembly/segments.ts",
    find: "    old.liveBytes -= record.oldBytes;\n",
    put: "",
  },
  {
    fault: "after a restart something is set of all that ever was",
    file: "assembly/replay.ts",
    find: "  clearValues(settings);\n",
    put: "",
  },
  {
    fault: "a leader publishes before the sync",
    file: LEAD,
    find: "    if (syncsFirst(options.level)) commit.sync(segment);\n",
    put: "    for (const { shard, written } of this.#parts.shards) this.#parts.publish(shard.index, written);\n    if (syncsFirst(options.level)) commit.sync(segment);\n",
  },
  {
    fault: "a leader syncs the file that it opened first",
    file: LEAD,
    find: "    this.closePast();\n",
    put: "",
  },
  {
    fault: "a leader writes over the end of a segment",
    file: LEAD,
    find: '      if (commit.bytesUpTo(heads) > commit.room) return "left";\n',
    put: "",
  },
  {
    fault: "a leader goes on behind a frame that found no space",
    file: LEAD,
    find: '    if (state.isRefused || commit.refused.length > 0) return "left";\n',
    put: "",
  },
  {
    fault: "a leader takes for synced what it wrote",
    file: LEAD,
    find: "    if (syncsFirst(options.level)) commit.sync(segment);\n",
    put: "    for (const shard of this.#parts.shards) shard.setSynced();\n",
  },
  {
    fault: "who commits does not hear how far others, a leader or the journal, have come",
    file: "src/journal/journal-shard.ts",
    find: "    this.#progress = progress;\n",
    put: "    this.#progress = new Float64Array(progress);\n",
  },
  {
    fault: "the next frame goes over what a leader wrote",
    file: LEAD,
    find: LEADS_WRITE,
    put: `      const { position } = state;\n${LEADS_WRITE}      state.position = position;\n`,
  },
  {
    fault: "a frame is taken out of the rings before there was space for it",
    file: COMMIT,
    find: "    if (!this.#frames.writeRecords(segment, sections, pieces)) return false;\n",
    put: "    const hasSpace = this.#frames.writeRecords(segment, sections, pieces);\n    for (const { shard, to } of parts) shard.free(to);\n    if (!hasSpace) return false;\n",
  },
  {
    fault: "at level interval each commit puts off the sync of those before it",
    file: COMMIT,
    find: "    state.unsyncedSince ??= this.#parts.monotonicMillis();\n",
    put: "    state.unsyncedSince = this.#parts.monotonicMillis();\n",
  },
  {
    fault: "a job comes back without what it has in common with others",
    file: "assembly/replay.ts",
    find: "  return takeNames(job, true);\n",
    put: "  return true;\n",
  },
  {
    fault: "a job comes back without its key",
    file: "assembly/replay.ts",
    find: "giveUpKey(job.tube, entry);\n  takeKey(job, tubeAt(job.tube));\n",
    put: "giveUpKey(job.tube, entry);\n",
  },
  {
    fault: "a result does not come back",
    file: "assembly/recalling.ts",
    find: "  resultAt(made).lsn = lsn;\n  segment.liveBytes += record.bytes;\n  return true;",
    put: "  dropResult(resultAt(made));\n  return true;",
  },
  {
    fault: "a result whose segment goes is not written again",
    file: "assembly/keep.ts",
    find: "    if (kept != 0) keepResult(resultAt(kept), number);\n",
    put: "",
  },
  {
    fault: "that a result was none ends the next one of its job",
    file: "assembly/recalling.ts",
    find: "resultAt(known).made != reinterpret<f64>(record.stateLsn)",
    put: "resultAt(known).made == 0",
  },
  {
    fault: "a result is there beside its job when the tombstone was cut off",
    file: "assembly/results.ts",
    find: "    if (findJob(nodeAt(at).major) == 0) continue;\n",
    put: "    if (findJob(nodeAt(at).major) != 0 || true) continue;\n",
  },
  {
    fault: "a cooldown is forgotten when its job's deletion is replayed",
    file: "assembly/replay.ts",
    find: "  beginCooling(tags, tags.until);\n  segments.segmentOf(tags.lsn).liveBytes += journal.keyBytes(tags);",
    put: "",
  },
  {
    fault: "a cooldown whose record was written again is not kept",
    file: "assembly/keep.ts",
    find: "    keepKey(changetype<KeyRecord>(record), number);\n    return;",
    put: "    return;",
  },
  {
    fault: "a cooldown that a flush ended comes back",
    file: "assembly/replay.ts",
    find: "    if (record.state == KEY_ENDED) endRecalled(tombstone);\n    else ",
    put: "    ",
  },
  {
    fault: "the end of a cooldown ends its job when it is written again",
    file: "assembly/journal.ts",
    find: "    record.state = KEY_ENDED;\n    record.stateLsn = hash;\n",
    put: "",
  },
  {
    fault: "the record of a cooldown that is over stays counted",
    file: "assembly/journal.ts",
    find: "  record.putLsn = tags.lsn;\n",
    put: "",
  },
  {
    fault: "that a job got a better priority is not recorded",
    file: "assembly/known.ts",
    find: "journal.recordState(job, true);",
    put: "job.flags |= 0;",
  },
  {
    fault: "ids that are told early at level sync do not run ahead",
    file: FRAME_WRITER,
    find: "return isEarly ? idsAhead(segmentBytes) : 0;",
    put: 'return isEarly && level !== "sync" ? idsAhead(segmentBytes) : 0;',
  },
  {
    fault: "a batch in several shards is parted where a segment ends",
    file: "src/journal/cutting.ts",
    find: "      if (group !== undefined && group.shards > 1) return group;\n",
    put: "",
  },
  {
    fault: "a batch in one shard is parted where a segment ends",
    file: "src/journal/journal-shard.ts",
    find: "    if (!isGroup) return",
    put: "    if (!isGroup || words[at + L.GROUP_SHARDS / 4] === 1) return",
  },
  {
    fault: "a put that went ahead of its batch is lost",
    file: "assembly/replay.ts",
    find: "  } else if (found != 0) {",
    put: "  } else if (stands) {",
  },
  {
    fault: "that a put which went ahead is a job is not recorded with its batch",
    file: "assembly/group.ts",
    find: "  journal.recordState(job);\n  return job.state != STATE_READY",
    put: "  return job.state != STATE_READY",
  },
  {
    fault: "a batch of a run is answered before it is safe",
    file: "assembly/grouprun.ts",
    find: "  run.lsn = shard().lsn;\n",
    put: "",
  },
  {
    fault: "a batch of a run is no group of records",
    file: "assembly/grouprun.ts",
    find: "  beginGroup(0);\n",
    put: "",
  },
  {
    fault: "who waits for a group is ready after a restart",
    file: "assembly/replay.ts",
    find: "  else if (state != STATE_DELAYED || !states.park(job, <u64>now))\n",
    put: "  else\n",
  },
  {
    fault: "a group that is complete stays closed after a restart",
    file: "src/journal/groups.ts",
    find: "shard.openGroups(bucket, now) === C.MORE",
    put: "now < 0",
  },
  {
    fault: "a put that went ahead and was given up with its batch stays counted",
    file: "assembly/journal.ts",
    find: "!hasParts && job.lsn == 0 && failuresKept(job) == 0",
    put: "!hasParts && failuresKept(job) == 0",
  },
  {
    fault: "a job that moved with a batch has no tombstone of what it was",
    file: "assembly/claiming.ts",
    find: "  journal.recordDelete(job);\n  moves.forget(job);",
    put: "  moves.forget(job);",
  },
  {
    fault: "the failures of a job that comes from another shard are not recorded",
    file: "assembly/keeping.ts",
    find: "  journal.recordFailure(job, failure, oldLsn, oldBytes);",
    put: "  if (job.lsn != 0) journal.recordFailure(job, failure, oldLsn, oldBytes);",
  },
  {
    fault: "a put that went ahead of its batch is a job without it",
    file: "assembly/replay.ts",
    find: "  if (record.state == STATE_UPLOADING) {\n    putAside(job);\n    return true;\n  }\n",
    put: "",
  },
  {
    fault: "a leader's frames are not counted",
    file: LEAD,
    find: LEADS_WRITE,
    put: `      const { nextFrame } = state;\n${LEADS_WRITE}      state.nextFrame = nextFrame;\n`,
  },
];

/** How much a mutant may survive. */
const SEEDS = 80;
const FLIPS = 300;
/** Seeds between two whose disk is filled. */
const FULL_EVERY = 3;
/** Seeds of queues that crash while a segment that is nearly full is reclaimed. */
const QUEUES = [2064, 2067];

/** Where a mutant's fault cannot be planted. */
class MutantError extends Error {
  override readonly name = "MutantError";
  readonly code = "HM_TEST_MUTANT";
}

async function compile(folder: string): Promise<WebAssembly.Module> {
  const asc = join(ROOT, "node_modules/assemblyscript/bin/asc");
  const options = ["assembly/index.ts", "--target", "engine", "--binaryFile", "mutant.wasm"];
  cpSync(join(ROOT, "asconfig.json"), join(folder, "asconfig.json"));
  try {
    await promisify(execFile)(process.execPath, [asc, ...options, "-O1"], { cwd: folder });
  } catch (cause) {
    throw new MutantError("it does not compile", { cause });
  }
  return new WebAssembly.Module(readFileSync(join(folder, "mutant.wasm")));
}

/** What a file of a copy in `folder` exports. */
export async function loadFrom(folder: string, file: string): Promise<object> {
  return (await import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)) as object;
}

/** Copies the sources to `folder`, with the fault in them. Throws a MutantError. */
export function plantIn(folder: string, { fault, file, find, put }: Mutant): void {
  for (const part of ["src", "assembly"])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const path = join(folder, file);
  const source = readFileSync(path, "utf8");
  if (source.split(find).length !== 2) {
    throw new MutantError(`"${fault}": its place must stand exactly once in ${file}`);
  }
  writeFileSync(
    path,
    source.replace(find, () => put),
  );
}

/** Plants the fault in a copy in `folder` and loads that. */
async function plant(mutant: Mutant, folder: string): Promise<Code> {
  plantIn(folder, mutant);
  const { file } = mutant;
  const code = {
    module: file.startsWith("assembly/") ? await compile(folder) : loadEngineModule(),
    ...(await loadFrom(folder, JOURNAL)),
    ...(await loadFrom(folder, RECOVERY)),
    ...(await loadFrom(folder, "src/journal/commit-state.ts")),
    ...(await loadFrom(folder, "src/journal/hints.ts")),
    ...(await loadFrom(folder, LEAD)),
    ...(await loadFrom(folder, "src/journal/journal-shard.ts")),
    ...(await loadFrom(folder, "src/journal/read-back.ts")),
    ...(await loadFrom(folder, "src/journal/room.ts")),
    ...(await loadFrom(folder, "src/storage.ts")),
  } as Code;
  // Whatever needed it would fail, and so the bug would count as found.
  const absent = Object.keys(ownCode()).filter((name) => !(name in code));
  if (absent.length > 0) throw new MutantError(`the copy has no ${absent.join(", ")}`);
  return code;
}

/** What gave the mutant away, or undefined when it survived so many seeds. */
export async function findFault(
  mutant: Mutant,
  seed: number,
  seeds = SEEDS,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "journal-mutant-"));
  try {
    const code = await plant(mutant, folder);
    try {
      passMoments(code);
      passMomentsOfBodies(code);
      tearOverEarlierUse(seed, code);
      leadThroughSegments(code);
      leadWithoutSpace(code);
      for (const queue of QUEUES) queueUp(queue, code);
      for (let at = 0; at < seeds; at++) {
        runSeed(seed + at, code);
        if (at % FULL_EVERY === 0) fillAndDrain(seed + at, code);
        const course = COURSES[at];
        if (course !== undefined) endInEachCall(course, code);
        if (at % 20 === 5) flipBits(seed + at, FLIPS, at % 40 === 5, code);
      }
      return undefined;
    } catch (error) {
      if (error instanceof MutantError) throw error;
      return (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? "";
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
  const only = process.argv[2];
  console.log(`seed ${seed}`);
  let survivors = 0;
  for (const mutant of MUTANTS) {
    if (only !== undefined && !mutant.fault.includes(only)) continue;
    const began = Date.now();
    let found: string | undefined;
    try {
      found = await findFault(mutant, seed);
    } catch (error) {
      // The others are tried all the same.
      console.log(`CANNOT BE PLANTED: ${mutant.fault} (${String(error).slice(0, 120)})`);
      survivors++;
      continue;
    }
    if (found === undefined) survivors++;
    const seconds = ((Date.now() - began) / 1000).toFixed(1);
    const how = found === undefined ? "SURVIVED" : "found";
    console.log(`${how} in ${seconds} s: ${mutant.fault} (${(found ?? "").slice(0, 120)})`);
  }
  process.exitCode = survivors > 0 ? 1 : 0;
}
