/* Dialogues: the parser of `test/dialogues/*.txt`. README.md beside this file describes the format.
 *
 * A file is a row of blocks. A block is a title (`== ...`), headers that say something about the
 * whole block (`@upstream ...`), and steps. The parser checks everything that can be checked
 * without a server and names file and line in each error. It knows which headers exist, not what
 * they are good for: cases and differences are both made of blocks.
 */
import { parseText, TextError } from "./text.ts";
import type { Text } from "./text.ts";

/** One line that a YAML reply has to have. */
export interface YamlLine {
  /** `null` for an item of a list. */
  readonly key: string | null;
  readonly value: YamlValue;
}

/** What the value of a YAML line has to be. */
export type YamlValue =
  | { readonly kind: "exactly"; readonly text: Text }
  /** `"*"`: any string in double quotes. */
  | { readonly kind: "quoted" }
  /** Nothing behind the key: lines of its own follow. */
  | { readonly kind: "nothing" }
  /** `*`: anything at all. */
  | { readonly kind: "anything" }
  /** `3..5`: a whole number between the two, both included. */
  | { readonly kind: "range"; readonly least: number; readonly most: number }
  /** `/.../`: the whole value matches. */
  | { readonly kind: "pattern"; readonly pattern: RegExp };

/** What a step does. Where it stands in its file goes with it. */
export type Step = { readonly line: number } & Action;

/** Everything that can stand between the title of a block and the next one. */
export type Action =
  | { readonly do: "send"; readonly text: Text }
  | { readonly do: "expect"; readonly text: Text }
  | { readonly do: "yaml"; readonly lines: readonly YamlLine[]; readonly whole: boolean }
  | { readonly do: "connection"; readonly name: string }
  | { readonly do: "advance"; readonly milliseconds: number }
  | { readonly do: "until"; readonly key: string; readonly value: string }
  | { readonly do: "signal"; readonly signal: Signal }
  | { readonly do: "stream"; readonly byte: number; readonly count: number }
  | { readonly do: "repeat"; readonly times: number; readonly steps: readonly Step[] }
  | { readonly do: BareAction };

/** The signals that a dialogue may send. */
export type Signal = "SIGUSR1";

/** Something said about a whole block. */
export interface Header {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/** A title with what stands below it. */
export interface Block {
  readonly file: string;
  readonly line: number;
  readonly title: string;
  readonly headers: readonly Header[];
  readonly steps: readonly Step[];
}

/**
 * What a server is started with; absent means its own default. A server that has no such option is
 * started without it.
 */
export interface ServerOptions {
  /** Bytes of the largest body. */
  readonly maxJobSize?: number;
  /** Bytes of the longest failure message. */
  readonly maxFailureSize?: number;
  readonly maxBatchSize?: number;
  readonly maxResultSize?: number;
  readonly maxResults?: number;
  /** Failures that a job keeps. */
  readonly keepFailures?: number;
  /** Most tubes at a time. */
  readonly maxTubes?: number;
  /** Most tubes that a connection watches. */
  readonly maxWatch?: number;
}

/** One case: a conversation that must go exactly like this. */
export interface Case extends Block {
  /** The names of beanstalkd's own tests that this case stands for. */
  readonly upstream: readonly string[];
  /** A server of its own, on which nothing has happened yet. */
  readonly fresh: boolean;
  /** It is about what only Homemaker has: beanstalkd must not answer so. */
  readonly addition: boolean;
  readonly options: ServerOptions;
}

/** A dialogue that cannot be read. */
export class DialogueError extends Error {
  readonly code = "HM_DIALOGUE";

  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
  }
}

const HEADERS = new Set([
  "upstream",
  "fresh",
  "addition",
  "options",
  "target",
  "because",
  "unquoted",
  "sometimes",
]);
const BARE_ACTIONS = new Set([
  "split",
  "bytewise",
  "silent",
  "shutdown",
  "close",
  "reset",
  "closed",
  "session",
] as const);
export type BareAction = typeof BARE_ACTIONS extends Set<infer Name> ? Name : never;

function isBareAction(name: string): name is BareAction {
  return (BARE_ACTIONS as Set<string>).has(name);
}

interface Line {
  readonly number: number;
  readonly text: string;
}

/** The lines of a file, read one after the other. */
class Lines {
  readonly file: string;
  readonly #lines: readonly Line[];
  #next = 0;

  constructor(source: string, file: string) {
    this.file = file;
    const all = source.split("\n").map((text, index) => ({ number: index + 1, text }));
    this.#lines = all.filter(({ text }) => text.trim() !== "" && !text.startsWith("#"));
  }

