/* InProcessWire: a session of this process as the wire of a client's connection, without a socket
 * between.
 *
 *   client -> send -> unsent -> Inlet -> session -> Outlet -> received -> client
 *
 * Invariants: every call to the session is made within a turn, and none while the client hears what
 * the session says, because then the session is in the middle of one. While the session wants no
 * input, what was sent waits here; once the input is over, it stays here. The listener hears the
 * end once, however it comes. Made by in-process.ts.
 */
import type { Wire, WireListener } from "../client/wire.ts";
import { countWithin } from "../near-commands.ts";
import type { NearCommands } from "../near-commands.ts";
import type { Inlet, Outlet } from "../transport.ts";

/** Most bytes that an inlet is given at once. */
const CHUNK_BYTES = 65_536;

/** One session, as a client reaches it. */
export class InProcessWire implements Wire {
  readonly #listener: WireListener;
  readonly #turn: (run: () => void) => void;
  readonly #inlet: Inlet;
  readonly #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  #isPaused = false;
  /** The client sends nothing more. */
  #isFinished = false;
  /** The session gets nothing more. */
  #isInputOver = false;
  /** The client hears something. */
  #isHeard = false;
  #isClosed = false;
  #near: NearCommands | undefined;
  readonly #left: () => void;

  /**
   * `open` makes the session; every call to it is made within `turn`. Calls `left` when the session
   * is closed.
   */
  constructor(
    listener: WireListener,
    open: (outlet: Outlet) => Inlet,
    turn: (run: () => void) => void,
    left: () => void = () => undefined,
  ) {
    this.#listener = listener;
    this.#turn = turn;
    this.#left = left;
    this.#inlet = open(this.#makeOutlet());
  }

  /** A client that closes within a turn takes nothing more of that turn. */
  #makeOutlet(): Outlet {
    const backlog = (): number => (this.#isClosed ? Infinity : 0);
    return {
      get backlogBytes() {
        return backlog();
      },
      write: (bytes) => this.#say(bytes),
      pause: () => void (this.#isPaused = true),
      resume: () => this.#resume(),
      close: () => queueMicrotask(() => this.close()),
    };
  }

  get takesAtOnce(): boolean {
    const isOpen = !this.#isClosed && !this.#isInputOver;
    return isOpen && !this.#isPaused && !this.#isHeard && this.#unsentBytes === 0;
  }

  get near(): NearCommands | undefined {
    const near = this.takesAtOnce ? this.#inlet.near : undefined;
    if (near === undefined) return undefined;
    // A session's is the same each time, so it is wrapped once and not for each call.
    return (this.#near ??= guarded(near, (run) => this.#takeNear(run)));
  }

  #takeNear(run: () => void): void {
    this.#isHeard = true;
    this.#turn(run);
    this.#isHeard = false;
  }

  send(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (bytes.length <= CHUNK_BYTES && this.takesAtOnce) {
      this.#turn(() => this.#inlet.receive(bytes));
      return;
    }
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      this.#unsent.push(bytes.subarray(at, at + CHUNK_BYTES));
    }
    this.#unsentBytes += bytes.length;
    if (this.#isHeard) queueMicrotask(() => this.#deliver());
    else this.#deliver();
  }

  /** Infinity when nothing more is taken: what is asked then certainly counts as not sent. */
  get backlogBytes(): number {
    return this.#isInputOver ? Infinity : this.#unsentBytes;
  }

  finish(): void {
    this.#isFinished = true;
    if (this.#isHeard) queueMicrotask(() => this.#deliver());
    else this.#deliver();
  }

  /** From now on the session gets no input; what it says is heard as before. */
  stopInput(): void {
    this.#isInputOver = true;
  }

  /** @param cause why, if nobody asked for it */
  close(cause?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#isHeard) queueMicrotask(() => this.#end(cause));
    else this.#end(cause);
  }

  /** Leaves the session as it is, which nobody may call any more. */
  abandon(cause: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.ended(cause);
  }

  #end(cause: Error | undefined): void {
    this.#turn(() => this.#inlet.closed());
    this.#left();
    this.#listener.ended(cause);
  }

  #deliver(): void {
    while (!this.#isPaused && !this.#isClosed && !this.#isInputOver) {
      const chunk = this.#unsent.shift();
      if (chunk === undefined) {
        this.#tellFinished();
        return;
      }
      this.#unsentBytes -= chunk.length;
      this.#turn(() => this.#inlet.receive(chunk));
    }
  }

  /** The session hears once that no more will come. */
  #tellFinished(): void {
    if (!this.#isFinished || this.#isInputOver) return;
    this.#isInputOver = true;
    this.#turn(() => this.#inlet.ended());
  }

  #resume(): void {
    this.#isPaused = false;
    if (this.#unsentBytes === 0 && !this.#isFinished) return;
    queueMicrotask(() => {
      this.#deliver();
      if (!this.#isClosed && this.#unsentBytes === 0) this.#listener.drained();
    });
  }

  /** What the session writes. Returns that its memory is not used any more. */
  #say(bytes: Uint8Array): boolean {
    if (this.#isClosed) return false;
    this.#isHeard = true;
    this.#listener.received(bytes);
    this.#isHeard = false;
    return false;
  }
}

/** Each call within `turn`; where that ends otherwise than by itself, nothing has been done. */
function guarded(near: NearCommands, turn: (run: () => void) => void): NearCommands {
  return {
    putMany: (...order) => countWithin(turn, () => near.putMany(...order)),
    reserve: (...order) => turn(() => near.reserve(...order)),
    reserveMany: (...order) => countWithin(turn, () => near.reserveMany(...order)),
    deleteMany: (ids) => countWithin(turn, () => near.deleteMany(ids)),
  };
}
