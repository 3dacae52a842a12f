/* Pretty JSON: a JSON text with line breaks and indentation, and what each part of it is.
 *
 * No value is read and written again, since that would round long numbers and drop a key that
 * stands twice: the tokens stay as they came and only the space between them is new. Indentation
 * stops at a depth, so that a text of brackets alone stays small.
 */

/** What a run of the text is. */
export type TokenKind = "key" | "string" | "number" | "word" | "mark";

/** A run of the text. */
export interface Token {
  readonly text: string;
  readonly kind: TokenKind;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/gs;
const DEEPEST_INDENT = 24;

/** The tokens of a JSON text, laid out; null if it is not an object or array of JSON. */
export function prettyJson(text: string): Token[] | null {
  if (!/^\s*[[{]/.test(text) || !isJson(text)) return null;
  const raw = text.match(TOKEN) ?? [];
  const tokens: Token[] = [];
  let depth = 0;
  for (const [index, token] of raw.entries()) {
    const next = raw[index + 1];
    if (token === "{" || token === "[") {
      depth += 1;
      const isEmpty = next === "}" || next === "]";
      tokens.push({ text: isEmpty ? token : token + lineBreak(depth), kind: "mark" });
    } else if (token === "}" || token === "]") {
      depth -= 1;
      const wasEmpty = raw[index - 1] === "{" || raw[index - 1] === "[";
      tokens.push({ text: wasEmpty ? token : lineBreak(depth) + token, kind: "mark" });
    } else if (token === ",") tokens.push({ text: `,${lineBreak(depth)}`, kind: "mark" });
    else if (token === ":") tokens.push({ text: ": ", kind: "mark" });
    else tokens.push({ text: token, kind: kindOf(token, next) });
  }
  return tokens;
}

function kindOf(token: string, next: string | undefined): TokenKind {
  if (token.startsWith('"')) return next === ":" ? "key" : "string";
  return /^[-\d]/.test(token) ? "number" : "word";
}

function lineBreak(depth: number): string {
  return `\n${"  ".repeat(Math.min(depth, DEEPEST_INDENT))}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    // A RangeError is a text too deep to be read.
    if (error instanceof SyntaxError || error instanceof RangeError) return false;
    throw error;
  }
}
