/* Turnstile: lets one process at a time through, at a place in the file system.
 *
 * Everyone who wants through shows a listening socket file of their own beside the place, and then
 * looks for those of others. Whoever sees nobody else goes through. Of two who see each other, the
 * one with the higher name takes its file away and comes again; the lower waits.
 *
 * Invariant: a file is there before its owner looks, so of any two at least one sees the other. A
 * file appears only when its socket listens (it is made under another name), so one that nobody
 * listens on is a dead process's and is removed; names are never used twice. A process that is
 * killed in the turnstile blocks nobody; a frozen one does, until the others give up. Used by
 * unix.ts and the lease of a data directory (storage/lease.ts).
 */
import { readdirSync, renameSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pulseOf, removeFile, SocketFile } from "./socket-file.ts";

const LOOK_AGAIN_MS = 3;
const PATIENCE_MS = 10_000;
/** A file whose making takes so long was left by a process that was killed. */
const MAKING_MS = 60_000;
const MAKING = ".making";
/** So that a file's name, with MAKING and by way of the open directory, is short enough to bind. */
const PREFIX_BYTES_MAX = 32;

/** Somebody has been in the turnstile for too long. */
class TurnstileError extends Error {
  override readonly name = "TurnstileError";
  readonly code = "HM_TURNSTILE";
}

/** Whether that is why nobody could pass. */
export function isTurnstileError(error: unknown): boolean {
  return error instanceof TurnstileError;
}

/**
 * Runs `pass` while no other process is in the turnstile at `place`, a path whose directory exists.
 * Rejects with a TurnstileError after 10 s, with the system's error where no socket can be made,
 * and with what `pass` rejects with.
 */
export async function passAlone<Result>(
  place: string,
  pass: () => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const shown = await show(place);
    try {
      if (await isAlone(place, shown.name, deadline)) return await pass();
    } finally {
      shown.file.remove(join(dirname(place), shown.name));
    }
    await pause();
  }
}

async function show(place: string): Promise<{ readonly name: string; readonly file: SocketFile }> {
  const name = `${prefixOf(place)}${crypto.randomUUID()}`;
  const path = join(dirname(place), name);
  const file = await SocketFile.listen(path + MAKING);
  try {
    renameSync(path + MAKING, path);
  } catch (error) {
    file.remove();
    throw error;
  }
  return { name, file };
}

/** Resolves with true when nobody else is there, with false when this one has to come again. */
async function isAlone(place: string, own: string, deadline: number): Promise<boolean> {
  for (;;) {
    const others = await othersAt(place, own);
    if (others.length === 0) return true;
    if (performance.now() > deadline) {
      throw new TurnstileError(`${place}: another process has been starting there for too long`);
    }
    if (others.some((name) => name < own)) return false;
    await pause();
  }
}

/** Names of the living. What the dead left is removed. */
async function othersAt(place: string, own: string): Promise<readonly string[]> {
  const directory = dirname(place);
  const prefix = prefixOf(place);
  const living: string[] = [];
  for (const name of readdirSync(directory)) {
    if (!isShown(name, prefix) || name === own) continue;
    const path = join(directory, name);
    if (name.endsWith(MAKING)) {
      if (isOld(path)) removeFile(path);
    } else {
      const pulse = await pulseOf(path);
      if (pulse === "alive") living.push(name);
      if (pulse === "dead") removeFile(path);
    }
  }
  return living;
}

/**
 * What the names of files begin with. Places whose names begin alike may have the same: whoever is
 * at one of them then waits for who is at another, which is short.
 */
function prefixOf(place: string): string {
  let prefix = "";
  for (const character of basename(place)) {
    if (Buffer.byteLength(prefix + character) > PREFIX_BYTES_MAX) break;
    prefix += character;
  }
  return `${prefix}.`;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(\.making)?$/;

function isShown(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && UUID.test(name.slice(prefix.length));
}

function isOld(path: string): boolean {
  const made = statSync(path, { throwIfNoEntry: false });
  return made !== undefined && Date.now() - made.mtimeMs > MAKING_MS;
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS * (1 + Math.random())));
}
