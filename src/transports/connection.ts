/* Connection: one accepted socket, as the Outlet of a session whose Inlet it drives.
 *
 * Invariants: `closed` reaches the Inlet exactly once, last, and as soon as the socket has failed:
 * the "close" of the socket comes later, and meanwhile the session would take jobs for nobody.
 * After `close` or `finish` no input reaches the Inlet. Input comes in one of two ways: into a
 * buffer that all connections of the thread share (`acceptLent`, one system call and no allocation
 * per read), or as the `data` events of an ordinary stream (`acceptStream`). Writes go out in one
 * system call where the socket takes them; only what it does not take costs a callback. Made by the
 * acceptor.
 */
import { Socket, type OnReadOpts, type SocketConstructorOpts } from "node:net";
import type { Door } from "../runtime.ts";
import type { Inlet, Outlet } from "../transport.ts";
import { READ_BYTES, type ReadBuffer } from "./read-buffer.ts";

/** A closing connection whose peer takes nothing for this long is cut off. */
const FLUSH_IDLE_MS = 10_000;
/** A peer that is silent for this long is probed by TCP. */
const KEEP_ALIVE_MS = 60_000;
const NOTHING = new Uint8Array(0);
/**
 * Under which a socket has its connection. All sockets share their listeners: one of their own for
 * each would take 300 bytes.
 */
const OWNER = Symbol("owner");

/** A socket of ours. */
type OwnedSocket = Socket & { [OWNER]?: Connection };

function hasEnded(this: OwnedSocket): void {
  this[OWNER]?.ended();
}

function hasFailed(this: OwnedSocket): void {
  this.destroy();
  this[OWNER]?.failed();
}

function hasClosed(this: OwnedSocket): void {
  this[OWNER]?.closed();
}

/** Has sockets read into that memory. Node calls back on the socket that it has read from. */
export function readInto(buffer: ReadBuffer): OnReadOpts {
  return {
    buffer: buffer.bytes,
    callback(this: OwnedSocket, bytes: number): boolean {
      this[OWNER]?.receive(buffer.first(bytes));
      return true;
    },
  };
}

/** What a server's native handle accepts; the constructor of Socket takes it. */
export type LentHandle = object;

/** One connection. */
export class Connection implements Outlet {
  readonly #socket: Socket;
  readonly #door: Door;
  readonly #left: (connection: Connection) => void;
  readonly #inlet: Inlet;
  /**
   * Called after each write over TLS. Elsewhere an empty write behind all of them says that they
   * are out; over TLS Deno ends the connection on that.
   */
  readonly #told: (() => void) | undefined;
  #awaitsDrain = false;
  #isClosing = false;
  /** The session has been told that the connection is gone. */
  #isGone = false;

  /** Takes over a native handle; other connections may read into the same memory (`readInto`). */
  static acceptLent(
    handle: LentHandle,
    onread: OnReadOpts,
    door: Door,
    left: (connection: Connection) => void,
  ): Connection {
    // Its types know other handles only.
    const settings = { handle, allowHalfOpen: true, onread } as SocketConstructorOpts;
    const socket = new Socket(settings);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return new Connection(socket, door, left);
  }

  /** Takes over a socket that a server has made. */
  static acceptStream(
    socket: Socket,
    door: Door,
    left: (connection: Connection) => void,
  ): Connection {
    const connection = new Connection(socket, door, left);
    socket.on("data", (bytes: Buffer) => connection.#receiveChunk(bytes));
    return connection;
  }

  private constructor(socket: OwnedSocket, door: Door, left: (connection: Connection) => void) {
    this.#socket = socket;
    this.#door = door;
    this.#left = left;
    this.#told = "encrypted" in socket ? () => this.#written() : undefined;
    socket[OWNER] = this;
    socket.on("end", hasEnded);
    socket.on("error", hasFailed);
    socket.on("close", hasClosed);
    this.#inlet = door.open(this);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosing) return false;
    const socket = this.#socket;
    if (socket.writableLength !== 0) return this.#queue(bytes);
    socket.write(bytes, this.#told);
    if (socket.writableLength === 0) return false;
    this.#awaitDrain();
    return true;
  }

  /**
   * What must wait is copied. Otherwise a few bytes would keep alive the whole buffer that they lie
   * in.
   */
  #queue(bytes: Uint8Array): boolean {
    this.#socket.write(Buffer.from(bytes), this.#told);
    this.#awaitDrain();
    return false;
  }

  /** A socket that has failed drops what it could not write: then its own count says nothing. */
  get backlogBytes(): number {
    return this.#socket.writable ? this.#socket.writableLength : Infinity;
  }

  /** A peer on a Unix socket has no address. */
  get peer(): string {
    const { remoteAddress, remotePort } = this.#socket;
    if (remoteAddress === undefined) return "unix";
    const host = remoteAddress.includes(":") ? `[${remoteAddress}]` : remoteAddress;
    return `${host}:${remotePort ?? 0}`;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#isClosing = true;
    if (this.#socket.writableLength !== 0) {
      this.#socket.setTimeout(FLUSH_IDLE_MS, () => this.#socket.destroy());
    }
    this.#socket.destroySoon();
  }

  /**
   * Flushes what was written and sends a FIN, but goes on reading (to no end) until the peer
   * closes: bytes that nobody reads would turn the close into a reset, and a reset can overtake the
   * last replies. Calls `flushed` when the FIN is out.
   */
  finish(flushed: () => void): void {
    if (!this.#isClosing) this.#inlet.leaving?.();
    this.#isClosing = true;
    this.#socket.once("finish", flushed);
    this.#socket.once("close", flushed);
    this.#socket.end();
    this.#socket.resume();
  }

  /** Closes at once, whatever is still to be written. */
  cut(): void {
    this.#socket.destroy();
  }

  /* Called by its socket. */

  receive(bytes: Uint8Array): void {
    if (this.#isClosing) return;
    this.#inlet.receive(bytes);
  }

  /** A chunk of a stream has any size: what is too much, or comes after a `pause`, is put back. */
  #receiveChunk(bytes: Buffer): void {
    let start = 0;
    while (start < bytes.length) {
      this.receive(bytes.subarray(start, start + READ_BYTES));
      start += READ_BYTES;
      if (this.#socket.isPaused() && start < bytes.length) {
        this.#socket.unshift(bytes.subarray(start));
        return;
      }
    }
  }

  ended(): void {
    if (this.#isClosing) return;
    this.#inlet.ended();
  }

  /** "close" follows. */
  failed(): void {
    this.#isClosing = true;
    if (this.#isGone) return;
    this.#isGone = true;
    this.#inlet.closed();
  }

  closed(): void {
    this.#left(this);
    this.failed();
    this.#door.left();
  }

  /**
   * Has `#written` called when all writes are out: an empty write behind them has the callback,
   * since one for every write would slow each of them.
   */
  #awaitDrain(): void {
    if (this.#awaitsDrain) return;
    this.#awaitsDrain = true;
    if (this.#told === undefined) this.#socket.write(NOTHING, () => this.#written());
  }

  /** When the socket has failed, writes are not out but dropped. */
  #written(): void {
    if (!this.#awaitsDrain) return;
    this.#awaitsDrain = false;
    if (this.#isClosing || !this.#socket.writable) return;
    if (this.#socket.writableLength !== 0) this.#awaitDrain();
    else this.#inlet.drained();
  }
}
