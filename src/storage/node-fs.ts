/* NodeStorage: a journal's directory on a file system, through node:fs, which Node, Deno and Bun
 * have.
 *
 * Synchronous calls: the committer has a thread to itself, and a sync in one's own thread is
 * measured faster than through a pool. Files are 0600 and the directory 0700: jobs are nobody
 * else's business. What keeps other servers out is in lease.ts.
 */

import * as fs from "node:fs";
import { constants, userInfo } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { NO_FILE, StorageError } from "../storage.ts";
import type { Lease, Storage, StorageFailure, StorageFile } from "../storage.ts";
import { codeOf, whyOf } from "../system-error.ts";
import { takeLease } from "./lease.ts";

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/**
 * What the errors that are more than a failure mean, by their numbers: runtimes have no name for
 * some of them, and call EDQUOT "Unknown system error -122" or "UNKNOWN".
 */
const MEANINGS = new Map<number, { readonly failure: StorageFailure; readonly why: string }>([
  [constants.errno.ENOSPC, { failure: "HM_STORAGE_FULL", why: "ENOSPC: no space left on device" }],
  [constants.errno.EDQUOT, { failure: "HM_STORAGE_FULL", why: "EDQUOT: disk quota exceeded" }],
  [constants.errno.EFBIG, { failure: "HM_STORAGE_FULL", why: "EFBIG: file too large" }],
  [constants.errno.EROFS, { failure: "HM_STORAGE_READ_ONLY", why: "EROFS: read-only file system" }],
]);

/** The StorageError that says what a call on a file threw. */
export function storageErrorOf(name: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const errno = error instanceof Error && "errno" in error ? Math.abs(Number(error.errno)) : 0;
  const meaning = MEANINGS.get(errno);
  const why = meaning?.why ?? `${whyOf(error)}${forWhom(error)}`;
  const failure = meaning?.failure ?? "HM_STORAGE_FAILED";
  return new StorageError(failure, `${name}: ${why}`, { cause: error });
}

/** Runs `call`; what it throws comes out as a StorageError that names the file. */
export function attempt<Result>(name: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw storageErrorOf(name, error);
  }
}

/** Why a path is no directory; undefined if it is one. Throws a StorageError. */
export function whyNoDirectory(path: string): string | undefined {
  const found = attempt(path, () => fs.statSync(path, { throwIfNoEntry: false }));
  if (found === undefined) return "there is no such directory";
  return found.isDirectory() ? undefined : "it is a file, not a directory";
}

/**
 * Whose permission it is that is missing, for the end of a line: with --user that is not obvious.
 */
function forWhom(error: unknown): string {
  if (codeOf(error) !== "EACCES") return "";
  try {
    return ` for user ${userInfo().username}`;
  } catch {
    return ` for user ${process.geteuid?.()}`; // one without a name
  }
}

/** Opening a pipe would wait for somebody at its other end. Throws a StorageError. */
function mustBeFile(path: string): void {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  const is = found ?? fs.lstatSync(path); // which finds a link that leads nowhere
  if (!is.isFile()) throw new StorageError("HM_STORAGE_NO_FILE", `${path}: ${NO_FILE}`);
}

class NodeFile implements StorageFile {
  readonly #name: string;
  readonly #fd: number;

  constructor(name: string, fd: number) {
    this.#name = name;
    this.#fd = fd;
  }

  get size(): number {
    return attempt(this.#name, () => fs.fstatSync(this.#fd).size);
  }

  read(position: number, into: Uint8Array): number {
    return attempt(this.#name, () => fs.readSync(this.#fd, into, 0, into.length, position));
  }

  write(position: number, pieces: readonly Uint8Array[]): number {
    return attempt(this.#name, () => fs.writevSync(this.#fd, [...pieces], position));
  }

  sync(): void {
    attempt(this.#name, () => fs.fdatasyncSync(this.#fd));
  }

  close(): void {
    attempt(this.#name, () => fs.closeSync(this.#fd));
  }
}

/**
 * Makes a directory, and those above it. Node's own `recursive` never comes back where a directory
 * is there and yet nothing can be made in it for want of an entry, as in /proc.
 */
function makeDirectory(path: string): void {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return;
  const above = dirname(path);
  if (!fs.existsSync(above)) makeDirectory(above);
  fs.mkdirSync(path, { mode: DIRECTORY_MODE });
}

/** A directory of the file system. */
export class NodeStorage implements Storage {
  readonly #directory: string;

  /** Makes the directory if it is not there. Throws a StorageError. */
  constructor(directory: string) {
    this.#directory = directory;
    attempt(directory, () => makeDirectory(directory));
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  list(): readonly string[] {
    return attempt(this.#directory, () => fs.readdirSync(this.#directory));
  }

  open(name: string, write: boolean): StorageFile {
    const path = this.#path(name);
    attempt(path, () => mustBeFile(path));
    return new NodeFile(
      path,
      attempt(path, () => fs.openSync(path, write ? "r+" : "r")),
    );
  }

  create(name: string): StorageFile {
    const path = this.#path(name);
    return new NodeFile(
      path,
      attempt(path, () => fs.openSync(path, "wx+", FILE_MODE)),
    );
  }

  rename(from: string, to: string): void {
    attempt(this.#path(from), () => fs.renameSync(this.#path(from), this.#path(to)));
  }

  remove(name: string): void {
    attempt(this.#path(name), () => fs.unlinkSync(this.#path(name)));
  }

  syncDirectory(): void {
    attempt(this.#directory, () => {
      const fd = fs.openSync(this.#directory, "r");
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    });
  }

  lease(): Promise<Lease> {
    return takeLease(this.#directory).catch((error: unknown) => {
      if (error instanceof StorageError) throw error;
      return attempt(this.#directory, () => {
        throw error;
      });
    });
  }
}
