/* Catch-up: has a directory and a remote log agree, before somebody who has begun an epoch goes on
 * in the directory.
 *
 * Which of the two is right is told by the file `replica` in the directory: it names the leader in
 * whose time the directory was written. If that is who began the log's newest epoch, nobody has led
 * since, and the directory has all that the log has, and perhaps more: what the log lacks goes
 * there. Otherwise the log is right: the directory becomes what the log says, and whatever else is
 * in its segments goes. A directory whose journal was never a copy of this log is refused unless
 * the log is empty: its jobs would be lost.
 *
 * What may be left of an attempt that was cut off says so in the same file, which is written and
 * synced before anything else is. Nothing else may use the directory meanwhile. It goes file by
 * file, so that no more than one is in memory, and lets others have their turn in between: the
 * lease is prolonged by the same thread. Used by a take-over (take-over.ts).
 */
import { RemoteError } from "../remote-log.ts";
import type { RemoteEntry, RemoteLog, RemoteOperation } from "../remote-log.ts";
import type { Storage, StorageFile } from "../storage.ts";
import { readAround } from "./holes.ts";
import type { Salvaged } from "./holes.ts";
import { segmentNumber } from "./format.ts";
import { WRITE_BYTES_MAX } from "./mirrored-storage.ts";
import { writeFully } from "./segment-file.ts";

/** Says of what the directory is a copy. */
const NAME = "replica";
const NEW_NAME = "replica.new";
const HINTS = ["hints", "hints.new"];
/** What stands in it while the directory is being made a copy. */
const UNFINISHED = "unfinished";
/** Stands in it for the leader of a log that is empty. */
const NOBODY = "nobody";

/** What a directory is, beside a log. */
export type Standing =
  /** It has all that the log has. */
  | "ahead"
  /** The log has what it has not, or might have. */
  | "behind";

/**
 * What the directory is beside a log whose newest epoch was begun by `leader`, undefined for one
 * that is empty. Throws a RemoteError where nobody may choose, and a StorageError.
 */
export function standingOf(storage: Storage, leader: string | undefined): Standing {
  const names = storage.list();
  const said = names.includes(NAME) ? readText(storage, NAME).split("\n") : [];
  const hasJournal = names.some((name) => segmentNumber(name) !== undefined);
  if (leader === undefined) {
    if (said.length === 0 || said.includes(NOBODY)) return "ahead";
    const message = "the remote journal is empty, and the directory is a copy of one that was not";
    throw new RemoteError("HM_REMOTE_FAILED", message);
  }
  if (said.includes(leader)) return "ahead";
  if (said.length > 0 || !hasJournal) return "behind";
  const message =
    "the directory has a journal that is no copy of the remote one: give another directory, which may be empty";
  throw new RemoteError("HM_REMOTE_FAILED", message);
}

/** Says who has led in the directory last. Throws a StorageError. */
export function sign(storage: Storage, leader: string): void {
  say(storage, leader);
}

/**
 * Says that it has all that the log has, which was last led by `before`, undefined if it is empty,
 * or is by `leader`. Throws a StorageError.
 */
export function signBoth(storage: Storage, before: string | undefined, leader: string): void {
  say(storage, before ?? NOBODY, leader);
}

function say(storage: Storage, ...leaders: readonly string[]): void {
  const file = recreate(storage, NEW_NAME);
  try {
    writeFully(file, 0, [new TextEncoder().encode(leaders.join("\n"))]);
    file.sync();
  } finally {
    file.close();
  }
  storage.rename(NEW_NAME, NAME);
  storage.syncDirectory();
}

/** Says that the directory is being made a copy. Throws a StorageError. */
export function signUnfinished(storage: Storage): void {
  say(storage, UNFINISHED);
}

/** What is needed to make a directory and a log agree. */
export interface CatchUpParts {
  readonly storage: Storage;
  readonly log: Pick<RemoteLog, "entries" | "read" | "digest">;
  /** Lets timers and connections have their turn. */
  readonly breathe: () => Promise<void>;
}

/** A file of a log: how long it is, and what was written to it, in that order. */
export interface RemoteFile {
  readonly bytes: number;
  readonly writes: RemoteEntry[];
}

/** The files that a log has. */
export async function filesOf(log: CatchUpParts["log"]): Promise<ReadonlyMap<string, RemoteFile>> {
  const files = new Map<string, RemoteFile>();
  for (const entry of await log.entries()) {
    if (entry.kind === "create") files.set(entry.file, { bytes: entry.bytes, writes: [] });
    else if (entry.kind === "remove") files.delete(entry.file);
    else files.get(entry.file)?.writes.push(entry);
  }
  return files;
}

/**
 * Makes the directory what the log says; resolves with how many bytes were fetched. Rejects with a
 * RemoteError, and throws a StorageError.
 */
export async function fetchAll(parts: CatchUpParts): Promise<number> {
  const { storage } = parts;
  const files = await filesOf(parts.log);
  for (const name of storage.list()) {
    const isStale = segmentNumber(name) !== undefined && !files.has(name);
    if (isStale || HINTS.includes(name)) storage.remove(name);
  }
  let fetched = 0;
  for (const [name, file] of files) {
    fetched += await fetchFile(parts, name, file);
    await parts.breathe();
  }
  storage.syncDirectory();
  return fetched;
}

