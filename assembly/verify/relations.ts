/* Relations: what must hold between constants, and between layouts.ts and the classes, checked by
 * the compiler: a relation that is broken ends the compilation with its line.
 *
 * No code comes of it. Compiled with the tests' module, since the release module holds nothing that
 * is not called.
 */
import { Node } from "../node";
import * as C from "../constants";
import { BLOCK_HEADER } from "../chain";
import { CRC_BYTES } from "../crc";
import { Flush } from "../flushing";
import { JobHint, TubeHint } from "../hints";
import { Job, RECORD_BYTES } from "../job";
import {
  DeleteRecord,
  FailureRecord,
  GroupRecord,
  KeyRecord,
  PartRecord,
  PutRecord,
  Record,
  ResultRecord,
  StateRecord,
  TubeRecord,
} from "../journal";
import * as L from "../layouts";
import { Piece, ReservedPeek } from "../listing";
import { Result } from "../result";
import { Run } from "../running";
import { Segment } from "../segments";
import {
  DIRECTORIES,
  GRANT_LISTS,
  LISTS,
  List,
  PAGE_LISTS,
  SLOT_MARKS,
  SLOT_MARKS_BYTES,
  Shard,
  TABLES,
  Table,
} from "../shard";
import { TIMES_BYTES } from "../times";

/** Fails to compile unless all relations hold. */
export function relations(): void {
  answers();
  areas();
  results();
  header();
  entries();
  records();
}

function answers(): void {
  if (C.FULL > C.CODE_MASK) ERROR("an answer fits the mask");
  if ((C.WAKE & C.CODE_MASK) != 0 || (C.SHORT & C.CODE_MASK) != 0) ERROR("marks stand beside it");
  if ((C.WAKE & C.SHORT) != 0) ERROR("marks are two bits");
  if (C.THREADS_MAX > 64 || C.SHARDS_MAX > 64) ERROR("two words have a bit for each");
}

/** The memory's beginning. */
function areas(): void {
  if (C.CRC_TABLES + CRC_BYTES > C.SHARD_BASE) ERROR("the CRC's tables end before the header");
  if (C.SHARD_BASE + C.PAGE_BYTES > C.THREADS_BASE) ERROR("the header is a page");
  if (C.PAGE_BYTES + C.INPUT_BYTES + C.OUTPUT_BYTES > C.THREAD_BYTES) ERROR("slots fit an area");
  if (C.THREAD_BYTES % C.PAGE_BYTES != 0) ERROR("an area is whole pages");
  if (C.JOURNAL_BYTES % C.PAGE_BYTES != 0) ERROR("the journal's own room is whole pages");
  if (C.SEGMENTS_MAX * C.SEGMENT_ENTRY_BYTES > C.JOURNAL_BYTES) ERROR("the segments fit there");
}

/** A thread's result area. */
function results(): void {
  if (C.RESULT_STOP >= C.RESULT_STATS) ERROR("the figures stand behind the other results");
  if (C.RESULT_STATS + C.TUBE_FIGURES > C.RESULT_PAGES) ERROR("a tube's figures");
  if (C.RESULT_STATS + C.SHARD_FIGURES > C.RESULT_PAGES) ERROR("a shard's figures");
  if (C.RESULT_STATS + C.JOB_RESERVED_MICROS >= C.RESULT_PAGES) ERROR("a job's figures");
  if ((C.RESULT_TIMEOUT_SECONDS + 1) << 3 > <i32>C.SCRATCH_OFFSET) ERROR("all before the scratch");
  const scratch = (C.RESULT_COMMANDS << 3) - <i32>C.SCRATCH_OFFSET;
  if (<i32>offsetof<Run>() > scratch) ERROR("a run fits the scratch");
  if (<i32>offsetof<Piece>() > scratch) ERROR("a piece of a listing does");
  if (<i32>offsetof<Flush>() > scratch) ERROR("a piece of a flush does");
  if (<i32>offsetof<ReservedPeek>() > scratch) ERROR("a part of a peek does");
  if (C.RESULT_COMMANDS >= C.RESULT_COUNTS) ERROR("the counts are the last");
  if ((C.RESULT_COUNTS + C.COUNTS) << 3 > <i32>C.RESULT_BYTES) ERROR("the counts fit");
  if (C.RESULT_BYTES > C.WHO_OFFSET) ERROR("the name stands behind the results");
  if (C.WHO_OFFSET + C.WHO_MAX > C.TAGS_OFFSET) ERROR("the name fits");
  if (C.TAGS_OFFSET + C.TAGS_BYTES_MAX > C.PAGE_BYTES) ERROR("the tags fit");
  const tag = L.TAG_NAME + ((C.TUBE_NAME_MAX + 7) & ~7);
  if (<u32>C.TAG_KINDS * tag > C.TAGS_BYTES_MAX) ERROR("each tag with the longest name fits");
}

