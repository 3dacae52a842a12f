/* Handed sockets: listening sockets that whoever started the process has opened for it, as
 * systemd's socket units do (sd_listen_fds(3)): from LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES.
 *
 * What is spoken on a socket is its name, FileDescriptorName= of the unit. One without a name of
 * its own has the unit's, homemaker.socket for instance, or none: there beanstalkd's protocol is
 * spoken. Any other name is refused: what should have been HTTP, with a token, must not become a
 * queue that is open to everybody. Called by cli/main.ts.
 */

/** What can be spoken on them; the names are those that sockets are given. */
export const SPOKEN = ["beanstalk", "tls", "ws", "wss", "http"] as const;

/** One of them. */
export type Spoken = (typeof SPOKEN)[number];

/** One socket. */
export interface HandedSocket {
  /** Its number among this process's files. */
  readonly fd: number;
  readonly speaks: Spoken;
}

/** Whether it is one for clients of the queue. */
export function isForQueue({ speaks }: HandedSocket): boolean {
  return speaks !== "http";
}

/** The variables that tell of them. A process that has read them takes them out. */
export const HANDED_VARIABLES = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] as const;

/** The number of the first. */
const FIRST_FD = 3;
const MOST = 1000;
/** What systemd calls a socket whose unit gives it no name, and one that nobody names. */
const UNNAMED = /^(.*\.socket|unknown|)$/;

/** The variables are wrong. The message is one line for the operator. */
export class HandedSocketsError extends Error {
  override readonly name = "HandedSocketsError";
  readonly code = "HM_HANDED_SOCKETS";
}

/**
 * The sockets that were handed to the process with that id, in their order; none if the variables
 * are another's. Throws a HandedSocketsError.
 */
export function handedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly HandedSocket[] {
  const { LISTEN_PID: owner, LISTEN_FDS: count = "", LISTEN_FDNAMES: names } = env;
  if (owner !== String(pid)) return [];
  const many = /^\d{1,4}$/.test(count) ? Number(count) : MOST + 1;
  if (many > MOST) {
    throw new HandedSocketsError(`LISTEN_FDS: expected a number, 0 to ${MOST}, not "${count}"`);
  }
  const named = names?.split(":") ?? [];
  const sockets = Array.from({ length: many }, (_, index) => ({
    fd: FIRST_FD + index,
    speaks: spokenBy(named[index] ?? ""),
  }));
  if (sockets.filter(({ speaks }) => speaks === "http").length > 1) {
    throw new HandedSocketsError("LISTEN_FDNAMES: only one socket can be called http");
  }
  return sockets;
}

function spokenBy(name: string): Spoken {
  const known = SPOKEN.find((one) => one === name);
  if (known !== undefined) return known;
  if (UNNAMED.test(name)) return "beanstalk";
  const expected = `${SPOKEN.slice(0, -1).join(", ")} or ${SPOKEN.at(-1)}`;
  throw new HandedSocketsError(
    `LISTEN_FDNAMES: expected ${expected} as FileDescriptorName, not "${name}"`,
  );
}
