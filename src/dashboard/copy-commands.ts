/* Copy commands: a job as lines for a shell.
 *
 * A body is any bytes, and whoever copies a line pastes it into a shell: so every byte but letters,
 * digits and harmless signs leaves as an octal escape of printf within single quotes. No line feed
 * and no control character is ever in a line.
 */
import type { QueueAddress } from "../http/api.ts";
import type { JobAnswer } from "../http/api-jobs.ts";

/** A line to copy. */
export interface CopyCommand {
  readonly label: string;
  readonly line: string;
}

/** What nc(1) can connect to. */
type SocketAddress = Exclude<QueueAddress, { kind: "other" }>;

/** Where the shell's commands look when they are not told. */
const USUAL = { kind: "tcp", host: "127.0.0.1", port: 11300 } as const;

/**
 * Where the queue is for somebody at a shell: the first TCP address, or else the first Unix socket.
 *
 * @param pageHost the host in the page's address, for a server that listens on all of its addresses
 */
export function queueAddress(addresses: readonly QueueAddress[], pageHost: string): QueueAddress {
  const address = addresses.find(({ kind }) => kind === "tcp") ?? addresses[0] ?? USUAL;
  if (address.kind !== "tcp" || !["0.0.0.0", "::"].includes(address.host)) return address;
  return { ...address, host: pageHost.replace(/^\[(.*)\]$/, "$1") };
}

/** What can be copied of a job. */
export function copyCommands(
  job: JobAnswer,
  body: Uint8Array,
  address: QueueAddress,
): CopyCommand[] {
  const id = job.id;
  const homemaker = (words: string): string => `homemaker ${words}${addressFlag(address)}`;
  return [
    { label: "Copy put command", line: putLine(job, body, homemaker) },
    ...(job.body.isWhole && address.kind !== "other"
      ? [{ label: "Copy put in the protocol", line: protocolLine(job, body, address) }]
      : []),
    { label: "Copy peek command", line: homemaker(`peek ${id}`) },
    { label: "Copy failures command", line: homemaker(`failures ${id}`) },
    { label: "Copy kick command", line: homemaker(`kick-job ${id}`) },
    { label: "Copy delete command", line: homemaker(`delete ${id}`) },
  ];
}

function addressFlag(address: QueueAddress): string {
  if (address.kind === "other") return ` -a ${quoted(address.words)}`;
  if (address.kind === "unix") return ` -a ${quoted(`unix:${address.path}`)}`;
  const { host, port } = address;
  const isUsual = host === USUAL.host && port === USUAL.port;
  return isUsual ? "" : ` -a ${quoted(`${host.includes(":") ? `[${host}]` : host}:${port}`)}`;
}

function putLine(job: JobAnswer, body: Uint8Array, homemaker: (words: string) => string): string {
  const { pri, delaySeconds, ttrSeconds } = job;
  const flags = `--pri ${pri} --delay ${delaySeconds} --ttr ${ttrSeconds}`;
  const put = homemaker(`put ${quoted(job.tube)} ${flags}`);
  return job.body.isWhole
    ? `printf '${printfText(body)}' | ${put}`
    : `${homemaker(`peek ${job.id}`)} | ${put}`;
}

function protocolLine(job: JobAnswer, body: Uint8Array, address: SocketAddress): string {
  const { tube, pri, delaySeconds, ttrSeconds } = job;
  const use = `use ${escapedText(tube)}\\r\\n`;
  const put = `put ${pri} ${delaySeconds} ${ttrSeconds} ${body.length}\\r\\n`;
  return `printf '${use}${put}${printfText(body)}\\r\\nquit\\r\\n' | nc ${socketWords(address)}`;
}

function socketWords(address: SocketAddress): string {
  if (address.kind === "unix") return `-U ${quoted(address.path)}`;
  return `${quoted(address.host)} ${address.port}`;
}

/** Bytes as the format of printf, fit to stand between single quotes. */
function printfText(body: Uint8Array): string {
  let text = "";
  for (const [index, byte] of body.entries()) {
    // A dash at the beginning would be an option of printf.
    const isPlain = isHarmless(byte) && !(index === 0 && byte === 0x2d);
    text += isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, "0")}`;
  }
  return text;
}

function escapedText(text: string): string {
  return printfText(new TextEncoder().encode(text));
}

/** A word of a shell: the name of a tube, or an address that the server's owner chose. */
function quoted(word: string): string {
  return /^[\w./:+-]+$/.test(word) && !word.startsWith("-")
    ? word
    : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * Printable ASCII but the quote, the backslash, the percent sign, and the `!` of a shell's history.
 */
function isHarmless(byte: number): boolean {
  return (
    byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c && byte !== 0x25 && byte !== 0x21
  );
}
