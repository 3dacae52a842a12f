/*
 * Pieces: what recovery judges one by one: the frames of a segment, and the gaps between them; and
 * up to which of them everything had been safe.
 */

import { headerBytesOf } from "./format.ts";
import type { FrameHeader, SegmentHeader } from "./format.ts";
import type { Hole } from "./holes.ts";
import type { Region } from "./scan.ts";

/** A segment with a sound header. */
export interface Found {
  readonly number: number;
  readonly header: SegmentHeader;
}

/** A frame with all its regions, or a gap. */
export interface Piece {
  readonly frame: FrameHeader | undefined;
  readonly regions: readonly Region[];
  /** Where it begins and ends in the segment. */
  readonly from: number;
  readonly to: number;
}

/** Puts the regions of a frame together. */
export function piecesOf(regions: readonly Region[]): readonly Piece[] {
  const pieces: (Piece & { to: number; regions: Region[] })[] = [];
  for (const region of regions) {
    const { frame, from, to } = region;
    const last = pieces.at(-1);
    if (frame !== undefined && last?.frame === frame) {
      last.regions.push(region);
      last.to = to;
    } else {
      const header = frame === undefined ? 0 : headerBytesOf(frame);
      pieces.push({ frame, regions: [region], from: from - header, to });
    }
  }
  return pieces;
}

/**
 * The highest frame of the newest segment that is known to have been safe. Its file was only begun
 * when all before it were. Where something cannot be read nobody knows whether what follows was
 * torn: then all of it counts.
 */
export function durableOf(
  header: SegmentHeader,
  pieces: readonly Piece[],
  holes: readonly Hole[],
): number {
  if (holes.length > 0) return Infinity;
  return pieces.reduce(
    (most, { frame }) => Math.max(most, frame?.durable ?? 0),
    header.firstFrame - 1,
  );
}

/**
 * The last frame of a segment that counts: all that the next one follows, and all there are when
 * the next one is gone already, since a segment whose end was cut off goes before any other.
 */
export function safeBefore(found: Found, next: Found | undefined): number {
  return next?.number === found.number + 1 ? next.header.firstFrame - 1 : Infinity;
}
