/* Transport: the seam between a session and whatever carries its bytes.
 *
 * A transport (TCP, Unix socket, WebSocket, MessagePort, a test) makes one Outlet per connection,
 * asks the session host for the Inlet that belongs to it, and drives that. Both sides are
 * synchronous and name no runtime, so that a session runs anywhere and a test can stand in for a
 * socket. Each connection has exactly one Outlet and one Inlet for its whole life.
 */
import type { NearCommands } from "./near-commands.ts";

/** What a session writes to; implemented by each transport. */
export interface Outlet {
  /**
   * Sends bytes, in the order of the calls. The view is read only during the call, unless the
   * answer is true: then the transport still uses that memory and the caller must not write to it
   * again.
   */
  write(bytes: Uint8Array): boolean;

  /**
   * Bytes that `write` accepted and that the peer has not taken yet; 0 when everything has left.
   * Infinity when nothing will leave any more: from the write that failed on, even while the
   * session that writes is in the middle of a turn.
   */
  readonly backlogBytes: number;

  /**
   * Whom it writes to, for people: an address and a port, for instance. Asked for when somebody
   * wants to know; if absent, nobody can say.
   */
  readonly peer?: string | undefined;

  /**
   * Stops delivering input until `resume`; a call to `receive` that is under way ends normally.
   * Calling it twice is harmless.
   */
  pause(): void;

  /** Delivers input again. Calling it without a `pause` is harmless. */
  resume(): void;

  /**
   * Flushes what was written, then closes the connection. No input is delivered after this;
   * `closed` still follows.
   */
  close(): void;
}

/** What a transport drives; implemented by the session. */
export interface Inlet {
  /**
   * Input bytes, at most 65,536 a call, valid only during the call: the session copies what it
   * keeps.
   */
  receive(bytes: Uint8Array): void;

  /**
   * The peer has finished sending (a TCP FIN): no more input will come, replies may still be sent.
   */
  ended(): void;

  /**
   * The connection is gone: an error, a reset, or closed by both sides. Called exactly once, and
   * last; after a failure before anything else runs that could hand the session a job.
   */
  closed(): void;

  /** The peer has taken the backlog: output may continue. Never called after a failure. */
  drained(): void;

  /**
   * Commands without bytes, of a peer in this process; undefined while these cannot go ahead of
   * what is under way, or must not. Ask anew before each call.
   */
  readonly near?: NearCommands | undefined;

  /**
   * The transport is about to close the connection by itself, because the server stops; the last
   * moment to write. If absent, there is nothing to say. Nothing but `closed` follows.
   */
  leaving?(): void;
}
