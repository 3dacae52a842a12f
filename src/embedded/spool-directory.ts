/* Spool directory: where jobs wait for a back end that is away: one embedded queue for each process
 * that has the directory open.
 *
 *   directory/1/    of one process: an engine's data, synced
 *   directory/2/    of another one
 *
 * A process takes the first part that no other has open, or makes one. What is left in a part that
 * nobody has open is delivered by whoever finds it. A part is safe as a queue in a directory is:
 * what a crash tore off its end was never answered. Handed to users by src/entries/.
 */
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { QueueBackend } from "../worker/backend.ts";
import { BadOptionError } from "../worker/errors.ts";
import type { SpoolStore } from "../worker/spool-backend.ts";
import { openEmbedded } from "./embedded-backend.ts";

/** Longer than what back ends take by default: one may have another limit. */
const JOB_BYTES_MAX = 16 * 1_048_576;
const SEGMENT_BYTES = 4 * 1_048_576;
const PARTS_MAX = 10_000;

/** Opens a part of a spool. Rejects with a BadOptionError, or a JournalError. */
export async function openSpool(directory: string): Promise<SpoolStore> {
  if (typeof directory !== "string" || directory === "") {
    throw new BadOptionError("spool.directory: a path, of a directory on this machine");
  }
  mkdirSync(directory, { recursive: true });
  for (let slot = 1; slot <= PARTS_MAX; slot++) {
    const backend = await openPart(join(directory, String(slot)));
    if (backend === undefined) continue;
    const own = String(slot);
    return { slot: own, backend, abandoned: () => abandonedParts(directory, own, emptied) };
  }
  throw new BadOptionError(`spool: ${directory} is open in ${PARTS_MAX} processes`);
}

/** Parts that were found empty, and when they had been written to last. */
const emptied = new Map<string, number>();

async function* abandonedParts(
  directory: string,
  own: string,
  known: Map<string, number>,
): AsyncIterable<QueueBackend> {
  for (const name of readdirSync(directory)) {
    if (name === own || !/^\d+$/.test(name)) continue;
    const path = join(directory, name);
    if (known.get(path) === writtenAt(path)) continue;
    const backend = await openPart(path);
    if (backend === undefined) continue;
    yield backend;
    known.set(path, writtenAt(path));
  }
}

/** When something in it was written last. */
function writtenAt(path: string): number {
  const names = readdirSync(path);
  return Math.max(0, ...names.map((name) => statSync(join(path, name)).mtimeMs));
}

/** Undefined if a process has it open. */
async function openPart(directory: string): Promise<QueueBackend | undefined> {
  try {
    return await openEmbedded({
      directory,
      durability: "sync",
      segmentBytes: SEGMENT_BYTES,
      maxJobBytes: JOB_BYTES_MAX,
      shards: 1,
    });
  } catch (error) {
    if (reasonOf(error) === "HM_STORAGE_BUSY") return undefined;
    throw error;
  }
}

function reasonOf(error: unknown): unknown {
  return error instanceof Error && "reason" in error ? error.reason : undefined;
}
