/* Trace: what -V and -VV tell of a connection: that it came and went; each command line and each
 * reply line.
 *
 *   transport -> TracedInlet -> session -> TracedOutlet -> transport
 *
 * Bodies are never told, only their sizes, and tokens are not told at all. Input is told as it
 * arrives, before the session sees it, so that the commands of one chunk stand before their
 * replies. A reply that the table of replies does not have is a defect of the session. Without -V
 * and -VV none of this stands between transport and session. Used by server/thread.ts.
 */

import type { LogFields, LogLevel } from "../log.ts";
import { textOf } from "../protocol/ascii.ts";
import { BRINGS_BODY, OP } from "../protocol/commands.ts";
import { looksLikeAnotherProtocol } from "../protocol/foreign.ts";
import { Command, parseLine } from "../protocol/line.ts";
import { ReplyFraming } from "../protocol/reply-reader.ts";
import type { TraceSettings } from "../runtime.ts";
import type { Inlet, Outlet } from "../transport.ts";
import { LONGEST_LINE_BYTES, lineBytesMax } from "../protocol/line-length.ts";

/** Takes what is told. */
export type Tell = (level: LogLevel, message: string, fields: LogFields) => void;

const CR = 13;
const LF = 10;

/**
 * Opens a session behind a trace.
 *
 * @param open makes the session of an outlet
 * @param connection names the connection among those of its thread
 */
export function openTraced(
  outlet: Outlet,
  open: (outlet: Outlet) => Inlet,
  connection: number,
  { verbosity, maxJobBytes }: TraceSettings,
  tell: Tell,
): Inlet {
  tell("debug", "accepted a connection", { connection });
  const gone = (): void => tell("debug", "a connection is closed", { connection });
  if (verbosity < 2) return new TracedInlet(open(outlet), undefined, gone);
  const commands = new CommandLines(maxJobBytes, (line, body) =>
    tell("trace", "command", { connection, line, ...body }),
  );
  const replies = new ReplyFraming({
    line: ({ line, bodyBytes }) =>
      tell("trace", "reply", { connection, line, ...(bodyBytes !== undefined && { bodyBytes }) }),
    body: () => undefined,
    end: () => undefined,
  });
  return new TracedInlet(open(new TracedOutlet(outlet, replies)), commands, gone);
}

class TracedInlet implements Inlet {
  readonly #inlet: Inlet;
  readonly #commands: CommandLines | undefined;
  readonly #gone: () => void;

  constructor(inlet: Inlet, commands: CommandLines | undefined, gone: () => void) {
    this.#inlet = inlet;
    this.#commands = commands;
    this.#gone = gone;
  }

  receive(bytes: Uint8Array): void {
    this.#commands?.follow(bytes);
    this.#inlet.receive(bytes);
  }

  ended(): void {
    this.#inlet.ended();
  }

  closed(): void {
    this.#inlet.closed();
    this.#gone();
  }

  drained(): void {
    this.#inlet.drained();
  }
}

class TracedOutlet implements Outlet {
  readonly #outlet: Outlet;
  readonly #replies: ReplyFraming;

  constructor(outlet: Outlet, replies: ReplyFraming) {
    this.#outlet = outlet;
    this.#replies = replies;
  }

  write(bytes: Uint8Array): boolean {
    this.#replies.take(bytes);
    return this.#outlet.write(bytes);
  }

  get backlogBytes(): number {
    return this.#outlet.backlogBytes;
  }

  get peer(): string | undefined {
    return this.#outlet.peer;
  }

  pause(): void {
    this.#outlet.pause();
  }

  resume(): void {
    this.#outlet.resume();
  }

  close(): void {
    this.#outlet.close();
  }
}

/** Size of the body that follows a line, without its CRLF; absent when none does. */
interface Body {
  readonly bodyBytes?: number;
}

/** What follows a command line: a body or none, or nothing more that counts. */
type Sequel = Body | "end";

/** Finds the command lines in input that comes in pieces. Keeps at most one line. */
class CommandLines {
  readonly #maxJobBytes: number;
  readonly #tell: (line: string, body: Body) => void;
  readonly #line = new Uint8Array(LONGEST_LINE_BYTES);
  /** Bytes of the line so far, those that were not kept included. */
  #bytes = 0;
  #last = 0;
  #bodyLeft = 0;

  constructor(maxJobBytes: number, tell: (line: string, body: Body) => void) {
    this.#maxJobBytes = maxJobBytes;
    this.#tell = tell;
  }

  follow(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const skipped = Math.min(this.#bodyLeft, bytes.length - at);
      this.#bodyLeft -= skipped;
      at += skipped;
      if (at < bytes.length) this.#take(bytes[at++] ?? 0);
    }
  }

  #take(byte: number): void {
    if (byte === LF && this.#last === CR) {
      this.#endLine();
      return;
    }
    if (this.#bytes < LONGEST_LINE_BYTES) this.#line[this.#bytes] = byte;
    this.#bytes++;
    this.#last = byte;
  }

  /** A line that is too long is told as far as it was kept; for the session it is no command. */
  #endLine(): void {
    const length = this.#bytes - 1;
    this.#bytes = 0;
    this.#last = 0;
    const most = lineBytesMax(this.#line, 0, Math.min(length, LONGEST_LINE_BYTES));
    const isWhole = length + 2 <= most;
    const line = this.#line.subarray(0, isWhole ? length : most);
    const sequel = isWhole ? commandBody(line, this.#maxJobBytes) : {};
    if (sequel === "end") this.#bodyLeft = Infinity;
    else if (sequel.bodyBytes !== undefined) this.#bodyLeft = sequel.bodyBytes + 2;
    this.#tell(shown(textOf(line)) + (isWhole ? "" : "..."), sequel === "end" ? {} : sequel);
  }
}

const command = new Command();

/**
 * As the session frames its input: the body of a put that has something behind its size is
 * swallowed only if it is too big.
 */
function commandBody(line: Uint8Array, maxJobBytes: number): Sequel {
  const op = parseLine(line, 0, line.length, command);
  const isUnknown = op >= OP.BAD_FORMAT;
  if (op === OP.QUIT || (isUnknown && looksLikeAnotherProtocol(line, 0, line.length))) return "end";
  const isVoid = op === OP.PUT && command.garbage && command.bytes <= maxJobBytes;
  const hasBody = BRINGS_BODY.has(op) ? !isVoid : !isUnknown && command.hasFailure;
  return hasBody ? { bodyBytes: command.bytes } : {};
}

/** Nothing tells a token, not even where the space before it was forgotten. */
function shown(line: string): string {
  return line.replace(/^(\s*auth).+/is, "$1 ***");
}
