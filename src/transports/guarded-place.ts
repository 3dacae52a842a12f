/* Guarded place: where a Unix socket lies whose file has a mode or a group of its own.
 *
 * Invariant: nobody can connect before mode and group are what they shall be. The umask, which
 * would do that as well, belongs to the process, whose other threads make files meanwhile. So the
 * socket is bound in a directory that only this user may enter, and moved to its place when it is
 * ready; what was there before is replaced in the same step. The directory above may be another
 * user's, who can put a link in the place of ours while root changes modes and groups: so ours is
 * opened, and all is done by way of what was opened. Used by unix.ts.
 */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lchownSync,
  lstatSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
} from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import process from "node:process";
import type { SocketFileAccess } from "../runtime.ts";
import { placeOf } from "./acceptor.ts";
import type { Place } from "./acceptor.ts";
import { OWN_FILES, withShortPath } from "./socket-file.ts";

/** What mkdtemp puts behind a name. */
const RANDOM_CHARACTERS = 6;
/** A directory, and no link to one. */
const DIRECTORY_ITSELF = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Of a mode: what others than the owner may. */
const OTHERS = 0o077;

/** One path. */
export class GuardedPlace implements Place {
  readonly #path: string;
  readonly #access: SocketFileAccess;
  /** Which file is ours; undefined while none is there. */
  #inode: bigint | undefined;

  constructor(path: string, access: SocketFileAccess) {
    this.#path = path;
    this.#access = access;
  }

  async bind(server: Server): Promise<void> {
    const directory = mkdtempSync(`${this.#path}.`); // only its owner may enter
    let opened: number | undefined;
    try {
      opened = openOwn(directory);
      // The system removes this name when the socket is closed, so no other may ever be called so.
      const path = join(wayTo(opened, directory), directory.slice(-RANDOM_CHARACTERS));
      await withShortPath(path, (short) => placeOf({ path: short }).bind(server));
      this.#give(path);
      renameSync(path, this.#path);
      this.#inode = inodeOf(this.#path);
    } catch (error) {
      server.close();
      throw error;
    } finally {
      if (opened !== undefined) closeSync(opened);
      rmSync(directory, { recursive: true });
    }
  }

  /** A file that another server has put there since is left alone. */
  leave(): void {
    if (this.#inode === undefined || this.#inode !== inodeOf(this.#path)) return;
    try {
      rmSync(this.#path);
    } catch {
      // The directory is another user's by now: the next server finds that nobody listens.
    }
  }

  #give(path: string): void {
    const { mode, groupId } = this.#access;
    if (groupId !== undefined) lchownSync(path, process.getuid?.() ?? 0, groupId);
    if (mode !== undefined) chmodSync(path, mode); // the last: a change of group may take bits away
  }
}

/** Throws unless it is a directory of this user's that nobody else may enter. */
function openOwn(directory: string): number {
  const opened = openSync(directory, DIRECTORY_ITSELF);
  const { uid, mode } = fstatSync(opened);
  if (uid === (process.geteuid?.() ?? uid) && (mode & OTHERS) === 0) return opened;
  closeSync(opened);
  throw new Error(`${directory} was replaced by somebody else's`);
}

/** A name for the directory that was opened, where the system has one, whatever its path is now. */
function wayTo(opened: number, directory: string): string {
  return existsSync(OWN_FILES) ? join(OWN_FILES, String(opened)) : directory;
}

function inodeOf(path: string): bigint | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino;
}
