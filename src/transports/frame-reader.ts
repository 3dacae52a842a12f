/* FrameReader: takes the frames of a WebSocket's client apart (RFC 6455), as they come.
 *
 * A session takes a stream, so messages are not put together: what a frame brings is passed on at
 * once, however long its message is, and a piece is as good as a whole. Payloads are unmasked where
 * they lie; those of several frames in one chunk are moved together over the headers between them,
 * so that whoever reads gets one piece for each chunk. Only headers and control frames that a chunk
 * cuts are kept: 139 bytes at most. Invariants: nothing is read behind an ending; what came before
 * it has been passed on. Owned by web-socket-connection.ts.
 */
import { CLOSE, CONTROL_BYTES_MAX, isCloseCode, OPCODE } from "./web-socket-codes.ts";
import { Utf8Check } from "./utf8-check.ts";

/** Why no more frames are taken. */
export interface Ending {
  /** The peer has sent a Close frame that is in order; otherwise it has broken the rules. */
  readonly isClean: boolean;
  /** The code to answer with. */
  readonly code: number;
  /** What was wrong, for people; empty if nothing was. */
  readonly reason: string;
}

const FINAL = 0x80;
const RESERVED = 0x70;
const OPCODE_BITS = 0x0f;
const MASKED = 0x80;
const LENGTH_BITS = 0x7f;
const LENGTH_16 = 126;
const MASK_BYTES = 4;
const HEADER_BYTES_MAX = 14;
/** From here on four bytes at a time are unmasked: shorter ones are not worth the view. */
const WORDS_FROM_BYTES = 64;
const NOTHING = new Uint8Array(0);
const REASON = new TextDecoder("utf-8", { fatal: true });

/** The frames of one connection. */
export class FrameReader {
  readonly #messageBytesMax: number;
  readonly #pinged: (payload: Uint8Array) => void;
  readonly #header = new Uint8Array(HEADER_BYTES_MAX);
  #headerBytes = 0;
  #headerNeeds = 2;
  /* Of the frame under way. */
  #isInFrame = false;
  #opcode = 0;
  #isFinal = false;
  #leftBytes = 0;
  #mask = 0;
  /** How far into the mask its next byte is. */
  #phase = 0;
  /** Of the message under way: what it is (`continuation`: there is none), and how long so far. */
  #message: number = OPCODE.continuation;
  #messageBytes = 0;
  #text: Utf8Check | undefined;
  /** Absent until a control frame with something in it has come. */
  #control: Uint8Array | undefined;
  #controlBytes = 0;
  /** In the chunk that is being read, what is to be passed on lies at [from, to). */
  #from = 0;
  #to = 0;
  #ending: Ending | undefined;
  readonly #hasHalfClose: boolean;
  #isInputOver = false;

  /**
   * @param messageBytesMax how long a message may be
   * @param hasHalfClose whether an empty message means that nothing more comes
   * @param pinged called with what each Ping brings, valid only during the call
   */
  constructor(
    messageBytesMax: number,
    hasHalfClose: boolean,
    pinged: (payload: Uint8Array) => void,
  ) {
    this.#messageBytesMax = messageBytesMax;
    this.#hasHalfClose = hasHalfClose;
    this.#pinged = pinged;
  }

  /** Why no more is taken; undefined as long as there may be more. */
  get ending(): Ending | undefined {
    return this.#ending;
  }

  /** Whether the peer has said that nothing more comes: messages behind that bring nothing. */
  get isInputOver(): boolean {
    return this.#isInputOver;
  }

  /**
   * Reads a chunk, which is written over. Returns what its messages bring: a view of the chunk,
   * empty if they bring nothing.
   */
  read(chunk: Uint8Array): Uint8Array {
    this.#from = 0;
    this.#to = 0;
    let at = 0;
    while (at < chunk.length && this.#ending === undefined) {
      at = this.#isInFrame ? this.#readPayload(chunk, at) : this.#readHeader(chunk, at);
    }
    return this.#to === 0 ? NOTHING : chunk.subarray(this.#from, this.#to);
  }

