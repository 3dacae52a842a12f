/* Node committer: the module that the journal's thread runs in Node, Deno and Bun. Started by
 * node.ts.
 *
 * What goes wrong before the journal is open is told to the main thread, which has not promised
 * anything to anyone yet. Afterwards an error ends the whole process at once: replies wait for what
 * could not be made safe, and must never be sent.
 */
import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { PROGRAM } from "../version.ts";
import type { CommitterSeed as RuntimeSeed } from "../runtime.ts";
import { runCommitter } from "../broker/committer.ts";
import type { CommitterReport, CommitterSeed } from "../broker/committer.ts";
import { bootId } from "../storage/boot-id.ts";
import { NodeStorage } from "../storage/node-fs.ts";
import { describe, die, speakThrough } from "./die.ts";

const { directory, payload, errorFd } = workerData as RuntimeSeed & { readonly errorFd: number };
speakThrough(errorFd);
let isOpen = false;

function report(message: CommitterReport): void {
  if (message.kind === "recovered") isOpen = true;
  parentPort?.postMessage(message);
}

function fail(error: unknown): void {
  if (isOpen) die(`${PROGRAM}: the journal failed: ${describe(error)}`);
  report({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
}

process.on("uncaughtException", fail);
parentPort?.on("message", () => undefined); // stay until we are ended
try {
  const storage = new NodeStorage(directory);
  await runCommitter(payload as CommitterSeed, { directory, storage, bootId: bootId(), report });
} catch (error) {
  fail(error);
}
