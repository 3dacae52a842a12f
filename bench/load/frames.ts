/* Frames: a WebSocket of the load's, so thin that it is the server's frames that are measured.
 *
 * Each write is one binary message in one frame, masked with zeros, as a client may: that leaves
 * its bytes as they are, while the server unmasks as ever. What comes is taken out of its frames
 * where it lies. Only what the server sends to this load is understood: messages of bytes.
 */
import type { Socket } from "node:net";

const BINARY = 0x82;
const MASKED = 0x80;
const HEADER_BYTES_MAX = 14;
const LENGTH_BITS = 0x7f;
const LENGTH_16 = 126;

/** The request that it begins with; whom it is for does not matter. */
export const UPGRADE = [
  "GET / HTTP/1.1",
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "\r\n",
].join("\r\n");

/** Sends the bytes as one message, in one write of the system. */
export function sendFramed(socket: Socket, bytes: Uint8Array): void {
  socket.cork();
  socket.write(headerOf(bytes.length));
  socket.write(bytes);
  socket.uncork();
}

/** With a mask of zeros. */
function headerOf(length: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES_MAX));
  header.setUint8(0, BINARY);
  if (length < LENGTH_16) {
    header.setUint8(1, MASKED | length);
    return new Uint8Array(header.buffer, 0, 6);
  }
  if (length < 65_536) {
    header.setUint8(1, MASKED | LENGTH_16);
    header.setUint16(2, length);
    return new Uint8Array(header.buffer, 0, 8);
  }
  header.setUint8(1, MASKED | LENGTH_BITS);
  header.setBigUint64(2, BigInt(length));
  return new Uint8Array(header.buffer);
}

/** Takes the frames of one connection away. */
export class Unframer {
  readonly #header = new Uint8Array(HEADER_BYTES_MAX);
  #headerBytes = 0;
  /** Of the frame under way. */
  #leftBytes = 0;

  /**
   * Moves what the frames in bytes[0, count) bring to the beginning; returns how much that is.
   * Throws at a frame of another kind.
   */
  take(bytes: Uint8Array, count: number): number {
    let to = 0;
    for (let at = 0; at < count;) {
      if (this.#leftBytes === 0) at = this.#readHeader(bytes, at, count);
      const end = Math.min(count, at + this.#leftBytes);
      if (to !== at) bytes.copyWithin(to, at, end);
      this.#leftBytes -= end - at;
      to += end - at;
      at = end;
    }
    return to;
  }

  /** Returns where the header ends, or the bytes. */
  #readHeader(bytes: Uint8Array, start: number, end: number): number {
    const header = this.#header;
    for (let at = start; at < end;) {
      header[this.#headerBytes++] = bytes[at++] ?? 0;
      if (header[0] !== BINARY) throw new Error(`the server sent a frame that begins ${header[0]}`);
      const begins = header[1] ?? 0;
      const needs = begins < LENGTH_16 ? 2 : begins === LENGTH_16 ? 4 : 10;
      if (this.#headerBytes < 2 || this.#headerBytes < needs) continue;
      this.#leftBytes = begins < LENGTH_16 ? begins : lengthIn(header.subarray(2, needs));
      this.#headerBytes = 0;
      return at;
    }
    return end;
  }
}

function lengthIn(bytes: Uint8Array): number {
  return bytes.reduce((length, byte) => length * 256 + byte, 0);
}
