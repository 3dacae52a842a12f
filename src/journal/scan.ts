/* Scan: where the records lie in the bytes of a segment.
 *
 * Frames follow each other from the header on. Where a frame header should be and is not sound,
 * either the segment ends there or something is damaged: it is damaged if a sound frame follows
 * anywhere behind. What lies between is a gap, in which records can still be found, since each has
 * a CRC of its own. Used by recovery, by reclaiming and by `homemaker verify`.
 */

import {
  bodyBytes,
  FRAME_MAGIC,
  headerBytesOf,
  readFrameHeader,
  SEGMENT_HEADER_BYTES,
} from "./format.ts";
import type { Checksum, FrameHeader } from "./format.ts";

/** A part of a segment that holds records. */
export interface Region {
  /** The frame that it belongs to; absent in a gap. */
  readonly frame: FrameHeader | undefined;
  /**
   * The shard whose records it holds, by the numbers of the server that wrote the segment; absent
   * in a gap.
   */
  readonly shard: number | undefined;
  readonly from: number;
  readonly to: number;
}

/** Finds the regions of a segment; `bytes` is the whole file. */
export function scanSegment(
  bytes: Uint8Array,
  salt: number,
  checksum: Checksum,
): readonly Region[] {
  const regions: Region[] = [];
  let at = SEGMENT_HEADER_BYTES;
  for (;;) {
    const frame = readWholeFrame(bytes, at, salt, checksum);
    if (frame !== undefined) {
      at = addFrame(regions, frame, at);
      continue;
    }
    const next = findFrame(bytes, at + 8, salt, checksum);
    if (next < 0) return regions;
    regions.push({ frame: undefined, shard: undefined, from: at, to: next });
    at = next;
  }
}

/**
 * Adds the regions of a frame; returns where it ends. A frame without records counts as one empty
 * region.
 */
function addFrame(regions: Region[], frame: FrameHeader, at: number): number {
  let from = at + headerBytesOf(frame);
  if (frame.sections.length === 0) regions.push({ frame, shard: undefined, from, to: from });
  for (const { shard, bytes } of frame.sections) {
    regions.push({ frame, shard, from, to: from + bytes });
    from += bytes;
  }
  return from;
}

function readWholeFrame(
  bytes: Uint8Array,
  at: number,
  salt: number,
  checksum: Checksum,
): FrameHeader | undefined {
  const frame = readFrameHeader(bytes, at, salt, checksum);
  if (frame === undefined) return undefined;
  const end = at + headerBytesOf(frame) + bodyBytes(frame);
  return end <= bytes.length ? frame : undefined;
}

/** Position of the first sound frame at or behind `from`; -1 when there is none. */
function findFrame(bytes: Uint8Array, from: number, salt: number, checksum: Checksum): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let word = words.indexOf(FRAME_MAGIC, from >> 2);
  while (word >= 0) {
    const at = word << 2;
    if (at % 8 === 0 && readWholeFrame(bytes, at, salt, checksum) !== undefined) return at;
    word = words.indexOf(FRAME_MAGIC, word + 1);
  }
  return -1;
}
