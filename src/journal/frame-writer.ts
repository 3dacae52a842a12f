/* FrameWriter: writes the frames of a journal, one numbered after the other, into its segments.
 *
 * Which number is next, and up to which one all are safe, stands in the state that all share who
 * commit (commit-state.ts). What is refused for want of space was never begun: the segment's
 * position stays where it was, the number is used again, and the next frame covers the header of
 * the one that did not get there. Nothing of that was synced, so nothing is lost. Used by the
 * journal, and by whoever leads a commit.
 */

import {
  FRAME_BYTES,
  frameHeaderBytes,
  idsAhead,
  SEGMENT_HEADER_BYTES,
  writeFrameHeader,
  writeSegmentHeader,
} from "./format.ts";
import type { FrameHeader, Section, SegmentHeader } from "./format.ts";
import type { CommitState } from "./commit-state.ts";
import { syncsFirst } from "./journal-parts.ts";
import type { CommitParts } from "./journal-parts.ts";
import { pinLength, SegmentFile } from "./segment-file.ts";
import type { Statement } from "./statement.ts";
import { foundSpaceFor } from "../storage.ts";
import type { StorageFile } from "../storage.ts";

const SECTIONS_MAX = 64;
/** Most bytes of the header of a frame with records. */
export const FRAME_HEADER_BYTES_MAX = frameHeaderBytes(SECTIONS_MAX);

/** The frames of a journal. */
export class FrameWriter {
  readonly #parts: CommitParts;
  readonly #state: CommitState;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES_MAX);

  constructor(parts: CommitParts) {
    this.#parts = parts;
    this.#state = parts.state;
  }

  /** All that was written is safe. */
  setSafe(): void {
    this.#state.durableFrame = this.#state.nextFrame - 1;
  }

  /**
   * Writes to `file` the first frame of a segment, which lists the `members`, and then the header,
   * and goes on there; undefined when there was no space. Then the header may all the same be
   * there: nothing but this may be written next. `isReused`: the file's header may be one of a time
   * before, and its length need not be safe, so the list and the length have to be safe first.
   */
  begin(
    { number, salt, bootId }: Pick<SegmentHeader, "number" | "salt" | "bootId">,
    file: StorageFile,
    members: Statement,
    isReused: boolean,
  ): SegmentFile | undefined {
    const { shards, checksum } = this.#parts;
    const header = new Uint8Array(SEGMENT_HEADER_BYTES);
    const place = { number, salt, firstFrame: this.#state.nextFrame, fileBytes: file.size };
    writeSegmentHeader(
      { ...this.#circumstances(), ...place, bootId, shards: shards.length },
      header,
      checksum,
    );
    const segment = new SegmentFile(number, salt, file);
    const frame = this.#empty(salt, { statement: members });
    const isBegun = this.#try(() => {
      segment.write(SEGMENT_HEADER_BYTES, [frame]);
      if (isReused) {
        pinLength(file);
        segment.sync();
      }
      segment.writeHeader(header);
    });
    if (!isBegun) return undefined;
    this.#state.goOnIn(segment, SEGMENT_HEADER_BYTES + frame.length);
    return segment;
  }

  /** Writes the records that `pieces` are; false when there was no space. */
  writeRecords(
    segment: SegmentFile,
    sections: readonly Section[],
    pieces: readonly Uint8Array[],
  ): boolean {
    const header = { ...this.#circumstances(), sections };
    const bytes = this.#writeHeader(header, segment.salt, this.#header);
    return this.#append(segment, [this.#header.subarray(0, bytes), ...pieces]);
  }

  /**
   * Writes a frame that says only that all before it is safe; false when there was no space. With
   * `ahead`, so many ids may have been told by what follows.
   */
  writeMark(segment: SegmentFile, ahead = this.#idsAhead): boolean {
    return this.#append(segment, [this.#empty(segment.salt, { idsAhead: ahead })]);
  }

  /** Writes what is to be said about segments; false when there was no space. */
  writeStatement(segment: SegmentFile, statement: Statement): boolean {
    return this.#append(segment, [this.#empty(segment.salt, { statement })]);
  }

  /**
   * Writes the same at the end of a segment of an earlier server, and zeros, so that nothing that
   * lay there follows; false when there was no space.
   */
  writeLateStatement(segment: SegmentFile, end: number, statement: Statement): boolean {
    const pieces = [this.#empty(segment.salt, { statement }), new Uint8Array(FRAME_BYTES)];
    return this.#try(() => segment.write(end, pieces));
  }

  /** A frame without records. */
  #empty(salt: number, said: Partial<Pick<FrameHeader, "idsAhead" | "statement">>): Uint8Array {
    const into = new Uint8Array(frameHeaderBytes(0, said.statement));
    this.#writeHeader({ ...this.#circumstances(), ...said, sections: [] }, salt, into);
    return into;
  }

  #writeHeader(
    header: Omit<FrameHeader, "number" | "durable">,
    salt: number,
    into: Uint8Array,
  ): number {
    const { nextFrame: number, durableFrame: durable } = this.#state;
    this.#state.nextFrame++;
    if (header.idsAhead > 0) this.#state.isAheadWritten = true;
    const numbered = { ...header, number, durable };
    return writeFrameHeader(numbered, salt, into, this.#parts.checksum);
  }

  /** What headers tell of the moment in which they are written. */
  #circumstances(): Pick<FrameHeader, "lastId" | "idsAhead" | "wallMicros"> {
    const lastId = this.#parts.shards[0]?.shard.lastId() ?? 0;
    return { lastId, idsAhead: this.#idsAhead, wallMicros: this.#parts.wallMicros() };
  }

  /**
   * How many ids may have been told to anybody by what follows and may get lost: none where nobody
   * hears of one before it is synced: at level sync, unless a job asks for less (assembly/acks.ts).
   */
  get #idsAhead(): number {
    const { level, segmentBytes } = this.#parts.options;
    const isEarly = !syncsFirst(level) || this.#parts.shards.some((shard) => shard.wantsEarly);
    return isEarly ? idsAhead(segmentBytes) : 0;
  }

  #append(segment: SegmentFile, pieces: readonly Uint8Array[]): boolean {
    const state = this.#state;
    return this.#try(() => (state.position += segment.write(state.position, pieces)));
  }

  #try(write: () => unknown): boolean {
    const state = this.#state;
    state.isRefused = !foundSpaceFor(write);
    if (state.isRefused) {
      state.nextFrame--;
    }
    return !state.isRefused;
  }
}
