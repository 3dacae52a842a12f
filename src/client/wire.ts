/* Wire: the seam between a client's connection and whatever carries its bytes; what transport.ts is
 * for a session.
 *
 * A wire (TCP, Unix socket, a session in the same process, a test) sends what it is given and tells
 * its listener what comes. Both sides are synchronous and name no runtime. Each wire has exactly
 * one listener for its whole life.
 */
import type { NearCommands } from "../near-commands.ts";

/** What a connection sends with; implemented by each kind of wire. */
export interface Wire {
  /**
   * Sends bytes, in the order of the calls. The wire may use that memory for as long as it likes.
   * May be called within the listener's calls; does nothing once the wire has ended.
   */
  send(bytes: Uint8Array): void;

  /**
   * Bytes that `send` was given and that have not left yet; 0 when everything has left. Infinity
   * when nothing will leave any more.
   */
  readonly backlogBytes: number;

  /**
   * Of a wire to another side in this process: whether that takes what is sent now before `send`
   * returns, and mostly answers it, so that the memory may be used again. Absent elsewhere.
   */
  readonly takesAtOnce?: boolean;

  /**
   * Of such a wire: commands that need no bytes; undefined while it takes none, or never does. Ask
   * anew before each call.
   */
  readonly near?: NearCommands | undefined;

  /**
   * Says to the other side that nothing more will be sent, once what `send` was given has left;
   * what comes is heard as before. Does nothing once the wire has ended.
   */
  finish(): void;

  /**
   * Ends the wire at once: what has not left may be dropped. `ended` still follows. May be called
   * within the listener's calls, and twice.
   */
  close(): void;
}

/** What a wire drives; implemented by the connection. */
export interface WireListener {
  /** Bytes that came, valid only during the call. */
  received(bytes: Uint8Array): void;

  /**
   * The wire is gone: closed by either side, or broken. Called exactly once, and last.
   *
   * @param cause what broke it; undefined when it was closed
   */
  ended(cause: Error | undefined): void;

  /** The backlog has gone down to zero, after it was more. */
  drained(): void;
}

/** Makes the wire of a listener, which hears nothing before the wire is returned. */
export type OpenWire = (listener: WireListener) => Wire;