  /** Returns where the header ends, or the chunk. */
  #readHeader(chunk: Uint8Array, start: number): number {
    const header = this.#header;
    let at = start;
    while (at < chunk.length) {
      header[this.#headerBytes++] = chunk[at++] ?? 0;
      if (this.#headerBytes === 2) {
        const second = header[1] ?? 0;
        const problem = this.#problemIn(header[0] ?? 0, second);
        if (problem !== undefined) return this.#fail(CLOSE.protocolError, problem, chunk);
        this.#headerNeeds = 2 + lengthBytes(second & LENGTH_BITS) + MASK_BYTES;
      } else if (this.#headerBytes === this.#headerNeeds) {
        this.#beginFrame(chunk);
        return at;
      }
    }
    return at;
  }

  /** What is wrong with the first two bytes of a frame; undefined if nothing is. */
  #problemIn(first: number, second: number): string | undefined {
    const opcode = first & OPCODE_BITS;
    if ((first & RESERVED) !== 0) return "a reserved bit is set";
    if ((second & MASKED) === 0) return "a client masks its frames";
    if (opcode >= OPCODE.close) return controlProblemIn(opcode, first, second);
    if (opcode > OPCODE.binary) return `there is no opcode ${opcode}`;
    const goesOn = opcode === OPCODE.continuation;
    if (goesOn === (this.#message !== OPCODE.continuation)) return undefined;
    return goesOn ? "there is no message to go on with" : "a message is not over yet";
  }

  #beginFrame(chunk: Uint8Array): void {
    const header = this.#header;
    const first = header[0] ?? 0;
    const length = lengthIn(header, (header[1] ?? 0) & LENGTH_BITS);
    this.#headerBytes = 0;
    if (length === undefined) {
      this.#fail(CLOSE.protocolError, "a length is written in the wrong form", chunk);
      return;
    }
    this.#opcode = first & OPCODE_BITS;
    this.#isFinal = (first & FINAL) !== 0;
    this.#leftBytes = length;
    this.#mask = maskIn(header, this.#headerNeeds - MASK_BYTES);
    this.#phase = 0;
    this.#isInFrame = true;
    if (this.#opcode < OPCODE.close && !this.#beginPart(length)) {
      this.#fail(CLOSE.tooBig, `a message has at most ${this.#messageBytesMax} bytes`, chunk);
    } else if (length === 0) this.#endFrame(chunk);
  }

