/* Spool directory: a spool (spool-parts.ts) in a directory of this machine, on Node, Deno and Bun,
 * for its processes. Handed to users by src/entries/.
 */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { SpoolStore } from "../worker/spool-backend.ts";
import { openEmbedded } from "./embedded-backend.ts";
import { checkSpoolDirectory, openPartOf, PART } from "./spool-parts.ts";

const SEGMENT_BYTES = 4 * 1_048_576;

/** Opens a part of a spool. Rejects with a BadOptionError, or a JournalError. */
export async function openSpool(directory: string): Promise<SpoolStore> {
  checkSpoolDirectory(directory);
  mkdirSync(directory, { recursive: true });
  return openPartOf({
    directory,
    open: (slot) =>
      openEmbedded({ directory: join(directory, slot), segmentBytes: SEGMENT_BYTES, ...PART }),
    names: () => Promise.resolve(readdirSync(directory)),
    writtenAt: (slot) => Promise.resolve(writtenAt(join(directory, slot))),
  });
}

/** When something in it was written last. */
function writtenAt(path: string): number {
  const names = readdirSync(path);
  return Math.max(0, ...names.map((name) => statSync(join(path, name)).mtimeMs));
}
