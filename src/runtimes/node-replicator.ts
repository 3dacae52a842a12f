/* Node replicator: the module that the thread runs in Node, Deno and Bun which keeps a copy of the
 * journal elsewhere. Started by node-broker.ts.
 *
 * What goes wrong before this server leads is told to the broker's thread. Afterwards the process
 * ends at once: another server may lead, and nothing may be handed out or acknowledged.
 */
import process from "node:process";
import { randomUUID } from "node:crypto";
import { setImmediate as breathe, setTimeout as pause } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { PROGRAM } from "../version.ts";
import type { CommitterSeed as RuntimeSeed } from "../runtime.ts";
import type { CommitterReport } from "../broker/committer.ts";
import type { CopyOrder } from "../broker/copying.ts";
import { leaderOf, runReplicator } from "../broker/replicator.ts";
import type { ReplicatorSeed } from "../broker/replicator.ts";
import { openRemoteLog } from "../storage/remote-logs.ts";
import { openStorage } from "../storage/storages.ts";
import { codeOf } from "../system-error.ts";
import { die, speakThrough } from "./die.ts";

const { directory, copy, endsProcess, errorFd, port } = workerData as RuntimeSeed & {
  readonly errorFd: number;
  readonly port: MessagePort;
};
speakThrough(errorFd);
let isLed = false;

function report(message: CommitterReport): void {
  parentPort?.postMessage(message);
}

function fail(error: unknown): void {
  const why = error instanceof Error ? error.message : String(error);
  const message = `the copy of the journal: ${why}`;
  if (!isLed) report({ kind: "failed", message, code: codeOf(error) });
  else if (endsProcess) die(`${PROGRAM}: ${message}`);
  else throw error;
}

if (endsProcess) process.on("uncaughtException", fail);
parentPort?.on("message", () => undefined); // stay until we are ended
// The committer has the directory then.
port.once("message", () => void run().catch(fail));

async function run(): Promise<void> {
  if (copy === undefined) throw new TypeError("there is no copy to keep");
  const { url, leaseMillis, address, payload } = copy;
  await runReplicator(payload as ReplicatorSeed, {
    openLog: (patienceMillis) => openRemoteLog(url, { leaseMillis, patienceMillis }),
    storage: openStorage(directory),
    leader: leaderOf(address, `${process.pid}:${randomUUID()}`),
    report,
    led(lead) {
      isLed = true;
      port.postMessage(lead);
    },
    listen: (heard) => port.on("message", (order: CopyOrder) => heard(order)),
    pause: (millis) => pause(millis),
    breathe: () => breathe(),
  });
}
