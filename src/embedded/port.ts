/* Port: the seam between what shares a queue and the runtime's message channels, which every
 * runtime has, and each tells in its own way that the other end is gone.
 *
 * Implemented by node-ports.ts, and by browser/web-ports.ts.
 */

/** One end of a channel. */
export interface Port {
  /** Says something to the other end; what is in `transfer` goes over there. */
  post(message: unknown, transfer?: readonly object[]): void;
  /**
   * Hears what is said, and, once, that the other end is closed or gone. Called once; returns what
   * ends the listening. It keeps no thread alive.
   */
  listen(heard: (said: unknown) => void, gone: () => void): () => void;
  close(): void;
}

/** The channels of a runtime. */
export interface Ports {
  /** A new channel: an end for here, and one to be transferred. */
  channel(): { readonly own: Port; readonly other: object };
  /** What was transferred here, as an end; undefined if it is none. */
  taken(other: unknown): Port | undefined;
}
