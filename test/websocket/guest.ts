/* Guest: a connection whose other end is a test, through the door for WebSockets to a session that
 * sends everything back. No socket, no clock but the test's, and bytes arrive in the pieces that
 * the test chooses.
 */
import { webSocketDoor } from "../../src/transports/web-socket-door.ts";
import type { WebSocketOptions } from "../../src/config/web-socket-options.ts";
import type { Door } from "../../src/runtime.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import type { Inlet, Outlet } from "../../src/transport.ts";
import { serverFrames, upgradeRequest } from "./frames.ts";
import type { ServerFrame } from "./frames.ts";

const OPTIONS: WebSocketOptions = {
  wsOrigins: ["https://app.example.org"],
  wsMessageBytes: 2 ** 31,
  wsIdleMillis: 60_000,
};

/** What a guest may be told beside. */
export interface GuestOptions {
  readonly options?: Partial<WebSocketOptions>;
  readonly clock?: VirtualClock;
  /** What the session does when the peer has ended its input; if absent, it closes. */
  readonly stays?: boolean;
  /** Which tokens there are; if absent, nobody is asked for any. */
  readonly knows?: (token: string) => boolean;
}

/** One connection. */
export class Guest implements Outlet {
  /** What the session was told: the bytes, and the words "ended", "drained" and "closed". */
  readonly told: string[] = [];
  readonly sessionGot: Buffer[] = [];
  /** The session's way out; there once it was opened. */
  session: Outlet | undefined;
  readonly clock: VirtualClock;
  backlogBytes = 0;
  isPaused = false;
  isClosed = false;
  readonly peer = "the test";
  readonly #inlet: Inlet;
  readonly #stays: boolean;
  readonly #written: Buffer[] = [];

  /** The token that the session was opened with. */
  shown: string | undefined;

  constructor(about: GuestOptions = {}) {
    const { options = {}, clock = new VirtualClock(), stays = false } = about;
    this.clock = clock;
    const { knows } = about;
    this.#stays = stays;
    const door: Door = {
      admit: () => true,
      left: () => undefined,
      troubled: () => undefined,
      open: (outlet, token) => this.#openSession(outlet, token),
      knows: (token) => knows?.(Buffer.from(token).toString("latin1")),
    };
    this.#inlet = webSocketDoor(door, { ...OPTIONS, ...options }, clock).open(this);
  }

  /** One that has greeted, and whose greeting was answered. */
  static welcome(options: GuestOptions = {}, ...headers: readonly string[]): Guest {
    const guest = new Guest(options);
    guest.say(Buffer.from(upgradeRequest(...headers)));
    const answer = guest.takeText();
    if (!answer.startsWith("HTTP/1.1 101 ")) throw new Error(answer);
    return guest;
  }

  #openSession(outlet: Outlet, token: Uint8Array | undefined): Inlet {
    this.session = outlet;
    this.shown = token && Buffer.from(token).toString("latin1");
    return {
      receive: (bytes) => {
        this.sessionGot.push(Buffer.from(bytes));
        outlet.write(bytes);
      },
      ended: () => {
        this.told.push("ended");
        if (!this.#stays) outlet.close();
      },
      closed: () => void this.told.push("closed"),
      drained: () => void this.told.push("drained"),
    };
  }

  /* What the peer does. */

  /** Sends bytes, which arrive in one piece, or in pieces of these lengths and one of the rest. */
  say(bytes: Uint8Array, ...lengths: readonly number[]): void {
    let at = 0;
    for (const length of [...lengths, bytes.length]) {
      // The reader writes over what it reads, so each piece is a copy.
      const piece = Buffer.from(bytes.subarray(at, at + length));
      at += piece.length;
      if (piece.length > 0 && !this.isClosed) this.#inlet.receive(piece);
    }
  }

  end(): void {
    this.#inlet.ended();
  }

  vanish(): void {
    this.isClosed = true;
    this.#inlet.closed();
  }

  /** Takes what it was sent. */
  read(): void {
    this.backlogBytes = 0;
    this.#inlet.drained();
  }

  /** The server stops. */
  serverLeaves(): void {
    this.#inlet.leaving?.();
  }

  /* What it sees. */

  /** What was sent since, as text. */
  takeText(): string {
    return Buffer.concat(this.#written.splice(0)).toString("latin1");
  }

  /** What was sent since, as frames. */
  takeFrames(): readonly ServerFrame[] {
    return serverFrames(Buffer.concat(this.#written.splice(0)));
  }

  /** What the session got, in one piece. */
  get input(): Buffer {
    return Buffer.concat(this.sessionGot);
  }

  /* Outlet. */

  write(bytes: Uint8Array): boolean {
    if (this.isClosed) throw new Error("written behind the close");
    this.#written.push(Buffer.from(bytes));
    return false;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(): void {
    this.isClosed = true;
  }
}
