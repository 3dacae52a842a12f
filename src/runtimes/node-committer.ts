/* Node committer: the module that the journal's thread runs in Node, Deno and Bun. Started by
 * node.ts.
 *
 * What goes wrong before the journal is open is told to the broker's thread, which has not promised
 * anything to anyone yet. Afterwards an error ends this thread, and in a server the whole process
 * at once: replies wait for what could not be made safe, and must never be sent.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { PROGRAM } from "../version.ts";
import type { CommitterSeed as RuntimeSeed } from "../runtime.ts";
import { runCommitter } from "../broker/committer.ts";
import type { CommitterReport, CommitterSeed } from "../broker/committer.ts";
import type { CopyLink, Lead } from "../broker/copying.ts";
import { bootId } from "../storage/boot-id.ts";
import { openStorage } from "../storage/storages.ts";
import { codeOf } from "../system-error.ts";
import { describe, die, speakThrough } from "./die.ts";

const { directory, payload, endsProcess, errorFd, port } = workerData as RuntimeSeed & {
  readonly errorFd: number;
  /** To who keeps a copy, if somebody does. */
  readonly port?: MessagePort;
};
speakThrough(errorFd);
let isOpen = false;

function report(message: CommitterReport): void {
  if (message.kind === "recovered") isOpen = true;
  parentPort?.postMessage(message);
}

function fail(error: unknown): void {
  if (!isOpen) {
    const message = error instanceof Error ? error.message : String(error);
    report({ kind: "failed", message, code: codeOf(error) });
  } else if (endsProcess) {
    die(`${PROGRAM}: the journal failed: ${describe(error)}`);
  } else {
    throw error;
  }
}

if (endsProcess) process.on("uncaughtException", fail);
parentPort?.on("message", () => undefined); // stay until we are ended
void run().catch(fail);

async function run(): Promise<void> {
  const storage = openStorage(directory);
  const copy = port && linkTo(port);
  const around = { directory, storage, bootId: bootId(), report, ...(copy && { copy }) };
  await runCommitter(payload as CommitterSeed, around);
}

/** The replicator begins once this thread has the directory, and says when this server leads. */
function linkTo(replicator: MessagePort): CopyLink {
  return {
    led: () =>
      new Promise((led) => {
        replicator.once("message", (lead: Lead) => {
          replicator.unref();
          led(lead);
        });
        replicator.postMessage({ kind: "begin" });
      }),
    post: (order) => replicator.postMessage(order),
  };
}
