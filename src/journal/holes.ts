/* Holes: the bytes of a file of which some cannot be read, because the device fails there.
 *
 * What cannot be read is given as zeros, together with its place: a CRC then finds the records that
 * are hit, and the caller can report them. Used by recovery, by the reclaiming of a segment that is
 * known to be damaged, and by `homemaker verify`; everywhere else a read that fails is an error.
 */

import { isNoFile, StorageError } from "../storage.ts";
import type { Storage, StorageFile } from "../storage.ts";

/** A stretch of a file that cannot be read. */
export interface Hole {
  readonly from: number;
  readonly to: number;
  /** Why not. */
  readonly error: StorageError;
}

/** All bytes of a file, and where they are none of its own. */
export interface Salvaged {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly holes: readonly Hole[];
}

/** What is given up at a time: devices fail by blocks of this size or smaller ones. */
const BLOCK_BYTES = 4096;
/** Near a hole, so much is read at a time. */
const PIECE_BYTES = 65_536;

/**
 * Reads all that can be read of a file, or of its first `most` bytes. `into`, if it is long enough,
 * takes them. What is no file is a hole without length. Throws a StorageError when the file cannot
 * be opened.
 */
export function readAround(
  storage: Storage,
  name: string,
  most = Infinity,
  into = new Uint8Array(0),
): Salvaged {
  const file = openAround(storage, name);
  if (file instanceof StorageError) {
    return { bytes: into.subarray(0, 0), holes: [{ from: 0, to: 0, error: file }] };
  }
  try {
    const size = Math.min(most, file.size);
    const bytes = size <= into.length ? into.subarray(0, size) : new Uint8Array(size);
    return readInto(bytes, file);
  } finally {
    file.close();
  }
}

/** Opens a file, or returns why there is none of that name. Throws any other StorageError. */
function openAround(storage: Storage, name: string): StorageFile | StorageError {
  try {
    return storage.open(name, false);
  } catch (error) {
    if (isNoFile(error)) return error;
    throw error;
  }
}

/** Length of a file; undefined if what has that name is none. Throws any other StorageError. */
export function sizeOf(storage: Storage, name: string): number | undefined {
  const file = openAround(storage, name);
  if (file instanceof StorageError) return undefined;
  const { size } = file;
  file.close();
  return size;
}

function readInto(bytes: Uint8Array<ArrayBuffer>, file: StorageFile): Salvaged {
  const holes: Hole[] = [];
  let at = 0;
  let piece = Infinity;
  while (at < bytes.length) {
    const to = Math.min(bytes.length, at + piece - (at % BLOCK_BYTES));
    try {
      const count = file.read(at, bytes.subarray(at, to));
      if (count <= 0) return { bytes: bytes.subarray(0, at), holes };
      at += count;
      piece = Math.min(2 * piece, Math.max(piece, PIECE_BYTES));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (piece <= BLOCK_BYTES) {
        bytes.fill(0, at, to);
        addHole(holes, { from: at, to, error });
        at = to;
      }
      piece = piece > PIECE_BYTES ? PIECE_BYTES : BLOCK_BYTES;
    }
  }
  return { bytes, holes };
}

/** Neighbours are one. */
function addHole(holes: Hole[], hole: Hole): void {
  const last = holes.at(-1);
  if (last?.to === hole.from) holes[holes.length - 1] = { ...last, to: hole.to };
  else holes.push(hole);
}
