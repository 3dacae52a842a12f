/* LongCommand: a command that is carried out piece by piece, with other connections' turns between
 * the pieces.
 *
 * The session drives it: nothing else of that connection runs before it has answered, and when the
 * connection goes it is simply not asked again. What it has done by then is done.
 */

/** What a piece came to. */
export const FINISHED = 0;
/** There is more to do. */
export const UNFINISHED = 1;

/** A command under way. */
export interface LongCommand {
  /** Whether the journal has room for the next piece; without it there is no `step`. */
  hasRoom(): boolean;
  /**
   * Does the next piece; with FINISHED it has added its reply. To be called within a turn of its
   * connection.
   */
  step(): number;
  /**
   * Gives up: the connection ends before the command has finished. Absent if the command keeps
   * nothing that others need.
   */
  drop?(): void;
  /** Once it has finished: the conversation is over. */
  readonly isOver?: boolean;
}
