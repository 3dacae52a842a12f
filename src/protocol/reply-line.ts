/* ReplyLine: a line of the server told by the table of replies.
 *
 *   RESERVED 12 100
 *   |        |  |
 *   word     args; the row's form ends in <bytes>, so 100 bytes and a CRLF follow
 *
 * A line is of the protocol only if a row has its word and as many placeholders, and each word
 * behind it is what its placeholder stands for. Used by reply-reader.ts.
 */

import { TUBE_NAME_MAX } from "../../assembly/constants.ts";
import { textOf, ZERO } from "./ascii.ts";
import { HomemakerError } from "./homemaker-error.ts";
import type { ReplyRow } from "./replies.ts";

/** Bytes came that are no reply: whoever sent them does not speak the protocol. */
export class BadReplyError extends HomemakerError {
  override readonly name = "BadReplyError";
  readonly code = "HM_BAD_REPLY";
}

/** A line of a server. */
export interface ReplyLine {
  /** Which of the forms of the table it has, for instance "RESERVED <id> <bytes>". */
  readonly form: string;
  /** The whole line, without its CRLF. */
  readonly line: string;
  /** Its first word, for instance "RESERVED". */
  readonly word: string;
  /** The words behind it; those that stand for numbers hold 0 to 2^53 - 1, in digits. */
  readonly args: readonly string[];
  /** Size of the body that follows, without its CRLF; undefined when none does. */
  readonly bodyBytes: number | undefined;
  /** It came unasked. */
  readonly isPush: boolean;
  /** How many replies follow that belong to it; undefined when none can. */
  readonly replyCount: number | undefined;
}

/** What a placeholder stands for. */
interface Argument {
  readonly bytesMax: number;
  readonly isNumber: boolean;
}

/** A row, taken apart. */
interface Pattern {
  readonly row: ReplyRow;
  readonly args: readonly Argument[];
  readonly hasBody: boolean;
  readonly lineBytesMax: number;
  /** Its last placeholder stands for all the rest of the line. */
  readonly isOpen: boolean;
}

const NUMBERS: ReadonlySet<string> = new Set([
  "<id>",
  "<attempt>",
  "<count>",
  "<index>",
  "<n>",
  "<pri>",
  "<bytes>",
]);
const NUMBER: Argument = { bytesMax: String(Number.MAX_SAFE_INTEGER).length, isNumber: true };
/** A tube's name is the longest word. */
const NAME: Argument = { bytesMax: TUBE_NAME_MAX, isNumber: false };
/** What stands for a whole line, of which no word in particular is looked at. */
const REST = "<reply>";
/** So many digits are no more than can be counted exactly. */
const SAFE_DIGITS = NUMBER.bytesMax - 1;
const NINE = 0x39;
const VISIBLE = /^[\x21-\x7e]+$/;
const VISIBLE_LINE = /^[\x20-\x7e]+$/;
/** Characters of a wrong line that an error quotes. */
const QUOTED_MAX = 60;

/** The forms that a reader knows. */
export class ReplyForms {
  /** The longest line of all forms, without its CRLF. */
  readonly lineBytesMax: number;
  /** By their word, then by how many placeholders they have. */
  readonly #patterns = new Map<string, Pattern[]>();
  /** Those that are always the same line, by that line. */
  readonly #constants = new Map<string, ReplyLine>();
  /** Those that are open, by their word. */
  readonly #open = new Map<string, Pattern>();

  constructor(rows: readonly ReplyRow[]) {
    let longest = 0;
    for (const row of rows) {
      const [word = "", ...placeholders] = row.form.split(" ");
      const pattern = patternOf(row, word, placeholders);
      longest = Math.max(longest, pattern.lineBytesMax);
      if (pattern.isOpen) this.#open.set(word, pattern);
      const sameWord = this.#patterns.get(word) ?? [];
      sameWord[placeholders.length] = pattern;
      this.#patterns.set(word, sameWord);
      if (placeholders.length === 0) this.#constants.set(word, told(pattern, word, word, []));
    }
    this.lineBytesMax = longest;
  }

  /** Tells which form a line has. Throws a BadReplyError when it has none. */
  tell(bytes: Uint8Array): ReplyLine {
    const line = textOf(bytes);
    const known = this.#constants.get(line);
    if (known !== undefined) return known;
    const [word = "", ...words] = line.split(" ");
    const pattern = this.#open.get(word) ?? this.#patterns.get(word)?.[words.length];
    const args = pattern?.isOpen === true ? joined(words, pattern.args.length) : words;
    const isMatch = pattern !== undefined && args.length === pattern.args.length;
    if (!isMatch || !args.every((arg, index) => isA(arg, pattern.args[index], pattern))) {
      throw new BadReplyError(`the server sent ${quoted(line)}, which is no reply`);
    }
    return told(pattern, line, word, args);
  }
}

function told(
  { row, hasBody }: Pattern,
  line: string,
  word: string,
  args: readonly string[],
): ReplyLine {
  return {
    form: row.form,
    line,
    word,
    args,
    bodyBytes: hasBody ? Number(args.at(-1)) : undefined,
    isPush: row.isPush === true,
    replyCount: row.gathers === true ? Number(args[0]) : undefined,
  };
}

/** So many words, the last of which is all the rest. */
function joined(words: readonly string[], count: number): string[] {
  return [...words.slice(0, count - 1), words.slice(count - 1).join(" ")];
}

function patternOf(row: ReplyRow, word: string, placeholders: readonly string[]): Pattern {
  const args = placeholders.map((placeholder) => (NUMBERS.has(placeholder) ? NUMBER : NAME));
  const lineBytesMax = args.reduce((sum, { bytesMax }) => sum + 1 + bytesMax, word.length);
  const last = placeholders.at(-1);
  return { row, args, hasBody: last === "<bytes>", lineBytesMax, isOpen: last === REST };
}

function isA(text: string, argument: Argument | undefined, { args, isOpen }: Pattern): boolean {
  if (argument === undefined || text.length > argument.bytesMax) return false;
  if (isOpen && argument === args.at(-1)) return VISIBLE_LINE.test(text);
  if (!argument.isNumber) return VISIBLE.test(text);
  return isDigits(text) && (text.length <= SAFE_DIGITS || Number.isSafeInteger(Number(text)));
}

function isDigits(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < ZERO || code > NINE) return false;
  }
  return text.length > 0;
}

/** Bytes that came instead of a reply, for people. */
export function quoted(text: string): string {
  const isLong = text.length > QUOTED_MAX;
  return JSON.stringify(text.slice(0, QUOTED_MAX)) + (isLong ? "..." : "");
}
