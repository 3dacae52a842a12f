/* Gathering: bodies that come back in parts, while the server starts.
 *
 * The parts of a job may come in any order, before its PUT record and behind it, since each is kept
 * by itself. Those of a job that has moved, or was to move, are others than those of what it was:
 * until their PUT record is met they are gathered by how often it had moved then, and by its tube.
 * Who gathers is in the table of jobs under the job's id, and has no LSN. Used by replay.ts.
 */
import { STATE_UPLOADING } from "./constants";
import { Job, appendBody, appendOther, freeJob, jobAt, makeJob, movesOf } from "./job";
import { DeleteRecord, PartRecord, movesInDelete } from "./journal";
import * as parts from "./parts";
import { Part } from "./parts";
import * as segments from "./segments";
import { Segment, lsnIn } from "./segments";
import { jobs, shard } from "./shard";
import { isOf } from "./sound";
import * as table from "./table";
import { ownHash, tubeAt } from "./tube";
import { PART_BYTES } from "./layouts";

/** The job of that id whose PUT record was met, or 0. */
export function findRecorded(id: u64): u32 {
  let at = table.bucket(jobs(), <u32>id);
  while (at != 0 && (jobAt(at).minor != id || jobAt(at).lsn == 0)) at = jobAt(at).chain;
  return at;
}

/** Who gathers the parts of the job that had moved so often, to the tube of that hash; or 0. */
export function findGathering(id: u64, moves: u32, hash: u32): u32 {
  let at = table.bucket(jobs(), <u32>id);
  while (at != 0 && !isGathering(jobAt(at), id, moves, hash)) at = jobAt(at).chain;
  return at;
}

function isGathering(job: Job, id: u64, moves: u32, hash: u32): bool {
  return job.minor == id && job.lsn == 0 && job.pri == hash && job.delaySeconds == moves;
}

/** As `findGathering`; made if there is none, 0 when there is no memory. */
function findOrMakeGathering(record: PartRecord): u32 {
  const found = findGathering(record.id, record.moves, record.tubeHash);
  if (found != 0) return found;
  const made = makePartedJob(record.bodyBytes, record.partBytes);
  if (made == 0) return 0;
  const job = jobAt(made);
  job.state = STATE_UPLOADING;
  job.minor = record.id;
  job.pri = record.tubeHash;
  job.delaySeconds = record.moves;
  table.add(jobs(), job);
  return made;
}

/** Who gathers, and what was gathered, goes. */
export function dropGathering(job: Job): void {
  uncountParts(job);
  table.drop(jobs(), job);
  freeJob(job);
}

export function uncountParts(job: Job): void {
  const at = parts.partsOf(job);
  if (at == 0) return;
  segments.uncountParts(at);
  parts.dropParts(job);
}

/** The parts of what was to come and did not. */
export function dropGiven(record: DeleteRecord): void {
  const moves = movesInDelete(record);
  const found = findGathering(record.id, moves, <u32>record.stateLsn);
  if (found != 0) dropGathering(jobAt(found));
}

/** The parts of a job that had moved so often when it ended, and of what it was before. */
export function dropGatheredUpTo(id: u64, moves: u32): void {
  let at = table.bucket(jobs(), <u32>id);
  while (at != 0) {
    const job = jobAt(at);
    at = job.chain;
    if (job.minor == id && job.lsn == 0 && job.delaySeconds <= moves) dropGathering(job);
  }
}

/** A part of a body: kept aside until all are there. */
export function gatherPart(
  address: usize,
  record: PartRecord,
  found: u32,
  segment: Segment,
  shards: u32,
): bool {
  // Of a job that is on its way, the shard of the other tube has parts as well.
  if ((record.tubeHash & (shards - 1)) != shard().index) return true;
  const had: u32 = found == 0 ? 0 : movesOf(jobAt(found));
  if (record.moves < had) return true; // of what the job was
  if (found == 0 || record.moves > had) found = findOrMakeGathering(record);
  else if (record.tubeHash != ownHash(tubeAt(jobAt(found).tube))) return true; // it went elsewhere
  if (found == 0) return false;
  const job = jobAt(found);
  const at = parts.partsOf(job);
  if (at == 0 || !isOf(record, parts.partsAt(at))) return true;
  const part = parts.partAt(parts.partsAt(at), record.index);
  if (part.lsn == 0) {
    if (!keepAside(part, parts.lengthOf(parts.partsAt(at), record.index), address)) return false;
    parts.partsAt(at).missing--;
  } else segments.segmentOf(part.lsn).liveBytes -= record.bytes;
  part.lsn = lsnIn(segment);
  segment.liveBytes += record.bytes;
  return part.found == 0 || putTogether(job);
}

export function makePartedJob(bodyBytes: u32, partBytes: u32): u32 {
  const made = makeJob(bodyBytes, true);
  return made != 0 && parts.makeParts(jobAt(made), partBytes, true) ? made : 0;
}

function keepAside(part: Part, bytes: u32, address: usize): bool {
  const made = makeJob(bytes, true);
  if (made == 0) return false;
  part.found = made;
  return appendBody(jobAt(made), 0, address + PART_BYTES, bytes, true) == bytes;
}

/**
 * Makes one body of the parts if the PUT record and all of them are there; false when there is no
 * memory.
 */
export function putTogether(job: Job): bool {
  const list = parts.partsAt(parts.partsOf(job));
  if (parts.isOpen(list)) return true;
  for (let index: u32 = 0; index < list.count; ++index) {
    const part = parts.partAt(list, index);
    if (!appendOther(job, index * list.partBytes, jobAt(part.found))) return false;
    freeJob(jobAt(part.found));
    part.found = 0;
  }
  parts.settle(job);
  return true;
}
