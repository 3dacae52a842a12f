/* Browser committer: the module of the dedicated worker that has a page's journal: it recovers it,
 * and makes every commit. It alone may wait for the disk, and does, so it is never in the event
 * loop again once the journal is open. Started by worker-broker.ts.
 */
import { runCommitter } from "../broker/committer.ts";
import type { CommitterReport, CommitterSeed } from "../broker/committer.ts";
import type { CommitterSeed as RuntimeSeed } from "../runtime.ts";
import { codeOf } from "../system-error.ts";
import { openOpfs } from "./opfs.ts";
import { born, tell } from "./started-worker.ts";

let isOpen = false;

function report(message: CommitterReport): void {
  if (message.kind === "recovered") isOpen = true;
  tell(message);
}

async function run({ directory, payload }: RuntimeSeed): Promise<void> {
  try {
    const storage = await openOpfs(directory);
    // A browser does not say whether the machine was started again since.
    await runCommitter(payload as CommitterSeed, { directory, storage, bootId: "", report });
  } catch (error) {
    if (isOpen) throw error; // the broker hears that this worker failed
    const message = error instanceof Error ? error.message : String(error);
    report({ kind: "failed", message, code: codeOf(error) });
  }
}

void run((await born()) as RuntimeSeed);
