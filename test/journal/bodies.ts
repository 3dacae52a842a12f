/* Bodies of jobs, each known from its id, and how many bytes of the journal they take. */
import { NOT_SET, TUBE_NAME_MAX } from "../../assembly/constants.ts";
import * as L from "../../assembly/layouts.ts";
import { randomFrom } from "../engine/shuffle.ts";
import type { LedgerJob } from "./ledger.ts";
import { PART_BYTES } from "./machine.ts";
import { PUT_END, PutTags } from "../../src/protocol/tags.ts";

/** Longest body that is put in one piece. */
export const BODY_MAX = 6144;
/** Longer than a segment, and than two rings. */
const LONG_BODY_MAX = 300_000;
const LONG_BODY_MIN = 2 * PART_BYTES;
const OFFSETS = 32_768;
/** What bodies and messages are cut from. */
export const NOISE = (() => {
  const random = randomFrom(7);
  return Buffer.from(Uint8Array.from({ length: LONG_BODY_MAX + OFFSETS }, () => random(256)));
})();

/** The body of a job: known from its id. */
export function bodyOf(id: number, bytes: number): Buffer {
  const from = (id * 977) % OFFSETS;
  return NOISE.subarray(from, from + bytes);
}

function roundUp8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Bytes of a job's PUT record and of the parts of its body. */
export function recordBytes({ tube, bodyBytes, tags }: LedgerJob): number {
  const tagBytes = tagsOf(tags).length;
  const longest = roundUp8(L.PUT_BYTES + TUBE_NAME_MAX + bodyBytes) + tagBytes + L.MOVES_BYTES;
  return longest <= 2 * PART_BYTES
    ? roundUp8(L.PUT_BYTES + tube.length + bodyBytes) + tagBytes
    : roundUp8(L.PUT_BYTES + tube.length) + tagBytes + partsBytes(bodyBytes, bodyBytes);
}

/** Bytes of the KEY record of the cooldown of a job's key. */
export function keyRecordBytes({ tube, tags }: LedgerJob): number {
  const idp = / idp:[^ ]+/.exec(tags)?.[0] ?? "";
  return roundUp8(L.KEY_BYTES + tube.length) + tagsOf(idp).length;
}

/** Bytes of the RESULT record of a result of `bytes`. */
export function resultRecordBytes(bytes: number): number {
  return roundUp8(L.RESULT_BYTES + bytes);
}

/** What the engine takes for tags. */
export function tagsOf(words: string): Uint8Array {
  const tags = new PutTags();
  const line = Buffer.from(words, "latin1");
  const which = tags.read(line, 0, line.length);
  if (which !== (words === "" ? PUT_END.PLAIN : PUT_END.TAGGED)) throw new RangeError(words);
  return tags.bytes.slice(0, tags.length);
}

/** Bytes of the TUBE record of what is set for a tube, in one line. */
export function settingsRecordBytes(tube: string, settings: string): number {
  const set = settings.split(",").filter((value) => Number(value) !== NOT_SET).length;
  return roundUp8(L.TUBE_RECORD_BYTES + set * L.SETTING_ENTRY_BYTES + tube.length);
}

/** Bytes of the PART records of a body of `bytes` of which `position` bytes came. */
export function partsBytes(bytes: number, position: number): number {
  const whole = Math.floor(position / PART_BYTES) * (L.PART_BYTES + PART_BYTES);
  const rest = position % PART_BYTES;
  return position === bytes && rest > 0 ? whole + roundUp8(L.PART_BYTES + rest) : whole;
}

/** The bytes of a body that is put in one piece. */
export function bodyBytesOf(random: (below: number) => number): number {
  const size = random(8);
  if (size < 4) return random(120);
  if (size < 6) return random(1000);
  return size < 7 ? random(BODY_MAX) : 3900 + random(200);
}

/** The bytes of one that comes in parts. */
export function longBodyBytesOf(random: (below: number) => number): number {
  return Math.max(LONG_BODY_MIN, random(random(3) === 0 ? LONG_BODY_MAX : 40_000));
}