  peek(): Line | undefined {
    return this.#lines[this.#next];
  }

  take(): Line | undefined {
    const line = this.peek();
    this.#next += 1;
    return line;
  }

  fail(line: number, problem: string): never {
    throw new DialogueError(this.file, line, problem);
  }
}

function words(directive: string): { name: string; value: string } {
  const [name = "", ...rest] = directive.slice(1).split(" ");
  return { name, value: rest.join(" ").trim() };
}

function wholeNumber(lines: Lines, at: number, value: string, what: string): number {
  if (!/^\d+$/.test(value)) lines.fail(at, `${what} is a whole number, not "${value}"`);
  return Number(value);
}

function parseAdvance(lines: Lines, at: number, value: string): Action {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(value);
  if (match === null)
    return lines.fail(at, `@advance takes a time such as 2s or 200ms, not "${value}"`);
  const [, amount, unit] = match;
  return { do: "advance", milliseconds: Math.round(Number(amount) * (unit === "s" ? 1000 : 1)) };
}

function parseUntil(lines: Lines, at: number, value: string): Action {
  const match = /^([a-z-]+) (\S+)$/.exec(value);
  const [, key, expected] = match ?? [];
  if (key === undefined || expected === undefined)
    return lines.fail(at, "@until takes a key of `stats` and its value");
  return { do: "until", key, value: expected };
}

function parseStream(lines: Lines, at: number, value: string): Action {
  const [count = "", byte = ""] = value.split(" ");
  if (byte.length !== 1) lines.fail(at, "@stream takes a number of bytes and one character");
  return {
    do: "stream",
    count: wholeNumber(lines, at, count, "the number of bytes"),
    byte: byte.charCodeAt(0),
  };
}

function parseSignal(lines: Lines, at: number, value: string): Action {
  if (value !== "USR1") lines.fail(at, `@signal knows USR1, not "${value}"`);
  return { do: "signal", signal: "SIGUSR1" };
}

function parseYamlValue(source: string | undefined): YamlValue {
  if (source === undefined) return { kind: "nothing" };
  if (source === "*") return { kind: "anything" };
  if (source === '"*"') return { kind: "quoted" };
  const range = /^(\d+)\.\.(\d+)$/.exec(source);
  if (range !== null) return { kind: "range", least: Number(range[1]), most: Number(range[2]) };
  const pattern = /^\/(.+)\/$/.exec(source)?.[1];
  if (pattern !== undefined) return { kind: "pattern", pattern: new RegExp(`^(?:${pattern})$`) };
  return { kind: "exactly", text: parseText(source) };
}

function parseYaml(lines: Lines, at: number, value: string): Action {
  if (value !== "" && value !== "some")
    lines.fail(at, `@yaml stands alone or before "some", not "${value}"`);
  const entries: YamlLine[] = [];
  for (let line = lines.peek(); line?.text.startsWith("  ") === true; line = lines.peek()) {
    lines.take();
    const match = /^ {2}(?:- (.+)|( {2})?([a-z0-9-]+):(?: (.+))?)$/.exec(line.text);
    if (match === null)
      return lines.fail(line.number, 'a line of YAML is "  key: value", "  key:" or "  - item"');
    const [, item, indent = "", key, entry] = match;
    const name = key === undefined ? null : indent + key;
    entries.push({ key: name, value: parseYamlValue(item ?? entry) });
  }
  if (entries.length === 0) lines.fail(at, "@yaml needs lines below it, indented by two spaces");
  return { do: "yaml", lines: entries, whole: value === "" };
}

function parseRepeat(lines: Lines, at: number, value: string): Action {
  const times = wholeNumber(lines, at, value, "the number of rounds");
  const steps = parseSteps(lines);
  if (lines.take()?.text !== "@end") lines.fail(at, "@repeat has no @end");
  return { do: "repeat", times, steps };
}

function parseDirective(lines: Lines, line: Line): Action {
  const { name, value } = words(line.text);
  if (isBareAction(name)) {
    if (value !== "") lines.fail(line.number, `@${name} stands alone`);
    return { do: name };
  }
  switch (name) {
    case "conn":
      if (!/^[a-z][a-z0-9-]*$/.test(value))
        lines.fail(line.number, `a connection is named in small letters, not "${value}"`);
      return { do: "connection", name: value };
    case "advance":
      return parseAdvance(lines, line.number, value);
    case "until":
      return parseUntil(lines, line.number, value);
    case "stream":
      return parseStream(lines, line.number, value);
    case "signal":
      return parseSignal(lines, line.number, value);
    case "yaml":
      return parseYaml(lines, line.number, value);
    case "repeat":
      return parseRepeat(lines, line.number, value);
    default:
      return HEADERS.has(name)
        ? lines.fail(line.number, `@${name} belongs directly below the title`)
        : lines.fail(line.number, `unknown directive @${name}`);
  }
}

