/* Lease: keeps other servers out of a data directory, by a socket file in it on which its holder
 * listens.
 *
 * A socket file is reached by whoever reaches the directory, so containers with namespaces of their
 * own see each other; the kernel takes the sign of life away with the process, however that ends,
 * and a frozen holder keeps it. Two who come at once go through a turnstile, so that nobody removes
 * a living holder's file for that of a dead one. Where there can be no such file (nothing can be
 * written, or the file system has no sockets) an abstract socket named after the directory keeps
 * out those of the same network namespace, and `renew` tries again. What neither reaches is another
 * machine. Taken by storage/node-fs.ts, asked by storage/read-only.ts.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { StorageError } from "../storage.ts";
import type { Lease } from "../storage.ts";
import { codeOf, isForbidden, whyOf } from "../system-error.ts";
import { listening } from "../transports/acceptor.ts";
import { pulseOf, removeFile, SocketFile } from "../transports/socket-file.ts";
import { isTurnstileError, passAlone } from "../transports/turnstile.ts";

/** Says who has the directory, for people. */
const TEXT_NAME = "lock";
/** On which the holder listens. */
const SOCKET_NAME = "lock.socket";
const TEXT_MODE = 0o600;

/** Errors after which a directory may be used without a socket in it. */
const NO_SOCKETS = new Set([
  "EROFS",
  "ENOSPC",
  "EDQUOT",
  "Unknown system error -122", // which is EDQUOT, in Node's words
  "EPERM",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
]);

/** Whether a file in a data directory belongs to its lease, and not to the journal. */
export function isOfLease(name: string): boolean {
  return name === TEXT_NAME || name.startsWith(SOCKET_NAME);
}

/**
 * Takes the lease. Rejects with HM_STORAGE_BUSY if somebody has it, and with the system's error.
 */
export async function takeLease(directory: string): Promise<Lease> {
  const name = await takeName(directory);
  const lease = new DirectoryLease(directory, name);
  try {
    await lease.renew();
    sign(directory);
    return lease;
  } catch (error) {
    lease.release();
    throw error;
  }
}

/** Who has the directory, as a word in brackets for the end of a line; undefined if nobody has. */
export async function holderOf(directory: string): Promise<string | undefined> {
  const pulses = [pulseOf(join(directory, SOCKET_NAME)), pulseOf(abstractName(directory))];
  return (await Promise.all(pulses)).includes("alive") ? signature(directory) : undefined;
}

class DirectoryLease implements Lease {
  readonly #directory: string;
  readonly #name: Server;
  #file: SocketFile | undefined;
  weakness: string | undefined;

  constructor(directory: string, name: Server) {
    this.#directory = directory;
    this.#name = name;
  }

  async renew(): Promise<void> {
    if (this.#file !== undefined) return;
    try {
      this.#file = await listenAt(this.#directory);
      this.weakness = undefined;
    } catch (error) {
      if (isTurnstileError(error)) throw busy(this.#directory, error);
      if (!NO_SOCKETS.has(codeOf(error))) throw error;
      await refuseIfAlive(this.#directory);
      this.weakness = whyOf(error);
    }
  }

  /** Always: a file that cannot be removed is a dead one's then, since nobody listens on it. */
  release(): void {
    try {
      this.#file?.remove();
    } catch {
      return; // a disk that failed, for instance
    } finally {
      this.#name.close();
    }
  }
}

/** Makes the socket file, in place of one that a dead process left. */
async function listenAt(directory: string): Promise<SocketFile> {
  const path = join(directory, SOCKET_NAME);
  return passAlone(path, async () => {
    await refuseIfAlive(directory);
    removeFile(path);
    return SocketFile.listen(path);
  });
}

async function refuseIfAlive(directory: string): Promise<void> {
  if ((await pulseOf(join(directory, SOCKET_NAME))) === "alive") throw busy(directory);
}

/** Rejects with HM_STORAGE_BUSY if another process has it. */
async function takeName(directory: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  try {
    await listening(server, { path: abstractName(directory) });
  } catch (cause) {
    if (isForbidden(cause)) throw cause;
    throw busy(directory, cause);
  }
  server.unref();
  return server;
}

function abstractName(directory: string): string {
  const { dev, ino } = statSync(directory);
  return `\0homemaker:${dev}:${ino}`;
}

function busy(directory: string, cause?: unknown): StorageError {
  const message = `${directory}: another server uses it${signature(directory)}`;
  return new StorageError("HM_STORAGE_BUSY", message, { cause });
}

/** What the holder said of itself. */
function signature(directory: string): string {
  try {
    return ` (${readFileSync(join(directory, TEXT_NAME), "utf8").trim()})`;
  } catch {
    return ""; // it is only for people
  }
}

function sign(directory: string): void {
  try {
    removeFile(join(directory, TEXT_NAME)); // it may be another user's
    const text = `process ${process.pid} on ${hostname()}\n`;
    writeFileSync(join(directory, TEXT_NAME), text, { mode: TEXT_MODE });
  } catch {
    return; // a full or read-only disk: the sockets are what keeps others out
  }
}
