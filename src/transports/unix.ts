/* Unix: binding of Unix stream sockets.
 *
 * A socket file that nobody listens on any more (its server was killed) is replaced with a warning,
 * as beanstalkd does. One that somebody still answers on, and a file of any other kind, is left
 * alone and is an error.
 */
import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { BindError } from "../runtime.ts";
import type { Door } from "../runtime.ts";
import { Acceptor } from "./acceptor.ts";

/** Listens at `path`. Rejects with a BindError. */
export async function listenUnix(
  path: string,
  door: Door,
  lendsHandles: boolean,
): Promise<Acceptor> {
  await clear(path, door);
  return Acceptor.listen({ path }, door, lendsHandles).catch((error: unknown) => {
    throw new BindError(`cannot listen on unix:${path}: ${messageOf(error)}`, { cause: error });
  });
}

/** Makes way for a new socket at `path`. */
async function clear(path: string, door: Door): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new BindError(`cannot listen on unix:${path}: ${messageOf(error)}`, { cause: error });
  });
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new BindError(`cannot listen on unix:${path}: there is a file that is not a socket`);
  }
  if (await answers(path)) {
    throw new BindError(`cannot listen on unix:${path}: the socket is in use by another process`);
  }
  door.troubled(`replacing the socket that a former server left at ${path}`);
  await unlink(path);
}

/** Whether somebody accepts connections at `path`. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
