/* FramingClient: the client of a WebSocket that speaks as oddly as RFC 6455 lets it.
 *
 * The stream goes out in messages of any size, those in fragments of any size, empty ones among
 * them, with Pings in between, as bytes or, where it is ASCII, as text; all of that arrives in
 * pieces of any size. What comes is put together again, and Pings and the Close are answered. A
 * seed decides everything. It asks for the protocol under which an empty message is a half-close,
 * so no other message of it is empty.
 */
import { HALF_CLOSE_PROTOCOL } from "../../src/protocol/half-close.ts";
import { Random } from "../support/random.ts";
import { PIECE_BYTES_MAX } from "../support/voice.ts";
import type { Heard, Voice } from "../support/voice.ts";
import { clientFrame, upgradeRequest, wholeServerFrames } from "./frames.ts";
import type { ServerFrame } from "./frames.ts";

const OPCODE = { goOn: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const NOTHING = Buffer.alloc(0);
const NO_MASK = Buffer.alloc(4);
const HEAD_END = "\r\n\r\n";
const PINGED_BYTES_MAX = 125;
/** About how many messages or pieces the longest inputs are cut into: finer ones take too long. */
const PARTS_MAX = 200;
/** How long the parts of one message, or of what arrives of it, are at most. */
const PART_BYTES = [1, 7, 230, 5000, 70_000] as const;

/** What one connection says, and understands. */
export class FramingClient implements Voice {
  readonly #random: Random;
  readonly #headers: readonly string[];
  #isWelcome = false;
  /** What came and is not whole. */
  #rest: Buffer = NOTHING;
  /** What the Pings brought that are not answered yet. */
  readonly #pings: Buffer[] = [];
  /** The code of the server's Close. */
  code: number | undefined;

  /** @param headers more lines of the request */
  constructor(seed: number, ...headers: readonly string[]) {
    this.#random = new Random(seed);
    this.#headers = [`Sec-WebSocket-Protocol: ${HALF_CLOSE_PROTOCOL}`, ...headers];
  }

  greet(): readonly Buffer[] {
    return this.#pieces([Buffer.from(upgradeRequest(...this.#headers))]);
  }

  say(bytes: Uint8Array): readonly Buffer[] {
    const frames = [...this.#parts(Buffer.from(bytes))].flatMap((part) => this.#message(part));
    return this.#pieces(frames);
  }

  finish(): readonly Buffer[] {
    return this.#pieces([this.#frame(OPCODE.binary, NOTHING)]);
  }

  hear(bytes: Uint8Array): Heard {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    if (!this.#isWelcome && !this.#takeHead()) return { data: NOTHING, answers: [] };
    const { frames, rest } = wholeServerFrames(this.#rest);
    this.#rest = rest;
    const answers = frames.flatMap((frame) => this.#answersTo(frame));
    const data = frames.filter(({ opcode }) => opcode === OPCODE.binary);
    return { data: Buffer.concat(data.map(({ payload }) => payload)), answers };
  }

  /** Whether the server's answer to the request is here, which it takes off what is. */
  #takeHead(): boolean {
    const end = this.#rest.indexOf(HEAD_END);
    if (end < 0) return false;
    const head = this.#rest.toString("latin1", 0, end);
    const isRight = head.startsWith("HTTP/1.1 101 ") && head.includes(`: ${HALF_CLOSE_PROTOCOL}`);
    if (!isRight) throw new Error(`the request was answered with ${head}`);
    this.#rest = this.#rest.subarray(end + HEAD_END.length);
    this.#isWelcome = true;
    return true;
  }

  #answersTo({ opcode, payload }: ServerFrame): readonly Buffer[] {
    if (opcode === OPCODE.binary) return [];
    if (opcode === OPCODE.ping) return this.#pieces([this.#frame(OPCODE.pong, payload)]);
    if (opcode === OPCODE.close) {
      this.code = payload.readUInt16BE(0);
      return this.#pieces([this.#frame(OPCODE.close, payload)]);
    }
    // Of several Pings only the last need be answered.
    const at = this.#pings.findIndex((pinged) => pinged.equals(payload));
    if (opcode !== OPCODE.pong || at < 0) throw new Error(`the server sent an odd frame ${opcode}`);
    this.#pings.splice(0, at + 1);
    return [];
  }

  /** The frames of one message. */
  #message(bytes: Buffer): readonly Buffer[] {
    const random = this.#random;
    const isText = random.oneIn(3) && bytes.every((byte) => byte < 0x80);
    const fragments = random.oneIn(2) ? [bytes] : [...this.#parts(bytes)];
    if (random.oneIn(4)) fragments.unshift(NOTHING);
    if (random.oneIn(4)) fragments.push(NOTHING);
    return fragments.flatMap((fragment, index) => {
      const opcode = index > 0 ? OPCODE.goOn : isText ? OPCODE.text : OPCODE.binary;
      const frame = this.#frame(opcode, fragment, index === fragments.length - 1);
      return random.oneIn(8) ? [this.#ping(), frame] : [frame];
    });
  }

  #ping(): Buffer {
    const pinged = this.#random.bytes(this.#random.below(PINGED_BYTES_MAX + 1));
    this.#pings.push(pinged);
    return this.#frame(OPCODE.ping, pinged);
  }

  #frame(opcode: number, payload: Uint8Array, isFinal = true): Buffer {
    const random = this.#random;
    const mask = random.oneIn(4) ? NO_MASK : random.bytes(4);
    return clientFrame({ opcode, payload, isFinal, mask });
  }

  /** Those frames, as they arrive. */
  #pieces(frames: readonly Buffer[]): readonly Buffer[] {
    return [...this.#parts(Buffer.concat(frames), PIECE_BYTES_MAX)];
  }

  *#parts(bytes: Buffer, bytesMax = Infinity): Iterable<Buffer> {
    const random = this.#random;
    const isWhole = random.oneIn(4);
    const fine = random.pick(PART_BYTES);
    const most = isWhole ? bytes.length : Math.max(fine, bytes.length / PARTS_MAX);
    const likes = Math.ceil(Math.min(most, bytesMax));
    for (let at = 0; at < bytes.length;) {
      const length = isWhole ? likes : random.between(1, likes);
      yield bytes.subarray(at, at + length);
      at += length;
    }
  }
}
