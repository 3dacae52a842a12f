/* Text: what a server answers, as values, and bytes that come from strangers, as something that a
 * screen may show.
 *
 * The YAML of the replies is of the plainest kind: `key: value` lines, and lists of such groups,
 * whose items begin with `- ` and stand in one line between braces or one below the other.
 */

/** A number or a boolean where the text is one, else the text. */
export type Value = number | boolean | string;
/** The `key: value` lines of a reply, in their order. */
export type Facts = Readonly<Record<string, Value>>;

/** A reply's facts, and the items of its list. */
export interface Document {
  readonly facts: Facts;
  readonly items: readonly Facts[];
}

const LINE = /^(?<indent>\s*(?:- )?)(?<key>[A-Za-z0-9_-]+):(?: (?<value>.*))?$/;
const GROUP = /^\s*- \{(?<inside>.*)\}$/;
const MEMBER = /(?<key>[A-Za-z0-9_-]+): (?<value>"(?:[^"\\]|\\.)*"|[^,]*)/g;
const ITEM = /^\s*- (?<value>.*)$/;
const DECODER = new TextDecoder();

/** Takes the YAML of a reply apart. */
export function parseDocument(bytes: Uint8Array): Document {
  const facts: Record<string, Value> = {};
  const items: Record<string, Value>[] = [];
  for (const line of DECODER.decode(bytes).split("\n")) {
    const inside = GROUP.exec(line.trimEnd())?.groups?.["inside"];
    if (inside !== undefined) {
      items.push(membersOf(inside));
      continue;
    }
    const { indent = "", key = "", value = "" } = LINE.exec(line.trimEnd())?.groups ?? {};
    if (key === "") continue;
    if (indent.endsWith("- ")) items.push({});
    const into = indent === "" ? facts : items.at(-1);
    if (into !== undefined) into[key] = valueOf(value);
  }
  return { facts, items };
}

function membersOf(inside: string): Record<string, Value> {
  const members = [...inside.matchAll(MEMBER)].map(({ groups = {} }) => {
    return [groups["key"] ?? "", valueOf(groups["value"] ?? "")] as const;
  });
  return Object.fromEntries(members);
}

/** The plain items of a list of names. */
export function parseNames(bytes: Uint8Array): readonly string[] {
  return DECODER.decode(bytes)
    .split("\n")
    .flatMap((line) => {
      const value = ITEM.exec(line.trimEnd())?.groups?.["value"];
      return value === undefined ? [] : [String(valueOf(value))];
    });
}

function valueOf(text: string): Value {
  if (/^-?\d+(?:\.\d+)?$/.test(text)) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  return text.startsWith('"') && text.endsWith('"') && text.length > 1
    ? unquote(text.slice(1, -1))
    : text;
}

const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g;
const SHORT: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "0": "\0", e: "\x1B" };

function unquote(text: string): string {
  return text.replace(ESCAPE, (_, x?: string, u?: string, long?: string, one = "") => {
    const code = x ?? u ?? long;
    if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16));
    return SHORT[one] ?? one;
  });
}

/** Everything that could move a cursor, change a colour or turn the direction of writing. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/gu;
const UTF8 = new TextDecoder();

/**
 * Bytes as text that a screen can show without being told what to do: line feeds and tabs stay,
 * other control characters are spelled out.
 */
export function shown(bytes: Uint8Array): string {
  return shownText(UTF8.decode(bytes));
}

/** As `shown`, of text. */
export function shownText(text: string): string {
  return text.replace(UNSAFE, (unit) => {
    if (unit === "\n" || unit === "\t") return unit;
    const code = unit.codePointAt(0) ?? 0;
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** A text in at most `width` characters: one that is longer loses its middle. */
export function middleOut(text: string, width: number): string {
  const letters = Array.from(text);
  if (letters.length <= width) return text;
  const kept = width - 1;
  const front = Math.ceil(kept / 2);
  return [...letters.slice(0, front), "…", ...letters.slice(letters.length - (kept - front))].join(
    "",
  );
}

/** A body for JSON: as text when it is UTF-8, else in base64. */
export function bodyFields(bytes: Uint8Array): Record<string, string> {
  try {
    return { body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { bodyBase64: base64(bytes) };
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

/** Rows as lines with columns one below the other; columns of numbers stand to the right. */
export function table(head: readonly string[], rows: readonly (readonly Value[])[]): string[] {
  const all = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, at) => Math.max(...all.map((row) => (row[at] ?? "").length)));
  const isNumber = head.map(
    (_, at) => rows.length > 0 && rows.every((row) => typeof row[at] === "number"),
  );
  return all.map((row) =>
    row
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return isNumber[at] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
