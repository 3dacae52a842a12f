/* Socket file: a Unix stream socket that lies in a directory as the sign that a process lives.
 *
 * Whoever can reach the directory can ask whether its process lives, across network and process
 * namespaces, as long as it is the same machine. Invariant: a process counts as dead only when the
 * kernel says that nobody listens on its file. A frozen process, a full backlog and a lack of
 * permission count as life, since taking over from the living is worse than not starting. Used by
 * turnstile.ts, unix.ts and the lease of a data directory (storage/lease.ts).
 */
import { closeSync, chmodSync, existsSync, openSync, unlinkSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { basename, dirname, join } from "node:path";
import { codeOf } from "../system-error.ts";
import { listening } from "./acceptor.ts";

/** Longest path that the kernel takes for a socket, in bytes. */
const PATH_BYTES_MAX = 107;
/** Everyone who may enter the directory may ask. */
const MODE = 0o666;
/** Who does not even refuse for so long has not gone. */
const PATIENCE_MS = 2000;
/** Where the system has names for what is open. */
export const OWN_FILES = "/proc/self/fd";
const NOBODY_LISTENS = "ECONNREFUSED";
const NOTHING_THERE = "ENOENT";

/** What asking at a path showed. */
export type Pulse = "alive" | "dead" | "absent";

/** A socket file of this process. */
export class SocketFile {
  readonly #server: Server;
  readonly path: string;

  /** Binds at `path`, where nothing may be, and listens. Rejects with the system's error. */
  static async listen(path: string): Promise<SocketFile> {
    const server = createServer((socket) => socket.destroy());
    await withShortPath(path, (short) => listening(server, { path: short }));
    server.unref();
    const file = new SocketFile(server, path);
    try {
      chmodSync(path, MODE);
    } catch (error) {
      file.remove();
      throw error;
    }
    return file;
  }

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.path = path;
  }

  /** The file goes, and the sign of life with it, which goes even if the file cannot. */
  remove(path: string = this.path): void {
    try {
      removeFile(path);
    } finally {
      this.#server.close();
    }
  }
}

/** Removes a file that may be gone already. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (codeOf(error) !== NOTHING_THERE) throw error;
  }
}

/** Asks whether somebody listens at `path`. */
export function pulseOf(path: string): Promise<Pulse> {
  return withShortPath(
    path,
    (short) =>
      new Promise<Pulse>((resolve) => {
        const socket = connect({ path: short });
        const answer = (pulse: Pulse): void => {
          clearTimeout(silent);
          socket.destroy();
          resolve(pulse);
        };
        const silent = setTimeout(() => answer("alive"), PATIENCE_MS);
        socket.once("connect", () => answer("alive"));
        socket.on("error", (error) => answer(pulseBy(codeOf(error))));
      }),
  ).catch((error: unknown) => pulseBy(codeOf(error)));
}

function pulseBy(code: string): Pulse {
  if (code === NOBODY_LISTENS) return "dead";
  return code === NOTHING_THERE ? "absent" : "alive";
}

/**
 * Calls `use` with a name for `path` that is short enough for a socket: by way of the open
 * directory, where the system has one.
 */
export async function withShortPath<Result>(
  path: string,
  use: (short: string) => Promise<Result>,
): Promise<Result> {
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX || !existsSync(OWN_FILES)) return use(path);
  const directory = openSync(dirname(path), "r");
  try {
    return await use(join(OWN_FILES, String(directory), basename(path)));
  } finally {
    closeSync(directory);
  }
}