/** A file as the log has it; what stands here already is not fetched. */
export async function imageOf(
  { log, breathe }: Pick<CatchUpParts, "log" | "breathe">,
  { bytes, writes }: RemoteFile,
  had: Uint8Array | undefined,
): Promise<{ readonly image: Uint8Array; readonly fetched: number }> {
  const image = new Uint8Array(bytes);
  let fetched = 0;
  for (const write of writes) {
    const { position, sequence } = write;
    const end = position + write.bytes;
    const there = end <= bytes ? had?.subarray(position, end) : undefined;
    const isThere = there?.length === write.bytes && log.digest(there) === write.digest;
    if (!isThere) fetched += write.bytes;
    image.set(isThere ? there : await log.read(sequence), position);
    await breathe();
  }
  return { image, fetched };
}

async function fetchFile(parts: CatchUpParts, name: string, remote: RemoteFile): Promise<number> {
  const { storage, breathe } = parts;
  const { bytes } = remote;
  const had = storage.list().includes(name) ? readAround(storage, name) : undefined;
  const { image, fetched } = await imageOf(parts, remote, had?.bytes);
  if (had?.holes.length === 0 && isSame(had.bytes, image)) {
    secure(storage, name);
    return fetched;
  }
  const file = recreate(storage, name);
  try {
    for (let at = 0; at < bytes; at += WRITE_BYTES_MAX) {
      writeFully(file, at, [image.subarray(at, at + WRITE_BYTES_MAX)]);
      await breathe();
    }
    file.sync();
  } finally {
    file.close();
  }
  return fetched;
}

/**
 * What the log lacks of what is in the directory, file by file, in an order in which each part of
 * it is sound. What the device cannot read is written anew as the log has it. Rejects with a
 * RemoteError, and throws a StorageError.
 */
export async function* missingIn(
  parts: CatchUpParts,
): AsyncGenerator<readonly RemoteOperation[], void, void> {
  const { storage, log, breathe } = parts;
  const files = await filesOf(log);
  const names = storage.list().filter((name) => segmentNumber(name) !== undefined);
  storage.syncDirectory();
  for (const name of names.toSorted()) {
    secure(storage, name);
    const salvaged = readAround(storage, name);
    const image = salvaged.bytes;
    const file = files.get(name);
    if (file?.bytes === image.length) {
      await mend(parts, name, file, salvaged);
      yield writesOf(name, image, await soundParts(parts, file, image));
    } else {
      const create = { kind: "create", file: name, bytes: image.length } as const;
      yield [create, ...writesOf(name, image, [])];
    }
    await breathe();
  }
  const gone = [...files.keys()].filter((name) => !names.includes(name));
  yield gone.map((file) => ({ kind: "remove", file }));
}

/** Has the log's bytes stand, here and in the file, where the device cannot read its own. */
async function mend(
  { storage, log }: CatchUpParts,
  name: string,
  { writes }: RemoteFile,
  { bytes: image, holes }: Salvaged,
): Promise<void> {
  if (holes.length === 0) return;
  for (const { sequence, position, bytes } of writes) {
    const hit = holes.filter(({ from, to }) => from < position + bytes && to > position);
    const body = hit.length > 0 ? await log.read(sequence) : undefined;
    for (const { from, to } of hit) {
      const first = Math.max(from, position);
      const part = body?.subarray(first - position, to - position);
      if (part !== undefined) image.set(part, first);
    }
  }
  const file = storage.open(name, true);
  try {
    for (const { from, to } of holes) writeFully(file, from, [image.subarray(from, to)]);
    file.sync();
  } finally {
    file.close();
  }
}

/** Stretches of a file, from front to back, in which the log has what stands here. */
type Stretch = readonly [from: number, to: number];

/** Those that were written once and are as they are here. */
async function soundParts(
  { log, breathe }: CatchUpParts,
  { writes }: RemoteFile,
  image: Uint8Array,
): Promise<readonly Stretch[]> {
  const sound: Stretch[] = [];
  let reach = 0;
  for (const { position, bytes, digest } of writes.toSorted((a, b) => a.position - b.position)) {
    const end = position + bytes;
    while (position < (sound.at(-1)?.[1] ?? 0)) sound.pop();
    if (position >= reach && log.digest(image.subarray(position, end)) === digest) {
      sound.push([position, end]);
    }
    reach = Math.max(reach, end);
    await breathe();
  }
  return sound;
}

/** Writes that bring all of an image that is not known. Zeros where nothing was written are. */
function writesOf(
  file: string,
  image: Uint8Array,
  known: readonly Stretch[],
): readonly RemoteOperation[] {
  const writes: RemoteOperation[] = [];
  let from = 0;
  for (const [to, next] of [...known, [image.length, image.length] as const]) {
    for (let at = from; at < to; at += WRITE_BYTES_MAX) {
      const body = image.subarray(at, Math.min(to, at + WRITE_BYTES_MAX));
      if (!isZeros(body)) writes.push({ kind: "write", file, position: at, body });
    }
    from = Math.max(from, next);
  }
  return writes;
}

/**
 * Has what stands in the file be safe: who wrote it may have been killed before that was so, and
 * then it can be read, and is lost when the power goes.
 */
function secure(storage: Storage, name: string): void {
  const file = storage.open(name, true);
  try {
    file.sync();
  } finally {
    file.close();
  }
}

function recreate(storage: Storage, name: string): StorageFile {
  if (storage.list().includes(name)) storage.remove(name);
  return storage.create(name);
}

function readText(storage: Storage, name: string): string {
  return new TextDecoder().decode(readAround(storage, name).bytes);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

function isZeros(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}