/** The header's page. */
function header(): void {
  const node = offsetof<Shard>("termsLeft");
  if (offsetof<Result>("termDue") - offsetof<Result>("termLeft") != offsetof<Node>("major")) {
    ERROR("a result's term");
  }
  if (offsetof<Shard>("termsDue") - node != offsetof<Node>("major")) ERROR("a node by its parts");
  if (C.SHARD_BASE + <u32>offsetof<Shard>() > <u32>GRANT_LISTS) ERROR("the header");
  if (<u32>GRANT_LISTS + C.THREADS_MAX * 4 > <u32>TABLES) ERROR("the lists of grants");
  if (<u32>TABLES + 3 * <u32>offsetof<Table>() > C.SHARD_BASE + C.SHARD_TIMES_OFFSET) {
    ERROR("the tables");
  }
  if (C.SHARD_BASE + C.SHARD_TIMES_OFFSET + <u32>TIMES_BYTES > <u32>DIRECTORIES) ERROR("the times");
  if (<u32>PAGE_LISTS + LISTS * <u32>offsetof<List>() > <u32>SLOT_MARKS) ERROR("lists of pages");
  if (<u32>SLOT_MARKS + SLOT_MARKS_BYTES > C.THREADS_BASE) ERROR("the marks of slots");
}

/** Entries in the output slot. */
function entries(): void {
  if (C.LIST_JOBS_MAX * L.JOB_ENTRY_BYTES > C.OUTPUT_BYTES) ERROR("a page of a listing fits");
  if (L.JOB_ENTRY_FAILURES + 4 > L.JOB_ENTRY_BYTES) ERROR("an entry has all its fields");
  if (C.HELD_SHOWN_MAX * (L.HELD_ENTRY_HEADER + C.TUBE_NAME_MAX + 8) > C.OUTPUT_BYTES) {
    ERROR("the jobs that are shown as held fit");
  }
  if (L.SAMPLES_BYTES != L.SAMPLE_SLOW_COUNT + 8) ERROR("what is said of a tube's times");
  if (L.HINT_JOB_BYTES != <u32>offsetof<JobHint>()) ERROR("a hint about a job");
  if (L.HINT_TUBE_BYTES != <u32>offsetof<TubeHint>()) ERROR("a hint about a tube");
  if (L.HINT_TUBE_NAME_BYTES != <u32>offsetof<TubeHint>("nameBytes")) ERROR("its name");
  if (C.SEGMENT_ENTRY_BYTES < <u32>offsetof<Segment>()) ERROR("an entry of the segments' table");
  if (C.SEGMENT_ENTRY_BYTES % 8 != 0) ERROR("each of them is 8-aligned");
  if (C.SEGMENT_LIVE << 3 != <i32>offsetof<Segment>("liveBytes")) ERROR("a segment's live bytes");
  if (C.SEGMENT_NUMBER << 2 != <i32>offsetof<Segment>("number")) ERROR("a segment's number");
  if (C.SEGMENT_HIGH_ORIGIN << 2 != <i32>offsetof<Segment>("highOrigin")) ERROR("its last field");
}

