/* WebSocketConnection: a WebSocket (RFC 6455) on any connection, between that and a session: the
 * Inlet of the one and the Outlet of the other.
 *
 *   connection -> request -> frames -> session      session -> frames -> connection
 *
 *   greeting -> open -> closing -> over
 *
 * The messages of a peer are one stream, and what the session writes leaves as binary messages; no
 * border between messages means anything. Closing: the session has closed, and the peer has not
 * sent its Close yet. Invariants: the session is opened when the handshake is done, and hears
 * `closed` once; behind our Close nothing is written. A Close of the peer is the end of its input,
 * as a FIN is: what it asked for is answered first. Back-pressure is the connection's in both
 * directions. Made by web-socket-door.ts.
 */
import type { Inlet, Outlet } from "../transport.ts";
import { FrameReader } from "./frame-reader.ts";
import type { Ending } from "./frame-reader.ts";
import { closeFrame, controlFrame } from "./frame-writer.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { RequestHead } from "./request-head.ts";
import { CLOSE, OPCODE } from "./web-socket-codes.ts";
import { noRequest, welcome } from "./web-socket-handshake.ts";
import type { Welcome } from "./web-socket-handshake.ts";

/** What all connections of a listener share. */
export interface WebSocketParts {
  /** As in WebSocketOptions. */
  readonly origins: readonly string[];
  /** As in WebSocketOptions. */
  readonly messageBytesMax: number;
  readonly writer: FrameWriter;
  /** The session of a connection whose handshake is done. */
  open(outlet: Outlet, token?: Uint8Array): Inlet;
  /** As in Door. */
  knows(token: Uint8Array): boolean | undefined;
  /** It has become open, or is closing, or over: others look after it from now on. */
  moved(connection: WebSocketConnection): void;
}

type State = "greeting" | "open" | "closing" | "over";

const NOTHING = new Uint8Array(0);
const UNHEARD = "nothing was heard for too long";

/** One WebSocket. */
export class WebSocketConnection implements Inlet, Outlet {
  readonly #out: Outlet;
  readonly #parts: WebSocketParts;
  #state: State = "greeting";
  /** There while it is greeting. */
  #head: RequestHead | undefined = new RequestHead();
  /* There once it is open. */
  #reader: FrameReader | undefined;
  #session: Inlet | undefined;
  /** The session knows that no more will come. */
  #isInputOver = false;
  /** The peer has sent its Close, or a FIN. */
  #hasPeerEnded = false;
  /** What our Close will say. */
  #code: number = CLOSE.normal;
  #isPaused = false;
  /** What the last Ping brought, while its Pong has to wait for the peer to read. */
  #owedPong: Uint8Array | undefined;
  /** Something has come since it was looked after. */
  #wasHeard = false;
  /** It was pinged, and nothing has come since. */
  #isAsked = false;

  constructor(out: Outlet, parts: WebSocketParts) {
    this.#out = out;
    this.#parts = parts;
  }

  get state(): State {
    return this.#state;
  }

  /* Inlet, of the connection. */

