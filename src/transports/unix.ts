/* Unix: binding of Unix stream sockets.
 *
 * A socket file that nobody listens on any more (its server was killed) is replaced with a warning,
 * as beanstalkd does. One that somebody still answers on, and a file of any other kind, is left
 * alone and is an error. Servers that start at one path at the same moment take turns
 * (turnstile.ts).
 */
import { existsSync, lstatSync } from "node:fs";
import { dirname } from "node:path";
import type { UnixAddress } from "../config/unix-address.ts";
import { BindError } from "../runtime.ts";
import type { Door, ListenManner } from "../runtime.ts";
import { codeOf, whyOf } from "../system-error.ts";
import { Acceptor, placeOf } from "./acceptor.ts";
import { GuardedPlace } from "./guarded-place.ts";
import { handedPlace } from "./handed-socket.ts";
import { pulseOf, removeFile } from "./socket-file.ts";
import type { TransportKind } from "./transport-kind.ts";
import { passAlone } from "./turnstile.ts";

/**
 * One thread has the socket. Its directory may belong to anyone, so making it may take the
 * privilege.
 */
export const UNIX_TRANSPORT: TransportKind<UnixAddress> = {
  isShared: false,
  listen: ({ path }, manner, door, lendsHandles) => listenUnix(path, manner, door, lendsHandles),
  connection: ({ path }) => ({ path }),
  needsPrivilege: () => true,
};

/** Listens at `path`. Rejects with a BindError. */
async function listenUnix(
  path: string,
  { fd, file }: ListenManner,
  door: Door,
  lendsHandles: boolean,
): Promise<Acceptor> {
  const isOpen = file.mode === undefined && file.groupId === undefined;
  const place = isOpen ? placeOf({ path }) : new GuardedPlace(path, file);
  try {
    if (fd !== undefined) return await Acceptor.listen(handedPlace(fd), door, lendsHandles);
    return await passAlone(path, async () => {
      await clear(path, door);
      return Acceptor.listen(place, door, lendsHandles);
    });
  } catch (error) {
    const why = error instanceof BindError ? error.message : whyNot(path, error);
    throw new BindError(`cannot listen on unix:${path}: ${why}`, { cause: error });
  }
}

/** Makes way for a new socket at `path`. Rejects with a BindError that says why not. */
async function clear(path: string, door: Door): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new BindError("there is a file that is not a socket");
  if ((await pulseOf(path)) === "alive") {
    throw new BindError("the socket is in use by another process");
  }
  door.troubled(`replacing the socket that a former server left at ${path}`);
  removeFile(path);
}

function whyNot(path: string, error: unknown): string {
  // Binding says of a missing directory that it may not be entered.
  const isMissing = codeOf(error) === "EACCES" && !existsSync(dirname(path));
  if (isMissing) return `there is no directory ${dirname(path)}, or it may not be entered`;
  return whyOf(error);
}
