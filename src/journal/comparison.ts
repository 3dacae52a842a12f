/* Comparison: what a remote log has of a journal's files, beside what lies in a directory. It
 * changes nothing on either side, and takes no lease.
 *
 * Files are compared one after the other, so that no more than one is in memory; what the log's
 * digests show to be the same is not fetched. Used by `homemaker verify`.
 */
import type { RemoteLog } from "../remote-log.ts";
import { filesOf, imageOf, standingOf } from "./catch-up.ts";
import type { CatchUpParts, Standing } from "./catch-up.ts";
import { segmentNumber } from "./format.ts";
import { readAround } from "./holes.ts";

/** How a file here differs from the copy's. */
export interface FileDifference {
  readonly file: string;
  /** It is only in the copy, only here, or in both with other bytes. */
  readonly kind: "missing here" | "not in the copy" | "different";
  /** The first byte that differs; 0 of a file that is on one side alone. */
  readonly position: number;
  /** How many bytes differ; of a file that is on one side alone, all of it. */
  readonly bytes: number;
}

/** What came of it. */
export interface Comparison {
  /** `behind`: another server has led since, so the copy is right where they differ. */
  readonly standing: Standing;
  /** Files of the copy. */
  readonly files: number;
  /** Bytes that had to be fetched to tell. */
  readonly fetchedBytes: number;
  readonly differences: readonly FileDifference[];
}

/** What is needed. */
export interface ComparisonParts extends CatchUpParts {
  readonly log: CatchUpParts["log"] & Pick<RemoteLog, "newest">;
}

/**
 * Compares them. Rejects with a RemoteError, also where the directory is no copy of the log; throws
 * a StorageError.
 */
export async function compare(parts: ComparisonParts): Promise<Comparison> {
  const { storage, log, breathe } = parts;
  const standing = standingOf(storage, (await log.newest())?.leader);
  const files = await filesOf(log);
  const here = storage.list().filter((name) => segmentNumber(name) !== undefined);
  const differences: FileDifference[] = [];
  let fetchedBytes = 0;
  for (const name of [...new Set([...files.keys(), ...here])].toSorted()) {
    const file = files.get(name);
    const had = here.includes(name) ? readAround(storage, name) : undefined;
    if (file === undefined) {
      const bytes = had?.bytes.length ?? 0;
      differences.push({ file: name, kind: "not in the copy", position: 0, bytes });
    } else if (had === undefined) {
      differences.push({ file: name, kind: "missing here", position: 0, bytes: file.bytes });
    } else {
      const { image, fetched } = await imageOf(parts, file, had.bytes);
      fetchedBytes += fetched;
      const found = differenceOf(had.bytes, image);
      if (found !== undefined) differences.push({ file: name, kind: "different", ...found });
    }
    await breathe();
  }
  return { standing, files: files.size, fetchedBytes, differences };
}

/** Where two files differ, what one has beyond the other included; undefined if they do not. */
function differenceOf(
  one: Uint8Array,
  other: Uint8Array,
): Pick<FileDifference, "position" | "bytes"> | undefined {
  const common = Math.min(one.length, other.length);
  const beyond = Math.max(one.length, other.length) - common;
  let position = common;
  let bytes = beyond;
  for (let at = common - 1; at >= 0; at--) {
    if (one[at] === other[at]) continue;
    position = at;
    bytes++;
  }
  return bytes === 0 ? undefined : { position, bytes };
}
