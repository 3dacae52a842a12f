/* Handed socket: a listening socket that whoever started the process has opened, by its number
 * (config/handed-sockets.ts).
 *
 * Invariant: one thread has it. Two that listened on one number would both close it, the second
 * when something else has that number. Once closed it is gone for this process, so it stays open
 * until the server stops; who comes later waits in it for the next process. Used by the transports
 * and by the main thread.
 */
import { readlinkSync } from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import type { BoundTcp } from "../config/tcp-address.ts";
import type { UnixAddress } from "../config/unix-address.ts";
import { BindError } from "../runtime.ts";
import { whyOf } from "../system-error.ts";
import { placeOf } from "./acceptor.ts";
import type { Place } from "./acceptor.ts";
import { placeOfSocket } from "./listening-table.ts";
import { OWN_FILES } from "./socket-file.ts";

/** As in Runtime. */
export async function whereListens(fd: number): Promise<BoundTcp | UnixAddress> {
  const [, inode] = /^socket:\[(\d+)\]$/.exec(linkOf(fd)) ?? [];
  const found = inode === undefined ? undefined : await placeOfSocket(inode);
  if (found === undefined) {
    throw new BindError(`file ${fd}, which was handed over, is no socket that listens for streams`);
  }
  return found;
}

function linkOf(fd: number): string {
  try {
    return readlinkSync(join(OWN_FILES, String(fd)));
  } catch (cause) {
    const why = `file ${fd}, which was to be handed over, is not there: ${whyOf(cause)}`;
    throw new BindError(why, { cause });
  }
}

/** Where it is, for an acceptor. */
export function handedPlace(fd: number): Place {
  return { bind: (server) => takeOver(server, fd), isLost: true };
}

/**
 * Has a server of HTTP listen on it, whose place is known. Rejects with a BindError where the
 * runtime cannot do that: Bun opens another socket instead, on all addresses.
 */
export async function listenOnHanded(server: Server, fd: number, place: BoundTcp): Promise<void> {
  await takeOver(server, fd);
  const bound = server.address();
  if (typeof bound === "object" && bound?.port === place.port) return;
  server.close();
  throw new BindError(`cannot take over file ${fd}: this runtime serves no HTTP on such a socket`);
}

/** Has a server listen on it. Rejects with a BindError. */
async function takeOver(server: Server, fd: number): Promise<void> {
  try {
    await placeOf({ fd }).bind(server);
  } catch (cause) {
    throw new BindError(`cannot take over file ${fd}: ${whyOf(cause)}`, { cause });
  }
}
