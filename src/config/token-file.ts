/* TokenFile: the file of --tokens, from text to who may do what.
 *
 *   # name    digest of the token                rights
 *   mailer    sha256:2c26b46b68ffc68f...ec3e     put:mail.* look:*
 *   anonymous                                    put:jobs
 *
 * What stands in it of a token is its SHA-256, so that nobody who reads the file can show the
 * token. A slow hash, as for passwords, would be for nothing: a token is 256 random bits, which
 * nobody finds by trying, and each connection shows one. Pure; read by the server and made by
 * `homemaker token`.
 */
import { parseRule, RIGHTS } from "../protocol/rights.ts";
import type { Rule } from "../protocol/rights.ts";

/** One token. */
export interface TokenEntry {
  /** For people. Several may have one name: the old one and the new one, while they change. */
  readonly name: string;
  /** SHA-256 of the token, 32 bytes. */
  readonly digest: Uint8Array;
  readonly rules: readonly Rule[];
}

/** Who may do what. Plain data, so that it can be posted. */
export interface TokenList {
  readonly tokens: readonly TokenEntry[];
  /** What those may who have shown no token. */
  readonly anonymous: readonly Rule[];
}

/** Something is wrong with the file. The message says in which line, and shows no digest. */
export class TokenFileError extends Error {
  override readonly name = "TokenFileError";
  readonly code = "HM_TOKEN_FILE";
}

/** The name of the entry for those who have shown no token. */
const ANONYMOUS = "anonymous";
/** What a name of a token may be. */
const NAME = /^[A-Za-z0-9._@-]{1,64}$/;
const DIGEST = /^sha256:([0-9a-f]{64})$/;
/** All of them are compared with each token that is shown. */
const TOKENS_MAX = 1000;
const SPACES = /\s+/;

/** Reads the text of a file. Throws a TokenFileError. */
export function parseTokens(text: string): TokenList {
  const tokens: TokenEntry[] = [];
  let anonymous: readonly Rule[] | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    const where = `line ${index + 1}`;
    const [name = "", ...words] = line.replace(/#.*/, "").trim().split(SPACES);
    if (name === "") continue;
    if (name !== ANONYMOUS) tokens.push(entryIn(where, name, words, tokens));
    else if (anonymous === undefined) anonymous = rulesIn(where, words);
    else throw new TokenFileError(`${where}: a second entry ${ANONYMOUS}`);
  }
  if (tokens.length > TOKENS_MAX) {
    throw new TokenFileError(`there are more than ${TOKENS_MAX} tokens`);
  }
  return { tokens, anonymous: anonymous ?? [] };
}

function entryIn(
  where: string,
  name: string,
  [digest = "", ...words]: readonly string[],
  before: readonly TokenEntry[],
): TokenEntry {
  if (!isTokenName(name)) throw new TokenFileError(`${where}: ${nameRule()}`);
  const [, hex] = DIGEST.exec(digest) ?? [];
  if (hex === undefined) {
    const why = "behind the name stands sha256: and 64 hexadecimal digits in lower case";
    throw new TokenFileError(`${where}: ${why}; homemaker token makes them`);
  }
  const bytes = bytesOf(hex);
  if (before.some((one) => hexOf(one.digest) === hex)) {
    throw new TokenFileError(`${where}: this token has an entry already`);
  }
  return { name, digest: bytes, rules: rulesIn(where, words) };
}

function rulesIn(where: string, words: readonly string[]): readonly Rule[] {
  return words.map((word) => {
    const rule = parseRule(word);
    // The word is not shown: somebody may have written the token itself.
    if (rule === undefined)
      throw new TokenFileError(`${where}: a word is no rights; ${ruleRule()}`);
    return rule;
  });
}

/** Whether a token can be called that. */
export function isTokenName(name: string): boolean {
  return NAME.test(name) && name !== ANONYMOUS;
}

/** What a name has to be, in words. */
export function nameRule(): string {
  return "a name has 1 to 64 letters, digits and ._@-";
}

/** What rights have to be, in words. */
export function ruleRule(): string {
  const known = [...Object.keys(RIGHTS), "all"].join(", ");
  return `expected some of ${known}, then a colon and a pattern of tube names`;
}

/** The line for a token, of rights that parseRule takes. */
export function tokenLine(name: string, digest: Uint8Array, words: readonly string[]): string {
  return [name, `sha256:${hexOf(digest)}`, ...words].join(" ");
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
