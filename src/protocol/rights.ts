/* Rights: what a token lets its bearer do: put, reserve, look and manage, each in the tubes whose
 * names a pattern matches.
 *
 *   put,look:mail.*
 *   |        |
 *   rights   pattern: `*` stands for any characters, also for none
 *
 * The table of commands says which right each command takes, and where; the file of tokens
 * (config/token-file.ts) gives rights in these words. Here is what they mean. Used by sessions and
 * by HTTP.
 */
import { TUBE_NAME_MAX } from "../../assembly/constants.ts";

/** What somebody may do, and what that is, in words. `manage` includes `look`. */
export const RIGHTS = {
  put: "put jobs, and hear how they end",
  reserve: "take jobs, and do with them what a worker does",
  look: "see jobs, tubes and statistics",
  manage: "change jobs and tubes that nobody gave you, and look",
} as const;

/** One of them. */
export type Right = keyof typeof RIGHTS;

/** Their bits, so that a set of rights is a number. */
const BITS: Readonly<Record<Right, number>> = { put: 1, reserve: 2, look: 4, manage: 8 };
const ALL = 15;
/** What stands for all rights. */
const ALL_WORD = "all";
/** Tubes whose rights are remembered. */
const KNOWN_MAX = 1000;
const PATTERN = new RegExp(String.raw`^[A-Za-z0-9+/;.$_()*-]{1,${TUBE_NAME_MAX}}$`);
const EVERY_TUBE = "*";

/** Some rights in some tubes. Plain data, so that it can be posted. */
export interface Rule {
  /** Of BITS. */
  readonly rights: number;
  readonly pattern: string;
}

/** The rule that a word such as `put,look:mail.*` stands for; undefined if it is none. */
export function parseRule(word: string): Rule | undefined {
  const colon = word.indexOf(":");
  const pattern = word.slice(colon + 1);
  if (colon < 0 || !PATTERN.test(pattern)) return undefined;
  let rights = 0;
  for (const one of word.slice(0, colon).split(",")) {
    if (one !== ALL_WORD && !isRight(one)) return undefined;
    rights |= one === ALL_WORD ? ALL : BITS[one];
  }
  return { rights: (rights & BITS.manage) === 0 ? rights : rights | BITS.look, pattern };
}

function isRight(word: string): word is Right {
  return Object.hasOwn(BITS, word);
}

/** What one token, or having none, lets somebody do. */
export class Grant {
  readonly #rules: readonly Rule[];
  /** The rights in tubes that were asked about, by their names. */
  readonly #known = new Map<string, number>();
  /** Those in one tube at least, and those in every tube. */
  readonly #somewhere: number;
  readonly #everywhere: number;

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.#somewhere = union(rules);
    this.#everywhere = union(rules.filter(({ pattern }) => pattern === EVERY_TUBE));
  }

  /** Whether it has one of these rights in that tube. */
  has(rights: readonly Right[], tube: string): boolean {
    const asked = bitsOf(rights);
    return (this.#everywhere & asked) !== 0 || (this.#rightsIn(tube) & asked) !== 0;
  }

  /** Whether it has one of them in a tube at least, there now or not. */
  hasSomewhere(rights: readonly Right[]): boolean {
    return (this.#somewhere & bitsOf(rights)) !== 0;
  }

  /** Whether it has one of them in every tube. */
  hasEverywhere(rights: readonly Right[]): boolean {
    return (this.#everywhere & bitsOf(rights)) !== 0;
  }

  /** The patterns of tubes in which it has one of these rights. */
  patternsOf(rights: readonly Right[]): readonly string[] {
    const asked = bitsOf(rights);
    return this.#rules.flatMap(({ rights: given, pattern }) =>
      (given & asked) === 0 ? [] : [pattern],
    );
  }

  /** Whether it has any right in that tube: only then lists show it. */
  sees(tube: string): boolean {
    return this.#everywhere !== 0 || this.#rightsIn(tube) !== 0;
  }

  #rightsIn(tube: string): number {
    const known = this.#known.get(tube);
    if (known !== undefined) return known;
    const rights = union(this.#rules.filter(({ pattern }) => matches(pattern, tube)));
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(tube, rights);
    return rights;
  }
}

function union(rules: readonly Rule[]): number {
  return rules.reduce((all, { rights }) => all | rights, 0);
}

function bitsOf(rights: readonly Right[]): number {
  return rights.reduce((all, right) => all | BITS[right], 0);
}

/**
 * Whether the name matches. What stands between two `*` is looked for once, from the left, so a
 * pattern costs no more than its length by that of the name.
 */
function matches(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return at + last.length <= name.length && name.endsWith(last);
}
