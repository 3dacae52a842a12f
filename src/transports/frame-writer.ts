/* Frame writer: frames of a WebSocket's server (RFC 6455), which are not masked: what a session
 * writes as binary messages, and control frames.
 *
 * One FrameWriter serves all connections of a listener: a frame is put together in its memory and
 * has left it, or is lent with it, when the write returns. Used by web-socket-connection.ts.
 */
import type { Outlet } from "../transport.ts";
import { CONTROL_BYTES_MAX, OPCODE } from "./web-socket-codes.ts";

const FINAL = 0x80;
const HEADER_BYTES_MAX = 10;
/** Longer ones are not copied: their header leaves by itself. */
const COPIED_BYTES_MAX = 65_536;
const REASON = new TextEncoder();

/** Writes messages. */
export class FrameWriter {
  #room = newRoom();

  /** Writes `bytes` as one binary message. Returns what Outlet's `write` does. */
  write(outlet: Outlet, bytes: Uint8Array): boolean {
    const isCopied = bytes.length <= COPIED_BYTES_MAX;
    const needed = HEADER_BYTES_MAX + (isCopied ? bytes.length : 0);
    if (this.#room.length < needed) this.#room = newRoom();
    const at = putHeader(this.#room, OPCODE.binary, bytes.length);
    if (!isCopied) {
      this.#send(outlet, at);
      return outlet.write(bytes);
    }
    this.#room.set(bytes, at);
    this.#send(outlet, at + bytes.length);
    return false;
  }

  /** What is lent to the transport is not written to again: the next one goes behind it. */
  #send(outlet: Outlet, bytes: number): void {
    if (outlet.write(this.#room.subarray(0, bytes))) this.#room = this.#room.subarray(bytes);
  }
}

function newRoom(): Buffer {
  return Buffer.allocUnsafeSlow(HEADER_BYTES_MAX + COPIED_BYTES_MAX);
}

/** Returns the bytes of the header. */
function putHeader(room: Uint8Array, opcode: number, length: number): number {
  room[0] = FINAL | opcode;
  if (length <= CONTROL_BYTES_MAX) {
    room[1] = length;
    return 2;
  }
  const bytes = length < 65_536 ? 2 : 8;
  room[1] = bytes === 2 ? 126 : 127;
  let rest = length;
  for (let at = 1 + bytes; at > 1; at--) {
    room[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return 2 + bytes;
}

/** A Ping or a Pong with that in it, 125 bytes at most. */
export function controlFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(2 + payload.length);
  frame.set(payload, putHeader(frame, opcode, payload.length));
  return frame;
}

/** A Close; `reason` is ASCII, 123 bytes at most. */
export function closeFrame(code: number, reason: string): Uint8Array {
  return controlFrame(
    OPCODE.close,
    Uint8Array.of(code >> 8, code & 0xff, ...REASON.encode(reason)),
  );
}
