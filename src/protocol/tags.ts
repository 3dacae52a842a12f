/* Tags: the table of the words that may stand behind <bytes> of a put, each a name, a colon and a
 * value. The order is that in which `features` shows them.
 */

/** One row of the table. */
export interface TagRow {
  /** What stands before the colon. */
  readonly name: string;
  /** How it is written, for instance `idp:<key>[:<ttl>]`. */
  readonly usage: string;
}

/** Every tag. */
export const TAGS: readonly TagRow[] = [];

/** What `ack` may say, from the weakest level on. */
export const ACK_LEVELS: readonly string[] = [];
