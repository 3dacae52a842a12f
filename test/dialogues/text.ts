/* Text: what stands behind `>` and `<` in a dialogue: bytes, with ids and round numbers left open
 * until the case is played.
 *
 * Escapes: `\r` `\n` `\t` `\\` `\$` `\%` `\xHH`, and `\{x*200}` for two hundred times `x`.
 * Everything else stands for its UTF-8 bytes. `$1` is the first id that the server gives out during
 * the case, `$2` the second. `%i` is the number of the round inside `@repeat` (1, 2, ...), `%{i+1}`
 * one more, and `$%i` the id with that number. `%s` is the token of the last `@session`. A `$` or
 * `%` before anything else is just itself.
 *
 * The dialogue parser makes Texts, the player renders them.
 */

type Part =
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | { readonly kind: "id"; readonly ordinal: number }
  | { readonly kind: "session" }
  | { readonly kind: "round" | "round-id"; readonly plus: number };

/** What the open places of a Text stand for while a case is played. */
export interface Scope {
  /** The id before the first one of the case: `$1` is this plus one. */
  readonly baseId: number;
  /** The round of the innermost `@repeat`, from 1; 0 outside of any. */
  readonly round: number;
  /** The token of the last `@session`. */
  readonly session?: string;
}

/** A text that cannot be read. The parser of dialogues adds file and line. */
export class TextError extends Error {
  readonly code = "HM_DIALOGUE_TEXT";
}

const SINGLE_ESCAPES: Readonly<Record<string, string>> = {
  r: "\r",
  n: "\n",
  t: "\t",
  "\\": "\\",
  $: "$",
  "%": "%",
};

// One alternative per kind of part; the last one takes any other character, so that the pieces
// always join up to the whole source.
const PIECES =
  /\\\{(?<unit>[^}]+)\*(?<times>\d+)\}|\\x(?<hex>[0-9a-fA-F]{2})|\\(?<escape>.?)|(?<session>%s)|(?<round>\$?%(?:i|\{i\+(?<plus>\d+)\}))|\$(?<ordinal>[1-9]\d*)|(?<plain>[^\\$%]+|[$%])/gsu;

function escaped(letter: string): Buffer {
  const character = SINGLE_ESCAPES[letter];
  if (character === undefined) throw new TextError(`unknown escape "\\${letter}"`);
  return Buffer.from(character);
}

function repeated(unit: string, times: string): Buffer {
  const bytes = parseText(unit).render({ baseId: 0, round: 0 });
  return Buffer.alloc(bytes.length * Number(times), bytes);
}

function part(groups: Record<string, string | undefined>): Part {
  const { unit, times, hex, escape, session, round, plus, ordinal, plain } = groups;
  if (unit !== undefined && times !== undefined)
    return { kind: "bytes", bytes: repeated(unit, times) };
  if (hex !== undefined) return { kind: "bytes", bytes: Buffer.from(hex, "hex") };
  if (escape !== undefined) return { kind: "bytes", bytes: escaped(escape) };
  if (session !== undefined) return { kind: "session" };
  if (round !== undefined)
    return { kind: round.startsWith("$") ? "round-id" : "round", plus: Number(plus ?? 0) };
  if (ordinal !== undefined) return { kind: "id", ordinal: Number(ordinal) };
  return { kind: "bytes", bytes: Buffer.from(plain ?? "") };
}

/** A parsed text, see the head of this file. */
export class Text {
  readonly #parts: readonly Part[];

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
  }

  /** The bytes that the text stands for in this scope. */
  render(scope: Scope): Buffer {
    const pieces = this.#parts.map((piece) => {
      if (piece.kind === "bytes") return piece.bytes;
      if (piece.kind === "session") return Buffer.from(scope.session ?? "");
      if (piece.kind === "id") return Buffer.from(String(scope.baseId + piece.ordinal));
      const round = scope.round + piece.plus;
      return Buffer.from(String(piece.kind === "round" ? round : scope.baseId + round));
    });
    return Buffer.concat(pieces);
  }

  /** The same text without this character wherever it stands. */
  without(character: string): Text {
    const strip = (bytes: Buffer): Buffer =>
      Buffer.from(bytes.toString("latin1").replaceAll(character, ""), "latin1");
    return new Text(
      this.#parts.map((piece) =>
        piece.kind === "bytes" ? { kind: "bytes", bytes: strip(piece.bytes) } : piece,
      ),
    );
  }
}

/** Reads a text; `ending` is added to it as it stands. Throws a TextError at an unknown escape. */
export function parseText(source: string, ending = ""): Text {
  const parts = [...source.matchAll(PIECES)].map((match) => part(match.groups ?? {}));
  parts.push({ kind: "bytes", bytes: Buffer.from(ending) });
  return new Text(parts);
}

/**
 * Shows bytes in the notation of dialogues; what is longer than `limit` characters is cut in the
 * middle.
 */
export function showBytes(bytes: Uint8Array, limit = 400): string {
  let shown = "";
  for (const byte of bytes) {
    if (byte === 0x0d) shown += "\\r";
    else if (byte === 0x0a) shown += "\\n";
    else if (byte === 0x5c) shown += "\\\\";
    else if (byte >= 0x20 && byte < 0x7f) shown += String.fromCharCode(byte);
    else shown += `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  if (shown.length <= limit) return shown;
  return `${shown.slice(0, limit / 2)} ... ${shown.slice(-limit / 2)} (${bytes.length} bytes)`;
}