  /** False if the message becomes too long. */
  #beginPart(length: number): boolean {
    if (this.#opcode !== OPCODE.continuation) {
      this.#message = this.#opcode;
      this.#messageBytes = 0;
      this.#text = this.#opcode === OPCODE.text ? new Utf8Check() : undefined;
    }
    this.#messageBytes += length;
    return this.#messageBytes <= this.#messageBytesMax;
  }

  /** Returns where the payload ends, or the chunk. */
  #readPayload(chunk: Uint8Array, at: number): number {
    const end = Math.min(chunk.length, at + this.#leftBytes);
    unmask(chunk, at, end, this.#mask, this.#phase);
    this.#phase = (this.#phase + end - at) & 3;
    this.#leftBytes -= end - at;
    if (this.#opcode >= OPCODE.close) this.#keepControl(chunk, at, end);
    else if (this.#text?.take(chunk, at, end) === false) return this.#failText(chunk);
    else this.#passOn(chunk, at, end);
    if (this.#leftBytes === 0) this.#endFrame(chunk);
    return end;
  }

  #passOn(chunk: Uint8Array, at: number, end: number): void {
    if (this.#isInputOver) return;
    if (this.#to === 0) {
      this.#from = at;
      this.#to = end;
    } else {
      chunk.copyWithin(this.#to, at, end);
      this.#to += end - at;
    }
  }

  #keepControl(chunk: Uint8Array, at: number, end: number): void {
    const control = (this.#control ??= new Uint8Array(CONTROL_BYTES_MAX));
    control.set(chunk.subarray(at, end), this.#controlBytes);
    this.#controlBytes += end - at;
  }

  #endFrame(chunk: Uint8Array): void {
    this.#isInFrame = false;
    if (this.#opcode >= OPCODE.close) this.#endControl();
    else if (this.#isFinal) this.#endMessage(chunk);
  }

  #endMessage(chunk: Uint8Array): void {
    this.#message = OPCODE.continuation;
    if (this.#messageBytes === 0 && this.#hasHalfClose) this.#isInputOver = true;
    if (this.#text?.isWhole === false) this.#failText(chunk);
    this.#text = undefined;
  }

  #endControl(): void {
    const payload = this.#control?.subarray(0, this.#controlBytes) ?? NOTHING;
    this.#controlBytes = 0;
    if (this.#opcode === OPCODE.ping) this.#pinged(payload);
    else if (this.#opcode === OPCODE.close) this.#ending = endingOf(payload);
  }

  #failText(chunk: Uint8Array): number {
    return this.#fail(CLOSE.notUtf8, "a text is not UTF-8", chunk);
  }

  /** Returns the end of the chunk, since nothing more of it is read. */
  #fail(code: number, reason: string, chunk: Uint8Array): number {
    this.#ending = { isClean: false, code, reason };
    return chunk.length;
  }
}

function controlProblemIn(opcode: number, first: number, second: number): string | undefined {
  if (opcode > OPCODE.pong) return `there is no opcode ${opcode}`;
  if ((first & FINAL) === 0) return "a control frame is in one piece";
  const isLong = (second & LENGTH_BITS) > CONTROL_BYTES_MAX;
  return isLong ? `a control frame has at most ${CONTROL_BYTES_MAX} bytes` : undefined;
}

/** How many bytes a length takes beside the seven bits that it begins with. */
function lengthBytes(begins: number): number {
  if (begins < LENGTH_16) return 0;
  return begins === LENGTH_16 ? 2 : 8;
}

/**
 * Undefined if it would have fitted in fewer bytes, or is 2^63 or more. Lengths that no number
 * holds exactly are far beyond every limit.
 */
function lengthIn(header: Uint8Array, begins: number): number | undefined {
  const bytes = lengthBytes(begins);
  if (bytes === 0) return begins;
  let length = 0;
  for (let at = 2; at < 2 + bytes; at++) length = length * 256 + (header[at] ?? 0);
  const least = bytes === 2 ? LENGTH_16 : 65_536;
  return length < least || length >= 2 ** 63 ? undefined : length;
}

function maskIn(header: Uint8Array, at: number): number {
  let mask = 0;
  for (let byte = 0; byte < MASK_BYTES; byte++) mask |= (header[at + byte] ?? 0) << (8 * byte);
  return mask;
}

/** The mask from its byte `phase` on. */
function turned(mask: number, phase: number): number {
  return phase === 0 ? mask : (mask >>> (8 * phase)) | (mask << (32 - 8 * phase));
}

/** Unmasks bytes[from, end), where the first one meets the mask's byte `phase`. */
function unmask(bytes: Uint8Array, from: number, end: number, mask: number, phase: number): void {
  let at = from;
  if (end - from >= WORDS_FROM_BYTES) {
    const aligned = from + (-(bytes.byteOffset + from) & 3);
    unmaskBytes(bytes, from, aligned, mask, phase);
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + aligned, (end - aligned) >>> 2);
    const wordMask = turned(mask, (phase + aligned - from) & 3);
    for (let word = 0; word < words.length; word++) words[word] = (words[word] ?? 0) ^ wordMask;
    at = aligned + words.length * 4;
  }
  unmaskBytes(bytes, at, end, mask, (phase + at - from) & 3);
}

function unmaskBytes(
  bytes: Uint8Array,
  from: number,
  end: number,
  mask: number,
  phase: number,
): void {
  for (let at = from; at < end; at++) {
    bytes[at] = (bytes[at] ?? 0) ^ (mask >>> (8 * ((phase + at - from) & 3)));
  }
}

/** What a Close frame with that in it makes. */
function endingOf(payload: Uint8Array): Ending {
  if (payload.length === 0) return { isClean: true, code: CLOSE.normal, reason: "" };
  const [high = 0, low = 0] = payload;
  const code = high * 256 + low;
  if (payload.length === 1 || !isCloseCode(code)) {
    return { isClean: false, code: CLOSE.protocolError, reason: "that is no code to close with" };
  }
  try {
    REASON.decode(payload.subarray(2));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { isClean: false, code: CLOSE.notUtf8, reason: "the reason is not UTF-8" };
  }
  return { isClean: true, code, reason: "" };
}
