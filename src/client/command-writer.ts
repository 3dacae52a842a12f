/* CommandWriter: puts commands into memory as they are sent, one behind the other.
 *
 *   put 1024 0 60 | 5 | idp:a CRLF | hello CRLF
 *   head            bytes  tail      body
 *
 * Invariants: what has been written is never written over, because a wire may use it for as long as
 * it likes; commands that were written one after the other mostly lie one behind the other, so that
 * they leave in one piece. The body is copied, whoever has it may use it again at once. Used by
 * connection.ts and link.ts.
 */
import { CR, LF } from "../protocol/ascii.ts";
import { quoted } from "../protocol/reply-line.ts";
import type { Call } from "./call.ts";
import { BadCommandError } from "./errors.ts";

/** A body: text is sent as UTF-8. */
export type Body = string | Uint8Array;

/** What is sent of a command. */
export interface CommandText {
  /** Its line; up to the number of its bytes, if it has a body. */
  readonly head: string;
  /** What stands behind that number. */
  readonly tail?: string | undefined;
  readonly body?: Body | undefined;
  /** The head says already how long the body is. */
  readonly saysBytes?: true;
  /** Commands that belong to it and follow. */
  readonly parts?: readonly CommandText[] | undefined;
  /** All that is sent, written already; then the rest is not sent. */
  readonly written?: Uint8Array | undefined;
}

const SLAB_BYTES_MIN = 1024;
const SLAB_BYTES_MAX = 65_536;
/** What is longer gets memory of its own. */
const SHARED_BYTES_MAX = SLAB_BYTES_MAX / 4;
/** A character of a text is at most so many bytes of UTF-8. */
const CHARACTER_BYTES_MAX = 3;
const SCRATCH = new Uint8Array(SHARED_BYTES_MAX);
const ENCODER = new TextEncoder();
const ASCII_MAX = 0x7f;

/** Where commands are written. */
export class CommandWriter {
  #slab = new Uint8Array(0);
  #at = 0;

  /** Writes a command, and tells the call where it lies. Throws a BadCommandError. */
  write(call: Call, text: CommandText): void {
    if (text.written !== undefined) {
      locate(call, text.written, 0, text.written.length);
      return;
    }
    if (text.parts !== undefined) {
      writeAlone(call, text, text.parts);
      return;
    }
    const body = bytesOf(text.body);
    const line = lineOf(text, body);
    const most = sizeOf(line, body);
    if (most > SHARED_BYTES_MAX) {
      const own = new Uint8Array(most);
      locate(call, own, 0, put(own, 0, line, body));
      return;
    }
    if (this.#slab.length - this.#at < most) this.#grow(most);
    const from = this.#at;
    this.#at = put(this.#slab, from, line, body);
    locate(call, this.#slab, from, this.#at);
  }

  #grow(bytes: number): void {
    const size = Math.min(SLAB_BYTES_MAX, Math.max(SLAB_BYTES_MIN, 2 * this.#slab.length, bytes));
    this.#slab = new Uint8Array(size);
    this.#at = 0;
  }
}

/** The line as it is sent, without CRLF. */
function lineOf({ head, tail = "", saysBytes }: CommandText, body: Uint8Array | undefined): string {
  return body === undefined || saysBytes === true ? head : head + body.length + tail;
}

/** A command with others that belong to it, in memory of its own. */
function writeAlone(call: Call, text: CommandText, parts: readonly CommandText[]): void {
  const all = [text, ...parts].map((part) => {
    const body = typeof part.body === "string" ? ENCODER.encode(part.body) : part.body;
    return { line: lineOf(part, body), body };
  });
  const own = new Uint8Array(all.reduce((sum, { line, body }) => sum + sizeOf(line, body), 0));
  let at = 0;
  for (const { line, body } of all) at = put(own, at, line, body);
  locate(call, own, 0, at);
}

function locate(call: Call, bytes: Uint8Array, from: number, to: number): void {
  call.bytes = bytes;
  call.from = from;
  call.to = to;
}

/** The bytes of a body; those of a short text are good until the next one is asked for. */
function bytesOf(body: Body | undefined): Uint8Array | undefined {
  if (typeof body !== "string") return body;
  if (body.length * CHARACTER_BYTES_MAX > SCRATCH.length) return ENCODER.encode(body);
  return SCRATCH.subarray(0, ENCODER.encodeInto(body, SCRATCH).written);
}

/** Most bytes that it takes. */
function sizeOf(line: string, body: Uint8Array | undefined): number {
  return line.length * CHARACTER_BYTES_MAX + 2 + (body === undefined ? 0 : body.length + 2);
}

/** Writes a line and a body, each with its CRLF; returns the position behind them. */
function put(to: Uint8Array, at: number, line: string, body: Uint8Array | undefined): number {
  const next = putEnd(to, putLine(to, at, line));
  if (body === undefined) return next;
  to.set(body, next);
  return putEnd(to, next + body.length);
}

function putLine(to: Uint8Array, at: number, line: string): number {
  for (let index = 0; index < line.length; index++) {
    const code = line.charCodeAt(index);
    if (code === CR || code === LF)
      throw new BadCommandError(`${quoted(line)} is more than a line`);
    if (code > ASCII_MAX) return at + index + encodeRest(to, at + index, line.slice(index));
    to[at + index] = code;
  }
  return at + line.length;
}

function encodeRest(to: Uint8Array, at: number, rest: string): number {
  if (/[\r\n]/.test(rest)) throw new BadCommandError(`${quoted(rest)} is more than a line`);
  return ENCODER.encodeInto(rest, to.subarray(at)).written;
}

function putEnd(to: Uint8Array, at: number): number {
  to[at] = CR;
  to[at + 1] = LF;
  return at + 2;
}
