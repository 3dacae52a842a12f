/* Terminal: the seam between the shell's commands and where they read and write, and between a bar
 * and where it is drawn. Implemented in src/runtimes/ and by the tests.
 */

/** Standard input and output, and the screen if there is one. */
export interface Terminal {
  /** Whether people look at what is written. */
  readonly isScreen: boolean;
  /** Whether `listen` hears anybody. */
  readonly hasKeys: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Writes text or bytes as they are. Resolves when there is room for more. */
  write(what: string | Uint8Array): Promise<void>;
  /** All of standard input. */
  readAll(): Promise<Uint8Array>;
  /**
   * Calls `pressed` with each key ("q", "up", "down", ...) until the returned function is called;
   * ctrl-c is the key "q".
   */
  listen(pressed: (key: string) => void): () => void;
  /** Resolves after that long, or as soon as `until` does. */
  wait(millis: number, until: Promise<void>): Promise<void>;
}

/** A terminal, as far as a bar needs one. */
export interface BarTerminal {
  /** Characters in a line; 0 where nobody knows. */
  readonly columns: number;
  write(text: string): void;
}
