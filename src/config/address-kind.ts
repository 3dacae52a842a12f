/* Address kind: what the table of addresses (listen-address.ts) knows of one kind of them. How a
 * server listens there, and a client connects, is in src/transports/.
 */

/** One kind of address. */
export interface AddressKind<Written, Bound extends Written> {
  /** The forms that it has in words, for people. */
  readonly forms: readonly string[];
  /** Words that begin so are of this kind alone; if absent, words of no other kind may be. */
  readonly prefix?: string;
  /** Takes words apart, without the prefix; undefined if they are wrong. */
  parse(words: string): Written | undefined;
  /** The address with all that binding needs; `port` is for one that names none. */
  complete(address: Written, port: number): Bound;
  /** The address in words. */
  format(address: Written): string;
}
