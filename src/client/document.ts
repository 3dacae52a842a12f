/* Document: the YAML that a server answers with, as values.
 *
 * It is of the plainest kind: lines `key: value`, lists of values or of such groups, lines below a
 * key that are indented or begin with a dash, and groups in braces on one line. What is not of that
 * kind is passed over, because a newer server may say more. Used by the commands that ask for
 * facts, and by support.ts.
 */

/** One value. */
export type Scalar = string | number | boolean;
/** What stands behind a key. */
export type Value = Scalar | readonly Scalar[] | readonly Facts[] | Facts;
/** Values by their keys. */
export interface Facts {
  readonly [key: string]: Value;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const KEY = /^([\w-]+):(?: (.*))?$/;
const FIELD = /([\w-]+): ("(?:[^"\\]|\\.)*"|[^,}]*)/g;
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))/g;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "0": "\0" };

/** The values of a dictionary. */
export function parseDocument(text: string): Facts {
  const facts: Record<string, Value> = Object.create(null) as Record<string, Value>;
  let below: string[] = [];
  let key = "";
  const finish = (): void => {
    if (below.length > 0) facts[key] = parseBelow(below);
    below = [];
  };
  for (const line of linesOf(text)) {
    if (/^[ -]/.test(line)) {
      below.push(line);
      continue;
    }
    finish();
    const [, name, value = ""] = KEY.exec(line) ?? [];
    if (name === undefined) continue;
    key = name;
    facts[key] = value === "[]" ? [] : parseScalar(value);
  }
  finish();
  return facts;
}

/** The items of a list of values. */
export function parseNames(text: string): readonly string[] {
  return linesOf(text).flatMap((line) => (line.startsWith("- ") ? [unquoted(line.slice(2))] : []));
}

/** The items of a list of dictionaries. */
export function parseGroups(text: string): readonly Facts[] {
  const groups: string[][] = [];
  for (const line of linesOf(text)) {
    if (line.startsWith("- ")) groups.push([line.slice(2)]);
    else if (line.startsWith("  ")) groups.at(-1)?.push(line.slice(2));
  }
  return groups.map((lines) => {
    const [first = ""] = lines;
    return first.startsWith("{") ? parseBraces(first) : parseDocument(lines.join("\n"));
  });
}

/** What stands below a key: a list, or a dictionary. */
function parseBelow(lines: readonly string[]): Value {
  const [first = ""] = lines;
  const text = lines.join("\n");
  if (/^- (?:\{|[\w-]+: )/.test(first)) return parseGroups(text);
  if (first.startsWith("- ")) return lines.map((line) => parseScalar(line.slice(2)));
  return parseDocument(lines.map((line) => line.trimStart()).join("\n"));
}

function parseBraces(text: string): Facts {
  const fields = [...text.matchAll(FIELD)].map(([, key = "", value = ""]) => [
    key,
    parseScalar(value),
  ]);
  return Object.fromEntries(fields) as Facts;
}

function parseScalar(text: string): Scalar {
  if (text === "true" || text === "false") return text === "true";
  if (NUMBER.test(text) && Math.abs(Number(text)) <= Number.MAX_SAFE_INTEGER) return Number(text);
  return unquoted(text);
}

function unquoted(text: string): string {
  if (!/^".*"$/s.test(text)) return text;
  return text.slice(1, -1).replace(ESCAPE, (_, two?: string, four?: string, one = "") => {
    const code = two ?? four;
    return code === undefined ? (ESCAPES[one] ?? one) : String.fromCharCode(parseInt(code, 16));
  });
}

function linesOf(text: string): readonly string[] {
  return text.split("\n").filter((line) => line !== "" && line !== "---");
}
