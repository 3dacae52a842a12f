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
/** There is more to do once the journal has room: not at once. */
export const NO_ROOM = 2;

/** A command under way. */
export interface LongCommand {
  /**
   * Does the next piece; with FINISHED it has added its reply. To be called within a turn of its
   * connection.
   */
  step(): number;
}
