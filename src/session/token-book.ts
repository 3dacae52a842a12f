/* TokenBook: the tokens that there are, and who shows one.
 *
 * Invariants: what is kept of a token is its digest, and a token that is shown is compared with all
 * of them in the same time, whichever is right. There is one book for each thread that opens
 * sessions for strangers; it is replaced as a whole when the file has changed. Used by the host, by
 * clearance.ts and by HTTP.
 */
import type { TokenList } from "../config/token-file.ts";
import { Grant } from "../protocol/rights.ts";

/** Makes the SHA-256 of some bytes. */
export type DigestOf = (bytes: Uint8Array) => Uint8Array;

/** Somebody who may show a token, and what he may do. */
export interface Bearer {
  /** What he may do now; undefined when the token that he showed is none any more. */
  readonly grant: Grant | undefined;
  /** Takes a token instead of what he showed before; false if it is wrong, and nothing changes. */
  show(token: Uint8Array): boolean;
}

interface Known {
  readonly name: string;
  readonly digest: Uint8Array;
  readonly grant: Grant;
}

/** What one list of tokens says. */
interface Page {
  readonly known: readonly Known[];
  readonly anonymous: Grant;
}

/** The tokens of one thread. */
export class TokenBook {
  readonly #digestOf: DigestOf;
  #page: Page;

  constructor(list: TokenList, digestOf: DigestOf) {
    this.#digestOf = digestOf;
    this.#page = pageOf(list);
  }

  /** From now on these count. */
  replace(list: TokenList): void {
    this.#page = pageOf(list);
  }

  /** Somebody who has shown nothing yet. */
  stranger(): Bearer {
    return new Stranger(this);
  }

  /** The digest of a token; undefined if it is wrong. */
  digestOf(token: Uint8Array): Uint8Array | undefined {
    const digest = this.#digestOf(token);
    return this.#find(digest) && digest;
  }

  /** Whether it is right. */
  knows(token: Uint8Array): boolean {
    return this.digestOf(token) !== undefined;
  }

  /** What one may who has shown a token with that digest, or none; undefined if that is wrong. */
  grantOf(digest: Uint8Array | undefined): Grant | undefined {
    return digest === undefined ? this.#page.anonymous : this.#find(digest)?.grant;
  }

  /** Whose token has that digest; undefined if none has. */
  nameOf(digest: Uint8Array): string | undefined {
    return this.#find(digest)?.name;
  }

  /** Changes with each `replace`. */
  get edition(): unknown {
    return this.#page;
  }

  /** All are compared, whichever is right. */
  #find(digest: Uint8Array): Known | undefined {
    let found: Known | undefined;
    for (const one of this.#page.known) if (isEqual(one.digest, digest)) found = one;
    return found;
  }
}

/** One of whom nothing is known but what he shows. */
class Stranger implements Bearer {
  readonly #book: TokenBook;
  #digest: Uint8Array | undefined;
  #grant: Grant | undefined;
  #edition: unknown;

  constructor(book: TokenBook) {
    this.#book = book;
  }

  get grant(): Grant | undefined {
    const { edition } = this.#book;
    if (this.#edition !== edition) this.#grant = this.#book.grantOf(this.#digest);
    this.#edition = edition;
    return this.#grant;
  }

  show(token: Uint8Array): boolean {
    const digest = this.#book.digestOf(token);
    if (digest === undefined) return false;
    this.#digest = digest;
    this.#edition = undefined;
    return true;
  }
}

function pageOf({ tokens, anonymous }: TokenList): Page {
  return {
    known: tokens.map(({ name, digest, rules }) => ({ name, digest, grant: new Grant(rules) })),
    anonymous: new Grant(anonymous),
  };
}

/** Whether two digests are the same, in a time that does not tell where they differ. */
function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at++) difference |= (one[at] ?? 0) ^ (other[at] ?? 0);
  return difference === 0;
}
