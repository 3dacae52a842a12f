/* Hostile bytes: what clients of the queue wrote, made fit to be looked at.
 *
 * Bodies and failure messages are any bytes at all. Nothing here makes markup: the result is pieces
 * of text, each plain or a mark, and the components put them into text nodes. Every byte can be
 * told from what is shown: what is not UTF-8 becomes \xNN, control characters \xNN, and characters
 * that are invisible or turn the direction of the text (bidi overrides, zero width, tags, private
 * use) U+NNNN, all as marks. Only line feed and tab stay what they are.
 */

/** A run of text, shown as it is or as a mark. */
export interface Piece {
  readonly text: string;
  /** Whether it stands for something that cannot be shown. */
  readonly isMark: boolean;
}

/** The bytes of a base64 text. */
export function fromBase64(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/**
 * Characters that show nothing, or change how others are shown; line feed and tab are not among
 * them.
 */
const UNSHOWABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Cn}\u{3164}\u{115f}\u{1160}]/u;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The pieces that show the bytes. */
export function piecesOf(body: Uint8Array<ArrayBuffer>): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  while (from < body.length) {
    const to = endOfValid(body, from);
    if (to > from) addText(pieces, strict.decode(body.subarray(from, to)));
    if (to < body.length) add(pieces, hexEscape(body[to] ?? 0), true);
    from = to + 1;
  }
  return pieces;
}

/** Pieces in one line: line feeds and tabs are marks, too. */
export function piecesInOneLine(body: Uint8Array<ArrayBuffer>): Piece[] {
  const pieces: Piece[] = [];
  for (const { text, isMark } of piecesOf(body)) {
    if (isMark) add(pieces, text, true);
    else {
      for (const part of text.split(/([\n\t])/)) {
        if (part !== "")
          add(pieces, part === "\n" ? "\\n" : part === "\t" ? "\\t" : part, isLay(part));
      }
    }
  }
  return pieces;
}

/**
 * The beginning of a text, without half a character at its end.
 *
 * @param most how many bytes at most
 * @param isWhole whether the text ends where the bytes end
 */
export function beginningOf(
  body: Uint8Array<ArrayBuffer>,
  most: number,
  isWhole: boolean,
): Uint8Array<ArrayBuffer> {
  if (body.length <= most && isWhole) return body;
  const end = Math.min(most, body.length);
  let lead = end - 1;
  while (lead > end - 4 && lead > 0 && ((body[lead] ?? 0) & 0xc0) === 0x80) lead -= 1;
  const isCut =
    lead >= 0 && (body[lead] ?? 0) >= 0xc2 && validLength(body.subarray(0, end), lead) === 0;
  return body.subarray(0, isCut ? lead : end);
}

/** The bytes of a headline, whose last character the server may have cut in two. */
export function headlineIn(base64: string): Uint8Array<ArrayBuffer> {
  const bytes = fromBase64(base64);
  return beginningOf(bytes, bytes.length, false);
}

/** Whether the bytes are text for the most part: at most one in ten shows as a mark. */
export function isMostlyText(body: Uint8Array<ArrayBuffer>): boolean {
  let odd = 0;
  for (let at = 0; at < body.length;) {
    const length = validLength(body, at);
    if (length === 0 || (length === 1 && isControl(body[at] ?? 0))) odd += 1;
    at += Math.max(1, length);
  }
  return odd * 10 <= body.length;
}

/** The text of bytes that are UTF-8; null if they are not. */
export function textOf(body: Uint8Array<ArrayBuffer>): string | null {
  return endOfValid(body, 0) === body.length ? strict.decode(body) : null;
}

/** Rows of offset, hexadecimal bytes and characters, `width` bytes each. */
export function hexRows(body: Uint8Array, width: number): string {
  const rows: string[] = [];
  for (let at = 0; at < body.length; at += width) {
    const row = Array.from(body.subarray(at, at + width));
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const shown = row.map((byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : "·"));
    rows.push(`${at.toString(16).padStart(6, "0")}  ${hex.padEnd(width * 3)} ${shown.join("")}`);
  }
  return rows.join("\n");
}

function isControl(byte: number): boolean {
  return (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 0x7f;
}

function isLay(part: string): boolean {
  return part === "\n" || part === "\t";
}

function addText(pieces: Piece[], text: string): void {
  for (const character of text) {
    const isMark = UNSHOWABLE.test(character) && !isLay(character);
    add(pieces, isMark ? escapeOf(character) : character, isMark);
  }
}

function add(pieces: Piece[], text: string, isMark: boolean): void {
  const last = pieces.at(-1);
  if (last?.isMark === isMark) pieces[pieces.length - 1] = { text: last.text + text, isMark };
  else pieces.push({ text, isMark });
}

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return code === 13 ? "\\r" : hexEscape(code);
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** Where the valid UTF-8 that begins at `from` ends. */
function endOfValid(body: Uint8Array, from: number): number {
  let at = from;
  while (at < body.length) {
    const length = validLength(body, at);
    if (length === 0) return at;
    at += length;
  }
  return at;
}

/** Bytes of the character at `at`; 0 if there is none. As in RFC 3629, table of section 4. */
function validLength(body: Uint8Array, at: number): number {
  const first = body[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  const second = body[at + 1] ?? 0;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let next = at + 2; next < at + length; next++) {
    if (((body[next] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return length;
}
