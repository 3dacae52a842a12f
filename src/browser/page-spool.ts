/* Page spool: a spool (embedded/spool-parts.ts) in files of an origin, for its pages. Handed to
 * users by src/entries/browser.ts.
 */
import { checkSpoolDirectory, openPartOf, PART } from "../embedded/spool-parts.ts";
import type { SpoolStore } from "../worker/spool-backend.ts";
import { directoryAt } from "./origin-directory.ts";
import { openInPage } from "./page-queue.ts";

/** Opens a part of a spool. Rejects with a BadOptionError, or a JournalError. */
export async function openPageSpool(directory: string): Promise<SpoolStore> {
  checkSpoolDirectory(directory);
  return openPartOf({
    directory,
    open: (slot) => openInPage({ directory: `${directory}/${slot}`, ...PART }),
    names: () => namesIn(directory),
    writtenAt: (slot) => writtenAt(`${directory}/${slot}`),
  });
}

async function namesIn(path: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const name of (await directoryAt(path)).keys()) names.push(name);
  return names;
}

/** When a file in it was written last. */
async function writtenAt(path: string): Promise<number> {
  let last = 0;
  for await (const entry of (await directoryAt(path)).values()) {
    if (entry.kind !== "file") continue;
    const { lastModified } = await entry.getFile();
    last = Math.max(last, lastModified);
  }
  return last;
}
