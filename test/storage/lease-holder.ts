/* Lease holder: a process that takes the lease of a directory when it is told to, and gives it
 * back.
 *
 * Started by lease.test.ts, with the directory as its argument. Reads the lines `take` and
 * `release` and answers each with one line: `taken`, `released`, or the code of the error.
 */
import process from "node:process";
import { createInterface } from "node:readline";
import { StorageError } from "../../src/storage.ts";
import type { Lease } from "../../src/storage.ts";
import { NodeStorage } from "../../src/storage/node-fs.ts";

const storage = new NodeStorage(process.argv[2] ?? "");
let lease: Lease | undefined;

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${line === "take" ? await take() : release()}\n`);
}

async function take(): Promise<string> {
  try {
    lease = await storage.lease();
    return "taken";
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return error.code;
  }
}

function release(): string {
  lease?.release();
  return "released";
}
