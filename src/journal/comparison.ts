/* Comparison: what a remote log has of a journal's files, beside what lies in a directory. It
 * changes nothing on either side, and takes no lease.
 *
 * Files are compared one after the other, so that no more than one is in memory; what the log's
 * digests show to be the same is not fetched. Somebody may lead meanwhile, and have the log forget
 * what was removed: then it is listed anew. Used by `homemaker verify`.
 */
import { RemoteError } from "../remote-log.ts";
import type { RemoteLog } from "../remote-log.ts";
import { filesOf, imageOf, standingOf } from "./catch-up.ts";
import type { CatchUpParts, RemoteFile, Standing } from "./catch-up.ts";
import { segmentNumber } from "./format.ts";
import { readAround } from "./holes.ts";

/** How often the log is listed, at most. */
const LOOKS = 10;

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
  let files = await filesOf(log);
  const here = storage.list().filter((name) => segmentNumber(name) !== undefined);
  const differences: FileDifference[] = [];
  let fetchedBytes = 0;
  let looks = LOOKS;
  for (const name of [...new Set([...files.keys(), ...here])].toSorted()) {
    for (;;) {
      try {
        const { fetched, found } = await compareFile(parts, name, files.get(name), here);
        fetchedBytes += fetched;
        if (found !== undefined) differences.push({ file: name, ...found });
        break;
      } catch (error) {
        if (!isForgotten(error) || --looks === 0) throw error;
        files = await filesOf(log);
      }
    }
    await breathe();
  }
  return { standing, files: files.size, fetchedBytes, differences };
}

/** Whether a leader may have forgotten what was listed before it was read. */
function isForgotten(error: unknown): boolean {
  return error instanceof RemoteError && error.code === "HM_REMOTE_FAILED";
}

/** How the file of that name differs, if it does, and how many bytes were fetched to tell. */
async function compareFile(
  parts: ComparisonParts,
  name: string,
  file: RemoteFile | undefined,
  here: readonly string[],
): Promise<{ fetched: number; found: Omit<FileDifference, "file"> | undefined }> {
  const had = here.includes(name) ? readAround(parts.storage, name).bytes : undefined;
  if (file === undefined) {
    const found = had && { kind: "not in the copy" as const, position: 0, bytes: had.length };
    return { fetched: 0, found };
  }
  if (had === undefined) {
    return { fetched: 0, found: { kind: "missing here", position: 0, bytes: file.bytes } };
  }
  const { image, fetched } = await imageOf(parts, file, had);
  const found = differenceOf(had, image);
  return { fetched, found: found && { kind: "different", ...found } };
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
