/* Spool parts: where jobs wait for a back end that is away: one embedded queue for each process, or
 * page, that has the spool open.
 *
 *   spool/1    of one: an engine's data, synced
 *   spool/2    of another one
 *
 * Who opens a spool takes the first part that no other has open, or makes one. What is left in a
 * part that nobody has open is delivered by whoever finds it. A part is safe as a queue in a
 * directory is: what a crash tore off its end was never answered. Where parts lie is the runtime's:
 * spool-directory.ts, browser/page-spool.ts.
 */
import { JournalError } from "../broker/errors.ts";
import type { QueueBackend } from "../worker/backend.ts";
import { BadOptionError } from "../worker/errors.ts";
import type { SpoolStore } from "../worker/spool-backend.ts";

/** The place of a spool. */
export interface SpoolPlace {
  /** For people, and to know it again. */
  readonly directory: string;
  /** Opens a part, or makes it. Rejects with a JournalError. */
  readonly open: (slot: string) => Promise<QueueBackend>;
  /** What is there, by its names. */
  readonly names: () => Promise<readonly string[]>;
  /** Another number once something in a part has been written. */
  readonly writtenAt: (slot: string) => Promise<number>;
}

/** Longer than what back ends take by default: one may have another limit. */
const JOB_BYTES_MAX = 16 * 1_048_576;
/** What the engine of a part is told. */
export const PART = { durability: "sync", maxJobBytes: JOB_BYTES_MAX, shards: 1 } as const;
const PARTS_MAX = 10_000;

/** Parts that were found empty, and when they had been written to last, by their paths. */
const emptied = new Map<string, number>();

/** Opens a part of a spool. Rejects with a BadOptionError, or a JournalError. */
export async function openPartOf(place: SpoolPlace): Promise<SpoolStore> {
  for (let slot = 1; slot <= PARTS_MAX; slot++) {
    const own = String(slot);
    const backend = await openIfFree(place, own);
    if (backend !== undefined)
      return { slot: own, backend, abandoned: () => abandoned(place, own) };
  }
  throw new BadOptionError(`spool: ${place.directory} is open in ${PARTS_MAX} processes`);
}

async function* abandoned(place: SpoolPlace, own: string): AsyncIterable<QueueBackend> {
  for (const name of await place.names()) {
    if (name === own || !/^\d+$/.test(name)) continue;
    const path = `${place.directory}/${name}`;
    if (emptied.get(path) === (await place.writtenAt(name))) continue;
    const backend = await openIfFree(place, name);
    if (backend === undefined) continue;
    yield backend;
    emptied.set(path, await place.writtenAt(name));
  }
}

/** Undefined if somebody has it open. */
async function openIfFree(place: SpoolPlace, slot: string): Promise<QueueBackend | undefined> {
  try {
    return await place.open(slot);
  } catch (error) {
    if (error instanceof JournalError && error.reason === "HM_STORAGE_BUSY") return undefined;
    throw error;
  }
}

/** Throws a BadOptionError. */
export function checkSpoolDirectory(directory: unknown): void {
  if (typeof directory === "string" && directory !== "") return;
  throw new BadOptionError("spool.directory: a path, of a directory on this machine");
}
