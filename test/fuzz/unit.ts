/* A unit: a piece of input after which the server stands at the start of a line again, whatever
 * state it is in.
 *
 * Streams are made of units, so that any subset of a stream is a stream too (which shrinking
 * needs), and so that the player knows where it may wait for replies. To find the end of a unit
 * this file reads input the way beanstalkd does: lines of at most 224 bytes, a body after each
 * acceptable `put`, a swallowed one after one that is too big. It also refuses what must not be in
 * a stream: what would block, what depends on the time of day, and what differences.ts lists as
 * generated around.
 */
import type { Addition } from "./differences.ts";

/** Longest line, its CRLF included. Longer lines are discarded in pieces of this size. */
export const LINE_BYTES_MAX = 224;
/** Delays and times to run below this might elapse during a run; those from here on never do. */
export const SAFE_SECONDS = 600;
/** A longer body than this would have to be made up when a mutated `put` asks for it. */
const BODY_BYTES_MAX = 200_000;

const U32_MAX = 4294967295;

/** One request in a unit: what the server answers with exactly one reply. */
export interface Request {
  /** The line without its CRLF. */
  readonly line: Buffer;
  /** Set for a `put` that makes a job if the body is right: what it asks for. */
  readonly put?: PutFields;
  /** Set for one of Homemaker's own, which the two servers answer differently. */
  readonly addition?: Addition;
  /** Only who does not know the addition before it takes this for a request. */
  readonly isPartOfAddition?: true;
}

/** The numbers of an acceptable `put`. */
export interface PutFields {
  readonly pri: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
  readonly bodyBytes: number;
  /** The body was followed by CRLF. */
  readonly wellEnded: boolean;
}

/** A piece of input with the requests in it. */
export interface Unit {
  readonly bytes: Buffer;
  readonly requests: readonly Request[];
}

/**
 * Makes a unit of these bytes: appends what is missing to complete the last body or line. Undefined
 * if they hold something that must not be in a stream.
 */
export function unitOf(input: Buffer, maxJobSizeBytes: number): Unit | undefined {
  const requests: Request[] = [];
  let bytes = input;
  let position = 0;
  do {
    let lineEnd = bytes.indexOf("\r\n", position);
    if (lineEnd < 0) {
      bytes = Buffer.concat([bytes, Buffer.from("\r\n")]);
      lineEnd = bytes.indexOf("\r\n", position);
    }
    const line = bytes.subarray(position, lineEnd);
    position = lineEnd + 2;
    if (losesItsEnd(line) || !isTame(line)) return undefined;
    const asked = line.length + 2 > LINE_BYTES_MAX ? undefined : putFields(line, maxJobSizeBytes);
    if (asked === undefined) {
      requests.push({ line });
      continue;
    }
    if (!isPatient(asked) || asked.bodyBytes > BODY_BYTES_MAX) return undefined;
    const end = position + asked.bodyBytes + 2;
    if (end > bytes.length)
      bytes = Buffer.concat([bytes, Buffer.alloc(end - bytes.length, "\r\n")]);
    const wellEnded = bytes.toString("latin1", end - 2, end) === "\r\n";
    requests.push(asked.tooBig ? { line } : { line, put: { ...asked, wellEnded } });
    position = end;
  } while (position < bytes.length);
  return { bytes, requests };
}

/** The unit of an addition, about the job with this id. */
export function unitOfAddition(addition: Addition, id: string): Unit {
  const text = addition.input.replace("ID", id);
  const [first = "", ...rest] = text.split("\r\n");
  const requests: Request[] = [
    { line: Buffer.from(first), addition },
    ...rest.map((line): Request => ({ line: Buffer.from(line), isPartOfAddition: true })),
  ];
  return { bytes: Buffer.from(`${text}\r\n`), requests };
}

/**
 * Whether beanstalkd would miss the end of this line (its CRLF not included): see
 * `one-bad-format-per-line` and `lone-cr`.
 */
function losesItsEnd(line: Buffer): boolean {
  const wholePieces = Math.floor((line.length + 1) / LINE_BYTES_MAX);
  if (wholePieces > 0 && (line.length + 1) % LINE_BYTES_MAX === 0) return true;
  return line.includes("\r", wholePieces * LINE_BYTES_MAX);
}

const SHORT_PAUSE = /^pause-tube *[^ ]+ +0*([1-9]\d*)$/;
const RELEASE = /^release +\d+ +\d+ +0*([1-9]\d*)$/;
const SAYS_WHY = /^(?:bury|release +\d+) +\d+ +\d+ +\d+$/;
const IN_MILLISECONDS = /^(?:put +\d+|release +\d+ +\d+) +\d+ms(?: |$)/;
const WEIGHS = /^watch [^ ]+ \d+$/;
/** A line that begins so is of another protocol, and ends the connection. */
export const OF_ANOTHER_PROTOCOL =
  /^(?:(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI) |\x16\x03|[Hh][Oo][Ss][Tt]:)/;
const HARMLESS_TIMEOUT = /^reserve-with-timeout +0+(?![0-9])/;

/**
 * Whether this line neither blocks, nor ends the connection, nor sets a clock that could run out
 * during the run.
 */
function isTame(line: Buffer): boolean {
  const text = line.toString("latin1");
  if (OF_ANOTHER_PROTOCOL.test(text)) return false;
  if (text.length + 2 > LINE_BYTES_MAX) return true;
  if ([SAYS_WHY, IN_MILLISECONDS, WEIGHS].some((form) => form.test(text))) return false;
  if (text === "reserve" || text.startsWith("quit")) return false;
  if (text.startsWith("reserve-with-timeout ") && !HARMLESS_TIMEOUT.test(text)) return false;
  const seconds = Number(SHORT_PAUSE.exec(text)?.[1] ?? RELEASE.exec(text)?.[1] ?? SAFE_SECONDS);
  return seconds >= SAFE_SECONDS;
}

/** Whether neither the delay nor the time to run of this job can be over before the run is. */
function isPatient(asked: Asked): boolean {
  const { tooBig, delaySeconds, ttrSeconds } = asked;
  if (tooBig) return true;
  return (delaySeconds === 0 || delaySeconds >= SAFE_SECONDS) && ttrSeconds >= SAFE_SECONDS;
}

type Asked = Omit<PutFields, "wellEnded"> & { readonly tooBig: boolean };

/**
 * What this line asks for if it is a `put` that is followed by a body; undefined if it is anything
 * else or malformed.
 */
function putFields(line: Buffer, maxJobSizeBytes: number): Asked | undefined {
  const match = /^put +(\d+) +(\d+) +(\d+) +(\d+)(.*)$/s.exec(line.toString("latin1"));
  if (match === null || line.includes(0)) return undefined;
  const [pri = 0, delaySeconds = 0, ttrSeconds = 0, bodyBytes = 0] = match.slice(1, 5).map(Number);
  if (Math.max(pri, delaySeconds, ttrSeconds, bodyBytes) > U32_MAX) return undefined;
  const tooBig = bodyBytes > maxJobSizeBytes;
  if (!tooBig && match[5] !== "") return undefined;
  return { pri, delaySeconds, ttrSeconds, bodyBytes, tooBig };
}