/** Records of the journal. */
function records(): void {
  if (L.RECORD_CRC != <u32>offsetof<Record>("crc")) ERROR("crc");
  if (L.RECORD_KIND != <u32>offsetof<Record>("kind")) ERROR("kind");
  if (L.RECORD_CHECKED != L.RECORD_CRC + 4) ERROR("what the CRC covers begins behind it");
  if (L.RECORD_JOB_STATE != <u32>offsetof<Record>("state")) ERROR("state");
  if (L.RECORD_NAME_BYTES != <u32>offsetof<Record>("nameBytes")) ERROR("nameBytes");
  if (L.RECORD_BODY_BYTES != <u32>offsetof<Record>("bodyBytes")) ERROR("bodyBytes");
  if (L.RECORD_ID != <u32>offsetof<Record>("id")) ERROR("id");
  if (L.RECORD_LSN != <u32>offsetof<Record>("lsn")) ERROR("lsn");
  if (L.PUT_PRI != <u32>offsetof<PutRecord>("pri")) ERROR("pri");
  if (L.PUT_DELAY_SECONDS != <u32>offsetof<PutRecord>("delaySeconds")) ERROR("delaySeconds");
  if (L.PUT_TTR_SECONDS != <u32>offsetof<PutRecord>("ttrSeconds")) ERROR("ttrSeconds");
  if (L.PUT_PART_BYTES != <u32>offsetof<PutRecord>("partBytes")) ERROR("partBytes");
  if (L.PUT_CREATED != <u32>offsetof<PutRecord>("created")) ERROR("created");
  if (L.PUT_DUE != <u32>offsetof<PutRecord>("due")) ERROR("due");
  if (L.PUT_BYTES != <u32>offsetof<PutRecord>()) ERROR("a PUT record");
  if (L.PART_INDEX != <u32>offsetof<PartRecord>("index")) ERROR("index");
  if (L.PART_PART_BYTES != <u32>offsetof<PartRecord>("partBytes")) ERROR("partBytes of a part");
  if (L.PART_TUBE_HASH != <u32>offsetof<PartRecord>("tubeHash")) ERROR("tubeHash");
  if (L.PART_BYTES != <u32>offsetof<PartRecord>()) ERROR("a PART record");
  if (L.STATE_BYTES != <u32>offsetof<StateRecord>()) ERROR("a STATE record");
  if (L.DELETE_BYTES != <u32>offsetof<DeleteRecord>()) ERROR("a DELETE record");
  if (L.FAILURE_BYTES != <u32>offsetof<FailureRecord>()) ERROR("a FAILURE record");
  if (L.TUBE_RECORD_COUNT != <u32>offsetof<TubeRecord>("count")) ERROR("count of settings");
  if (L.TUBE_RECORD_BYTES != <u32>offsetof<TubeRecord>()) ERROR("a TUBE record");
  if (L.KEY_BYTES != <u32>offsetof<KeyRecord>()) ERROR("a KEY record");
  if (L.GROUP_NUMBER != <u32>offsetof<GroupRecord>("group")) ERROR("a batch's number");
  if (L.GROUP_EXTENT != <u32>offsetof<GroupRecord>("extent")) ERROR("what it takes of the stream");
  if (L.GROUP_SHARDS != <u32>offsetof<GroupRecord>("shards")) ERROR("how many shards it is in");
  if (L.GROUP_BYTES != <u32>offsetof<GroupRecord>()) ERROR("a GROUP record");
  if (C.GROUP_ROOM_MAX > 4 * C.PART_BODY_BYTES)
    ERROR("a batch is no more than a command may write");
  if (L.RESULT_BYTES != <u32>offsetof<ResultRecord>()) ERROR("a RESULT record");
  if (C.RECORD_BYTES_MIN > L.STATE_BYTES || C.RECORD_BYTES_MIN > L.PART_BYTES) ERROR("the least");
  if (L.PUT_BYTES + C.TUBE_NAME_MAX > C.RECORD_BYTES_MOST) ERROR("the most without a body");
  if (L.PART_BYTES + C.PART_BODY_BYTES > C.INPUT_BYTES + C.OUTPUT_BYTES) ERROR("a part is staged");
  if (L.FAILURE_BYTES + C.WHO_MAX + C.FAILURE_BYTES_MAX > C.INPUT_BYTES + C.OUTPUT_BYTES) {
    ERROR("the longest failure is staged");
  }
  if (L.BLOCK_BODY != L.PIECE_MAX - BLOCK_HEADER) ERROR("a block is a piece with two links");
  if (RECORD_BYTES != <u32>offsetof<Job>("flags") + 3) ERROR("a job's record");
}
