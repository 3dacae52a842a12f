/*
 * Answers: what several commands add to the thread's output: a job with its body, a document, and
 * what the replies depend on.
 */

import * as C from "../../assembly/constants.ts";
import type { Shard } from "../engine/shard.ts";
import { REPLY_LINE_MAX, writeOk } from "../protocol/replies.ts";
import type { writeFound } from "../protocol/replies.ts";
import { AwayBody, NO_HOLDER } from "./away-body.ts";
import { BodyRest, WHOLE_BODY_MAX } from "./body-rest.ts";
import type { Desk } from "./desk.ts";
import { heardOf, PROMISED } from "./heard.ts";

const ENCODER = new TextEncoder();
const LATIN1 = new TextDecoder("latin1");

/**
 * The replies that are being made depend on the position that the shard's result area names: below
 * 0, of a lesser class, or on nothing (assembly/acks.ts).
 */
export function depend(desk: Desk, shard: Shard): void {
  dependOn(desk, shard, shard.field(C.RESULT_LSN));
}

/** The same on a position that the result area named before. */
export function dependOn(desk: Desk, shard: Shard, position: number): void {
  const heard = heardOf(position);
  if (heard !== undefined) desk.output.gate?.depend(shard.index, heard.at, heard.kind);
}

/** The reply from `from` on, which has just been made, depends on no more than `position` says. */
export function heardEarly(desk: Desk, shard: Shard, position: number, from: number): void {
  if (position < 0) heardAlone(desk, shard, position, from);
}

/** The same of a reply about one job or several, whatever the position says. */
export function heardAlone(desk: Desk, shard: Shard, position: number, from: number): void {
  const { gate, at } = desk.output;
  const { at: until, kind } = heardOf(position) ?? { at: 0, kind: PROMISED };
  gate?.dependAlone(shard.index, until, from, at, kind);
}

/**
 * Adds a line (RESERVED, FOUND) and the body of the job that the shard's result area shows, or the
 * beginning of a long one, whose rest the session then has to send (`Desk.takeRest`). False,
 * and nothing added, when the job has gone meanwhile, which a body longer than the output slot
 * allows for. A body that is not in memory is awaited: then all of it follows, or `lost` is called,
 * which is to add what a client gets whose job has gone. `holder` is as in AwayBody.
 */
export function writeJob(
  desk: Desk,
  writeLine: typeof writeFound,
  shard: Shard,
  lost: () => void,
  holder = NO_HOLDER,
): boolean {
  const { output } = desk;
  const id = shard.field(C.RESULT_ID);
  if (shard.field(C.RESULT_AWAY) !== 0) {
    const shown = (): void => {
      if (!writeJob(desk, writeLine, shard, lost, holder)) lost();
    };
    desk.rest = new AwayBody({ desk, shard, id, holder, shown, lost });
    return true;
  }
  const bytes = shard.field(C.RESULT_BODY_BYTES);
  const position = shard.field(C.RESULT_LSN);
  depend(desk, shard);
  if (bytes > WHOLE_BODY_MAX) return beginLong(desk, writeLine, shard, id, bytes);
  output.room(REPLY_LINE_MAX + bytes + 2);
  const start = output.at;
  output.at = writeLine(output.bytes, start, id, bytes);
  if (desk.writeBody(shard, id, bytes)) {
    heardEarly(desk, shard, position, start);
    desk.hint(id, shard);
    return true;
  }
  output.at = start;
  return false;
}

/** The name of the tube of a job, which statsJob left. */
export function shownTube(shard: Shard): string {
  return LATIN1.decode(shard.output.slice(0, shard.field(C.RESULT_NAME_BYTES)));
}

/** The tags of a job that statsJob left behind the name of its tube. */
export function tagEntries(shard: Shard): Uint8Array {
  const from = shard.field(C.RESULT_NAME_BYTES);
  return shard.output.slice(from, from + shard.field(C.RESULT_COUNT));
}

/** Adds the line and what of the body lies in the output slot. */
function beginLong(
  desk: Desk,
  writeLine: typeof writeFound,
  shard: Shard,
  id: number,
  bytes: number,
): boolean {
  const { output } = desk;
  if (shard.pinBody(id) !== C.DONE) return false;
  output.room(REPLY_LINE_MAX + C.OUTPUT_BYTES);
  output.at = writeLine(output.bytes, output.at, id, bytes);
  desk.writeReplies(shard, C.OUTPUT_BYTES);
  desk.rest = new BodyRest(desk, shard, id, bytes, C.OUTPUT_BYTES);
  desk.hint(id, shard);
  return true;
}

/** Adds a line (FOUND) about job `id` and these bytes. */
export function writeBytes(
  { output }: Desk,
  writeLine: typeof writeFound,
  id: number,
  bytes: Uint8Array,
): void {
  output.room(REPLY_LINE_MAX);
  output.at = writeLine(output.bytes, output.at, id, bytes.length);
  output.chunk(bytes);
}

/** Adds an OK with its YAML document. */
export function writeDocument({ output }: Desk, document: string): void {
  const bytes = ENCODER.encode(document);
  output.room(REPLY_LINE_MAX);
  output.at = writeOk(output.bytes, output.at, bytes.length);
  output.chunk(bytes);
}
