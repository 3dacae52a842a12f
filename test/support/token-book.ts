/* Token book: the tokens of a test, as a thread of a server has them. */
import { parseTokens, tokenLine } from "../../src/config/token-file.ts";
import { sha256 } from "../../src/runtimes/sha256.ts";
import { TokenBook } from "../../src/session/token-book.ts";

/** Of the text of a file. */
export function bookOf(text: string): TokenBook {
  return new TokenBook(parseTokens(text), sha256);
}

/** The line of a file for a token, whose name it is as well. */
export function lineFor(token: string, ...rights: readonly string[]): string {
  return tokenLine(token, sha256(Buffer.from(token)), rights);
}