// `>` and `<` take the rest of the line after one space, so that a text may begin or end with
// spaces.
function parseAction(lines: Lines, line: Line): Action {
  const match = /^(>>|>|<<|<)(?: (.*))?$/.exec(line.text);
  if (match !== null) {
    const [, mark = "", source = ""] = match;
    const text = parseText(source, mark.length === 1 ? "\r\n" : "");
    return { do: mark.startsWith(">") ? "send" : "expect", text };
  }
  if (line.text.startsWith("@")) return parseDirective(lines, line);
  return lines.fail(
    line.number,
    `a line begins with >, >>, <, <<, @, == or #; this one is "${line.text}"`,
  );
}

function parseStep(lines: Lines, line: Line): Step {
  try {
    return { line: line.number, ...parseAction(lines, line) };
  } catch (error) {
    if (error instanceof TextError) lines.fail(line.number, error.message);
    throw error;
  }
}

function parseSteps(lines: Lines): Step[] {
  const steps: Step[] = [];
  for (let line = lines.peek(); line !== undefined; line = lines.peek()) {
    if (line.text.startsWith("== ") || line.text === "@end") break;
    lines.take();
    steps.push(parseStep(lines, line));
  }
  return steps;
}

function parseHeaders(lines: Lines): Header[] {
  const headers: Header[] = [];
  for (let line = lines.peek(); line?.text.startsWith("@") === true; line = lines.peek()) {
    const header = { ...words(line.text), line: line.number };
    if (!HEADERS.has(header.name)) break;
    lines.take();
    headers.push(header);
  }
  return headers;
}

/** Reads the blocks of a file. `file` is only used to name places. Throws a DialogueError. */
export function parseBlocks(source: string, file: string): Block[] {
  const lines = new Lines(source, file);
  const blocks: Block[] = [];
  const titles = new Set<string>();
  for (let line = lines.take(); line !== undefined; line = lines.take()) {
    if (!line.text.startsWith("== "))
      lines.fail(line.number, `expected a title ("== ..."), found "${line.text}"`);
    const title = line.text.slice(3).trim();
    if (titles.has(title)) lines.fail(line.number, `a second "${title}"`);
    titles.add(title);
    blocks.push({
      file,
      line: line.number,
      title,
      headers: parseHeaders(lines),
      steps: parseSteps(lines),
    });
  }
  return blocks;
}

const OPTION_NAMES: Readonly<Record<string, keyof ServerOptions>> = {
  "max-job-size": "maxJobSize",
  "max-failure-size": "maxFailureSize",
  "max-batch-size": "maxBatchSize",
  "max-result-size": "maxResultSize",
  "max-results": "maxResults",
  "keep-failures": "keepFailures",
  "max-tubes": "maxTubes",
  "max-watch": "maxWatch",
};

function parseOptions(block: Block, header: Header): ServerOptions {
  const options = header.value.split(" ").map((word) => {
    const [, name = "", value] = /^([a-z-]+)=(\d+)$/.exec(word) ?? [];
    const option = OPTION_NAMES[name];
    if (option !== undefined) return [option, Number(value)] as const;
    throw new DialogueError(block.file, header.line, `unknown option "${word}"`);
  });
  return Object.fromEntries(options);
}

function caseOf(block: Block): Case {
  let upstream: readonly string[] = [];
  let fresh = false;
  let addition = false;
  let options: ServerOptions = {};
  for (const header of block.headers) {
    if (header.name === "upstream") upstream = [...upstream, ...header.value.split(/[ ,]+/)];
    else if (header.name === "fresh") fresh = true;
    else if (header.name === "addition") addition = true;
    else if (header.name === "options") options = parseOptions(block, header);
    else
      throw new DialogueError(
        block.file,
        header.line,
        `@${header.name} belongs into the file of differences`,
      );
  }
  if (block.steps.length === 0)
    throw new DialogueError(block.file, block.line, `"${block.title}" has no steps`);
  const isFresh = fresh || Object.keys(options).length > 0;
  return { ...block, upstream, addition, options, fresh: isFresh };
}

/**
 * Reads the cases of a file of dialogues. `file` is only used to name places. Throws a
 * DialogueError.
 */
export function parseCases(source: string, file: string): Case[] {
  return parseBlocks(source, file).map(caseOf);
}