  receive(bytes: Uint8Array): void {
    this.#wasHeard = true;
    if (this.#state === "greeting") this.#greet(bytes);
    else this.#takeFrames(bytes);
  }

  ended(): void {
    this.#hasPeerEnded = true;
    if (this.#state === "open") this.#endInput();
    else this.#hangUp();
  }

  closed(): void {
    this.#move("over");
    this.#tellClosed();
  }

  drained(): void {
    if (this.#state !== "open") return;
    if (this.#owedPong !== undefined) this.#pong(this.#owedPong);
    this.#session?.drained();
  }

  leaving(): void {
    if (this.#state === "open") this.#out.write(closeFrame(CLOSE.goingAway, "the server stops"));
  }

  /* Outlet, of the session. */

  write(bytes: Uint8Array): boolean {
    return this.#state === "open" && this.#parts.writer.write(this.#out, bytes);
  }

  get backlogBytes(): number {
    return this.#out.backlogBytes;
  }

  get peer(): string | undefined {
    return this.#out.peer;
  }

  pause(): void {
    this.#isPaused = true;
    this.#out.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#out.resume();
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#out.write(closeFrame(this.#code, ""));
    if (this.#hasPeerEnded) {
      this.#hangUp();
      return;
    }
    this.#move("closing");
    this.#out.resume(); // the peer's Close is still to come
  }

  /* Called by the door's rounds. */

  /** Sees whether the peer of an open one is there; to be called once in each time of idleness. */
  lookAfter(): void {
    const mayBeSilent = this.#wasHeard || this.#isPaused;
    this.#wasHeard = false;
    if (mayBeSilent) this.#isAsked = false;
    else if (this.#isAsked) this.#fail(CLOSE.policy, UNHEARD);
    else {
      this.#isAsked = true;
      this.#out.write(controlFrame(OPCODE.ping, NOTHING));
    }
  }

  /** Closes the connection, whatever the peer still owes. */
  giveUp(): void {
    this.#hangUp();
  }

  /* Greeting. */

  #greet(bytes: Uint8Array): void {
    const gathered = this.#head;
    if (gathered === undefined) return;
    const head = gathered.take(bytes);
    if (head !== undefined) {
      this.#answer(welcome(head.text, this.#parts), bytes.subarray(head.end));
    } else if (gathered.isTooLong) this.#answer(noRequest("the request is too long"), NOTHING);
    else if (!gathered.isPlausible) this.#answer(noRequest("this is no request of HTTP"), NOTHING);
  }

  #answer({ text, isOpen, hasHalfClose, token }: Welcome, rest: Uint8Array): void {
    this.#head = undefined;
    this.#out.write(Buffer.from(text, "latin1"));
    if (!isOpen) {
      this.#hangUp();
      return;
    }
    const { messageBytesMax } = this.#parts;
    const pinged = (payload: Uint8Array): void => this.#pong(payload);
    this.#reader = new FrameReader(messageBytesMax, hasHalfClose, pinged);
    this.#move("open");
    this.#session = this.#parts.open(this, token);
    this.#wasHeard = rest.length > 0;
    if (this.#wasHeard) this.#takeFrames(rest);
  }

  /* Frames. */

  #takeFrames(bytes: Uint8Array): void {
    const reader = this.#reader;
    if (reader === undefined || reader.ending !== undefined) return;
    const data = reader.read(bytes);
    if (data.length > 0 && this.#takesInput) this.#session?.receive(data);
    if (reader.isInputOver) this.#endInput();
    if (reader.ending !== undefined) this.#end(reader.ending);
  }

  get #takesInput(): boolean {
    return this.#state === "open" && !this.#isInputOver;
  }

  /** The peer has closed, or broken the rules. */
  #end({ isClean, code, reason }: Ending): void {
    this.#hasPeerEnded = true;
    if (this.#state !== "open") this.#hangUp();
    else if (isClean) {
      this.#code = code;
      this.#endInput();
    } else this.#fail(code, reason);
  }

  /** The session answers what it was asked, and closes. */
  #endInput(): void {
    if (!this.#takesInput) return;
    this.#isInputOver = true;
    this.#session?.ended();
  }

  /** Ends it without the session, which hears at once that nobody is there. */
  #fail(code: number, reason: string): void {
    if (this.#state !== "open") return;
    this.#out.write(closeFrame(code, reason));
    this.#hangUp();
    this.#tellClosed();
  }

  #hangUp(): void {
    if (this.#state === "over") return;
    this.#move("over");
    this.#out.close();
  }

  #tellClosed(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.closed();
  }

  /**
   * Answers a Ping. A peer that sends many and reads nothing gets an answer to the last one only,
   * as the RFC allows.
   */
  #pong(payload: Uint8Array): void {
    this.#owedPong = undefined;
    if (this.#state !== "open") return;
    if (this.#out.backlogBytes > 0) this.#owedPong = payload.slice();
    else this.#out.write(controlFrame(OPCODE.pong, payload));
  }

  #move(state: State): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#parts.moved(this);
  }
}
