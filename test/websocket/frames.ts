/* Frames as a client makes them and as a server's are read: written down once more for the tests,
 * byte by byte from RFC 6455, so that the server's own reader and writer are not their judges.
 */

/** One frame of a client. */
export interface ClientFrame {
  readonly opcode: number;
  readonly payload: Uint8Array;
  /** True if absent. */
  readonly isFinal?: boolean;
  /** The three reserved bits as a number; 0 if absent. */
  readonly reserved?: number;
  /** Absent: the frame is not masked. */
  readonly mask?: Uint8Array;
  /** Bytes that the length is written with beside the seven bits; if absent, as few as do. */
  readonly lengthBytes?: 0 | 2 | 8;
}

/** One frame of a server. */
export interface ServerFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** The bytes of a frame. */
export function clientFrame(frame: ClientFrame): Buffer {
  const { opcode, payload, isFinal = true, reserved = 0, mask } = frame;
  const fewest = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const { lengthBytes = fewest } = frame;
  const begins = lengthBytes === 0 ? payload.length : lengthBytes === 2 ? 126 : 127;
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(payload.length));
  return Buffer.concat([
    Uint8Array.of(
      (isFinal ? 0x80 : 0) | (reserved << 4) | opcode,
      (mask === undefined ? 0 : 0x80) | begins,
    ),
    length.subarray(8 - lengthBytes),
    mask ?? Uint8Array.of(),
    mask === undefined ? payload : payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)),
  ]);
}

/** The frames that those bytes are. Throws if a server may not send such, and if one is cut off. */
export function serverFrames(bytes: Buffer): readonly ServerFrame[] {
  const { frames, rest } = wholeServerFrames(bytes);
  if (rest.length > 0) throw new Error("a frame is cut off");
  return frames;
}

/** The frames at the beginning of those bytes, and what is not whole. Throws as `serverFrames`. */
export function wholeServerFrames(bytes: Buffer): { frames: readonly ServerFrame[]; rest: Buffer } {
  const frames: ServerFrame[] = [];
  let rest = bytes;
  for (;;) {
    const frame = firstServerFrame(rest);
    if (frame === undefined) return { frames, rest };
    frames.push(frame);
    rest = rest.subarray(frame.bytes);
  }
}

/** The first frame, and how long it is; undefined if it is not whole. */
function firstServerFrame(bytes: Buffer): (ServerFrame & { bytes: number }) | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const begins = bytes.readUInt8(1);
  if ((first & 0xf0) !== 0x80) throw new Error(`a frame begins with ${first}`);
  if (begins > 127) throw new Error("a frame of the server is masked");
  const lengthBytes = begins < 126 ? 0 : begins === 126 ? 2 : 8;
  const header = 2 + lengthBytes;
  if (bytes.length < header) return undefined;
  const length =
    lengthBytes === 0
      ? begins
      : lengthBytes === 2
        ? bytes.readUInt16BE(2)
        : Number(bytes.readBigUInt64BE(2));
  const end = header + length;
  if (bytes.length < end) return undefined;
  return { opcode: first & 0x0f, payload: bytes.subarray(header, end), bytes: end };
}

/** The request that every WebSocket begins with, with more lines of its head. */
export function upgradeRequest(...more: readonly string[]): string {
  return [
    "GET / HTTP/1.1",
    "Host: 127.0.0.1:11302",
    "Upgrade: websocket",
    "Connection: keep-alive, Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...more,
    "\r\n",
  ].join("\r\n");
}
