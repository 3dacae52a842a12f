/* Differences: reads `differences.txt`, the one list of everything in which a server is known not
 * to answer as the dialogues say.
 *
 * A difference names a case and tells how the conversation goes on that server instead; or it names
 * cases that fail there now and then (`@sometimes`); or it names keys of YAML replies whose strings
 * stand there without quotes (`@unquoted`). Nothing else makes a case pass that does not go as
 * written, and a difference that is not there any more fails (see `dialogues.test.ts`).
 */
import { DialogueError, parseBlocks } from "./dialogue.ts";
import type { Block, Case, YamlLine } from "./dialogue.ts";
import type { Dialect } from "./play.ts";
import type { ServerName } from "./stage.ts";

/** How one case goes on one server. */
export interface Difference {
  /**
   * `put.txt: a sentence`; in the list the server may follow in parentheses, where two servers
   * differ in one case.
   */
  readonly name: string;
  readonly server: ServerName;
  readonly reason: string;
  /** The conversation as it goes there. */
  readonly block: Block;
}

/** Keys whose strings one server prints without quotes. */
export interface Unquoted {
  readonly server: ServerName;
  readonly keys: ReadonlySet<string>;
  readonly reason: string;
}

/** Cases that go as written on one server, but not every time. */
export interface Sometimes {
  readonly server: ServerName;
  readonly reason: string;
  /** Names of cases, as in `Difference.name`. */
  readonly names: ReadonlySet<string>;
  /** How the server says that it is the one that does so. */
  readonly block: Block;
}

/** Everything that is listed. */
export interface Differences {
  readonly cases: readonly Difference[];
  readonly sometimes: readonly Sometimes[];
  readonly unquoted: readonly Unquoted[];
}

function serverName(block: Block, value: string): ServerName {
  if (value === "beanstalkd" || value === "homemaker" || value === "homemaker with data")
    return value;
  throw new DialogueError(
    block.file,
    block.line,
    `@target is beanstalkd, homemaker or homemaker with data, not "${value}"`,
  );
}

function headerValues(block: Block, name: string): string[] {
  return block.headers.filter((header) => header.name === name).map((header) => header.value);
}

/** Reads the list. Throws a DialogueError. */
export function parseDifferences(source: string, file: string): Differences {
  const cases: Difference[] = [];
  const sometimes: Sometimes[] = [];
  const unquoted: Unquoted[] = [];
  for (const block of parseBlocks(source, file)) {
    const server = serverName(block, headerValues(block, "target").join(" "));
    const reason = headerValues(block, "because").join(" ");
    const keys = headerValues(block, "unquoted").flatMap((value) => value.split(" "));
    const names = headerValues(block, "sometimes");
    if (reason === "")
      throw new DialogueError(file, block.line, `"${block.title}" has no @because`);
    if (keys.length > 0) unquoted.push({ server, reason, keys: new Set(keys) });
    else if (block.steps.length === 0)
      throw new DialogueError(file, block.line, `"${block.title}" says no difference`);
    else if (names.length > 0) sometimes.push({ server, reason, names: new Set(names), block });
    else cases.push({ name: block.title.replace(` (${server})`, ""), server, reason, block });
  }
  return { cases, sometimes, unquoted };
}

/** The name by which a difference calls a case. */
export function nameOf(dialogue: Case): string {
  return `${dialogue.file}: ${dialogue.title}`;
}

/** How this server writes the values of YAML lines. */
export function dialectOf(differences: Differences, server: ServerName): Dialect {
  const bare = new Set(
    differences.unquoted
      .filter((entry) => entry.server === server)
      .flatMap((entry) => [...entry.keys]),
  );
  return (line) => (line.key !== null && bare.has(line.key) ? withoutQuotes(line) : line.value);
}

function withoutQuotes({ value }: YamlLine): ReturnType<Dialect> {
  if (value.kind === "quoted") return { kind: "unquoted" };
  return value.kind === "exactly" ? { kind: "exactly", text: value.text.without('"') } : value;
}
