/* InProcessConnection: a client of the protocol in the server's own process, without a socket
 * between.
 *
 * It is the outlet of a session and drives that session's inlet. Commands may be asked for without
 * waiting for the replies of earlier ones; these come in order, as on any connection, and those
 * that the journal's gate holds back come when they are safe. While the session wants no input,
 * what is asked for waits here. Made by in-process.ts.
 */
import type { Inlet, Outlet } from "../transport.ts";

/** What came back for one command. */
export interface Reply {
  /** Its first word, for instance "OK", "FOUND", "NOT_FOUND". */
  readonly word: string;
  /** The words behind it. */
  readonly words: readonly string[];
  /** What followed the line, without its CRLF; empty for replies of one line. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The session ended before it answered. */
class ConnectionClosedError extends Error {
  override readonly name = "ConnectionClosedError";
  readonly code = "HM_CONNECTION_CLOSED";
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** The replies that bring a body, whose length is their last word. */
const WITH_BODY: ReadonlySet<string> = new Set(["OK", "FOUND", "RESERVED"]);
/** Most bytes that an inlet is given at once. */
const CHUNK_BYTES = 65_536;
const LF = 10;
const CRLF_BYTES = 2;
const ENCODER = new TextEncoder();
const LATIN1 = new TextDecoder("latin1");
const NOTHING = new Uint8Array(0);

/** One session, and its client. */
export class InProcessConnection implements Outlet {
  readonly backlogBytes = 0;
  readonly #inlet: Inlet;
  readonly #turn: (run: () => void) => void;
  readonly #waiting: Waiting[] = [];
  readonly #unsent: Uint8Array[] = [];
  /** Replies that have come in part. */
  #received: Uint8Array<ArrayBuffer> = NOTHING;
  #isPaused = false;
  #isClosed = false;

  /** `open` makes the session; every call to it is made within `turn`. */
  constructor(open: (outlet: Outlet) => Inlet, turn: (run: () => void) => void) {
    this.#turn = turn;
    this.#inlet = open(this);
  }

  /** Sends a command, without its CRLF. Rejects with a ConnectionClosedError. */
  ask(command: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(closedError());
        return;
      }
      this.#waiting.push({ resolve, reject });
      this.#send(ENCODER.encode(`${command}\r\n`));
    });
  }

  /** Ends the session; what was not answered is rejected. */
  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#turn(() => this.#inlet.closed());
    for (const { reject } of this.#waiting.splice(0)) reject(closedError());
  }

  #send(bytes: Uint8Array): void {
    if (this.#isPaused || this.#unsent.length > 0) this.#unsent.push(bytes);
    else this.#deliver(bytes);
  }

  #deliver(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      this.#turn(() => this.#inlet.receive(bytes.subarray(at, at + CHUNK_BYTES)));
    }
  }

  /* Outlet: what the session calls. */

  write(bytes: Uint8Array): boolean {
    const all = new Uint8Array(this.#received.length + bytes.length);
    all.set(this.#received);
    all.set(bytes, this.#received.length);
    this.#received = all.subarray(this.#readReplies(all));
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    queueMicrotask(() => {
      while (!this.#isPaused && !this.#isClosed) {
        const next = this.#unsent.shift();
        if (next === undefined) break;
        this.#deliver(next);
      }
    });
  }

  close(): void {
    queueMicrotask(() => this.end());
  }

  /** Hands out the replies that are complete; returns where the rest begins. */
  #readReplies(all: Uint8Array<ArrayBuffer>): number {
    let at = 0;
    while (at < all.length) {
      const lineEnd = all.indexOf(LF, at) - 1;
      if (lineEnd < 0) break;
      const [word = "", ...words] = LATIN1.decode(all.subarray(at, lineEnd)).split(" ");
      const bodyStart = lineEnd + CRLF_BYTES;
      const hasBody = WITH_BODY.has(word);
      const bodyEnd = bodyStart + (hasBody ? Number(words.at(-1)) : 0);
      const end = hasBody ? bodyEnd + CRLF_BYTES : bodyEnd;
      if (end > all.length) break;
      this.#waiting.shift()?.resolve({ word, words, body: all.slice(bodyStart, bodyEnd) });
      at = end;
    }
    return at;
  }
}

function closedError(): ConnectionClosedError {
  return new ConnectionClosedError("the session ended before it answered");
}
