/* Listening table: who listens on which TCP port of this network namespace, by Linux's own account,
 * and at which path of a Unix socket.
 *
 * It is asked before a port is shared (SO_REUSEPORT), because the kernel then no longer says that
 * somebody has it. Asking harms no client. Listening as a trial would: clients that connect
 * meanwhile are reset. Read by tcp.ts, and by handed-socket.ts to see where a socket listens that
 * is open already.
 */
import { readFile as readThen } from "node:fs";
import { isIPv4 } from "node:net";
import { endianness } from "node:os";
import { promisify } from "node:util";
import type { BoundTcp } from "../config/tcp-address.ts";
import type { UnixAddress } from "../config/unix-address.ts";
import type { ProbedSocket } from "../runtime.ts";

/** Not that of node:fs/promises, which takes a megabyte of each thread that loads it. */
const readFile = promisify(readThen);
/** The state of a listening socket in the table. */
const LISTENING = "0A";
/** The column of the local address. */
const ADDRESS_COLUMN = 1;
/** The column of the state. */
const STATE_COLUMN = 3;
/** The column of the socket's own number, its inode. */
const INODE_COLUMN = 9;
/** A line of a Unix stream socket that listens: its inode, and its path. */
const LISTENING_UNIX = /^\S+ \S+ \S+ 00010000 0001 \S+ +(\d+) (.+)$/;
const WORD_DIGITS = 8;
/** ::ffff:0:0/96, as hexadecimal digits: IPv4 in IPv6's clothes. */
const MAPPED = "0".repeat(20) + "ffff";

/** A socket that listens. */
interface Listening {
  readonly port: number;
  /** The address in network order, as 8 hexadecimal digits or 32. */
  readonly digits: string;
}

/**
 * How a wanted socket stands to those that listen. "unclear": there is the IPv6 wildcard, and the
 * table does not say whether it takes IPv4 as well.
 */
export type Standing = "free" | "taken" | "unclear";

/** The table; undefined where there is none to be read. */
export async function readListeningTable(): Promise<readonly Listening[] | undefined> {
  try {
    const files = await Promise.all([readFile("/proc/net/tcp", "latin1"), readTable("tcp6")]);
    return files.flatMap(listeningIn);
  } catch {
    return undefined; // another system, or one that does not show it
  }
}

/** Where the socket with that inode listens; undefined if it does not, or nobody says. */
export async function placeOfSocket(inode: string): Promise<BoundTcp | UnixAddress | undefined> {
  const [unix = "", ...tcp] = await Promise.all(["unix", "tcp", "tcp6"].map(readTable));
  const found = tcp.flatMap(rowsOf).find((row) => row.inode === inode);
  if (found !== undefined) return { kind: "tcp", host: hostOf(found.digits), port: found.port };
  const sockets = unix.split("\n").map((line) => LISTENING_UNIX.exec(line));
  const path = sockets.find((one) => one?.[1] === inode)?.[2];
  return path === undefined ? undefined : { kind: "unix", path };
}

/** Empty where there is no such table: a kernel may have no IPv6. */
function readTable(name: string): Promise<string> {
  return readFile(`/proc/net/${name}`, "latin1").catch(() => "");
}

/** The number of a host, from its digits. */
function hostOf(digits: string): string {
  const pieces = digits.match(digits.length > WORD_DIGITS ? /.{4}/g : /../g) ?? [];
  if (digits.length === WORD_DIGITS) return pieces.map((two) => Number.parseInt(two, 16)).join(".");
  return new URL(`http://[${pieces.join(":")}]`).hostname.slice(1, -1);
}

/** A socket of a table of TCP that listens; its digits are as long as its family's. */
interface Row extends Listening {
  readonly inode: string | undefined;
}

function rowsOf(table: string): readonly Row[] {
  return table
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[STATE_COLUMN] === LISTENING)
    .map((columns) => {
      const [words = "", port = ""] = (columns[ADDRESS_COLUMN] ?? "").split(":");
      const inode = columns[INODE_COLUMN];
      return { port: Number.parseInt(port, 16), digits: inNetworkOrder(words), inode };
    });
}

function listeningIn(table: string): readonly Listening[] {
  return rowsOf(table).map(({ port, digits }) => ({ port, digits: plain(digits) }));
}

/** The table has words of 32 bits as this machine holds them. */
function inNetworkOrder(words: string): string {
  const digits = words.toLowerCase();
  if (endianness() === "BE") return digits;
  const pieces = digits.match(new RegExp(`.{${WORD_DIGITS}}`, "g")) ?? [];
  return pieces.map((word) => (word.match(/../g) ?? []).toReversed().join("")).join("");
}

/** An address as IPv4 where it is that. */
function plain(digits: string): string {
  return digits.startsWith(MAPPED) ? digits.slice(MAPPED.length) : digits;
}

/** What the table will say once something listens at `address`. */
export function listeningAt({ host, port }: BoundTcp): Listening {
  return { port, digits: digitsOf(host) };
}

/** How `wanted` stands to all of `table`. */
export function standingOf(wanted: ProbedSocket<BoundTcp>, table: readonly Listening[]): Standing {
  const digits = digitsOf(wanted.address.host);
  const standings = table
    .filter(({ port }) => port === wanted.address.port)
    .map((other) => standing(digits, wanted.onlyIpv6, other.digits));
  if (standings.includes("taken")) return "taken";
  return standings.includes("unclear") ? "unclear" : "free";
}

function standing(own: string, onlyIpv6: boolean, other: string): Standing {
  if (own.length === other.length) {
    return own === other || isWildcard(own) || isWildcard(other) ? "taken" : "free";
  }
  const isOwnIpv6 = own.length > other.length;
  if (!isWildcard(isOwnIpv6 ? own : other)) return "free";
  if (!isOwnIpv6) return "unclear";
  return onlyIpv6 ? "free" : "taken";
}

function isWildcard(digits: string): boolean {
  return /^0+$/.test(digits);
}

/** The digits of an address that is a number. */
function digitsOf(host: string): string {
  if (isIPv4(host)) return host.split(".").map(hexByte).join("");
  const [address = ""] = host.split("%"); // the zone of a link-local address
  const { hostname } = new URL(`http://[${address}]`);
  const [before = "", behind] = hostname.slice(1, -1).split("::");
  const head = groupsOf(before);
  const tail = groupsOf(behind ?? "");
  const gap = Array<string>(8 - head.length - tail.length).fill("0000");
  return plain([...head, ...gap, ...tail].join(""));
}

function groupsOf(text: string): readonly string[] {
  return text === "" ? [] : text.split(":").map((group) => group.padStart(4, "0"));
}

function hexByte(decimal: string): string {
  return Number(decimal).toString(16).padStart(2, "0");
}
