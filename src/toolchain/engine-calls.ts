/* Engine calls: src/engine/exports.ts and src/engine/calls.ts, made from what the compiler says
 * that the engine exports (build/engine.d.ts) and from the comments in assembly/.
 *
 * A call that takes the thread becomes a method without it, which gives what came back to
 * `answer`. The raw functions return numbers with a sign; a u32 loses it here. `npm run exports`
 * runs this file and writes both; a test compares what is made with what is in the tree, so an
 * export whose arguments change has a line that changes.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { format } from "oxfmt";
import { ROOT } from "./build.ts";

/** Where the sources of the exports begin. */
const ENTRY = "assembly/index.ts";
/** The name of the argument that says which thread calls. */
const THREAD = "t";
/** What the formatter keeps to (.oxfmtrc.json), and comments, which it leaves alone. */
const COLUMNS = 100;

/** An exported function. */
interface Call {
  readonly name: string;
  /** Its arguments but for the thread, each with its type. */
  readonly parameters: readonly string[];
  readonly takesThread: boolean;
  readonly result: string;
  /** What stands above it in assembly/. */
  readonly comment: string;
}

/** A declaration or a source is not written as this file expects it. */
class EngineCallsError extends Error {
  override readonly name = "EngineCallsError";
  readonly code = "HM_TOOLCHAIN_EXPORTS";
}

/** A file that is made. */
export interface MadeFile {
  /** From the root. */
  readonly path: string;
  readonly text: string;
}

/** Both files, as the engine in build/ has it. */
export async function engineCalls(): Promise<readonly MadeFile[]> {
  const calls = readCalls(readFileSync(`${ROOT}build/engine.d.ts`, "utf8"), readComments());
  return [
    { path: "src/engine/exports.ts", text: await formatted(exportsFile(calls)) },
    { path: "src/engine/calls.ts", text: await formatted(callsFile(calls)) },
  ];
}

function readCalls(declarations: string, comments: ReadonlyMap<string, string>): readonly Call[] {
  const lines = declarations.matchAll(/^export function (\w+)\((.*)\): (\w+);$/gm);
  return [...lines].map(([, name = "", inside = "", result = ""]) => {
    const parameters = inside === "" ? [] : inside.split(", ");
    const takesThread = parameters[0] === `${THREAD}: u32`;
    return {
      name,
      parameters: takesThread ? parameters.slice(1) : parameters,
      takesThread,
      result,
      comment: comments.get(name) ?? "",
    };
  });
}

/**
 * The comments of all functions that the entry exports, or that are in the files it exports from.
 */
function readComments(): ReadonlyMap<string, string> {
  const entry = readFileSync(ROOT + ENTRY, "utf8");
  const files = [...entry.matchAll(/^export [^;]* from "\.\/([\w/-]+)";$/gm)];
  const sources = files.map(([, name]) => readFileSync(`${ROOT}assembly/${name}.ts`, "utf8"));
  if (sources.length === 0) throw new EngineCallsError(`${ENTRY} exports from no other file`);
  const pattern = /(\/\*\*(?:(?!\*\/)[^])*\*\/)\nexport function (\w+)\(/g;
  return new Map(
    [entry, ...sources].flatMap((source) =>
      [...source.matchAll(pattern)].map(([, comment = "", name = ""]) => [name, comment] as const),
    ),
  );
}

function exportsFile(calls: readonly Call[]): string {
  const functions = calls.map(({ name, parameters, takesThread, result }) => {
    const all = takesThread ? [`${THREAD}: u32`, ...parameters] : parameters;
    return `  ${name}(${all.join(", ")}): ${result};`;
  });
  return `/* Exports: the raw functions of build/engine.wasm, made from assembly/ by \`npm run exports\`; do
 * not edit. What each does stands at its method in calls.ts. A raw u32 comes back with a sign.
 */

/** What an instance of the engine exports. */
export interface EngineExports {
${functions.join("\n")}
}

/** The names of all exports, for the check that a module is this engine. */
export const EXPORT_NAMES: readonly (keyof EngineExports)[] = [
${calls.map(({ name }) => `"${name}",`).join("\n")}
];
`;
}

function callsFile(calls: readonly Call[]): string {
  return `/* Calls: the engine's exports as methods of one thread's handle on one shard, made from assembly/
 * by \`npm run exports\`; do not edit.
 *
 * A method adds the thread and passes what came back through \`answer\`, so that no mark on it is
 * ever overlooked: it returns an answer of assembly/constants.ts unless it says otherwise. Every
 * number is unsigned. Called through engine/shard.ts.
 */
import type { EngineExports } from "./exports.ts";

/** What a thread can ask of a shard. */
export abstract class EngineCalls {
  readonly #engine: EngineExports;
  readonly thread: number;

  constructor(engine: EngineExports, thread: number) {
    this.#engine = engine;
    this.thread = thread;
  }

  /** Takes the marks off what a call returned, and sees to what they say. */
  protected abstract answer(code: number): number;

${calls.map(methodOf).join("\n\n")}
}
`;
}

function methodOf({ name, parameters, takesThread, result, comment }: Call): string {
  const names = parameters.map((parameter) => parameter.slice(0, parameter.indexOf(":")));
  const given = takesThread ? ["this.thread", ...names] : names;
  const call = `this.#engine.${name}(${given.join(", ")})`;
  const body = takesThread && result === "i32" ? `this.answer(${call})` : call;
  const value = result === "u32" ? `${body} >>> 0` : body;
  return `${filled(comment, "  ")}
  ${name}(${parameters.join(", ")}): ${result} {
    ${result === "void" ? value : `return ${value}`};
  }`;
}

/** The comment behind `indent`, each paragraph filled anew: lines begin further right here. */
function filled(comment: string, indent: string): string {
  if (comment === "") return "";
  const text = comment.replace(/^\/\*\*\s*/, "").replace(/\s*\*\/$/, "");
  const short = `${indent}/** ${text} */`;
  if (!text.includes("\n") && short.length <= COLUMNS) return short;
  const paragraphs = text.replace(/^ *\* ?/gm, "").split(/\n\n+/);
  const lines = paragraphs.map((paragraph) => fill(paragraph, `${indent} * `).join("\n"));
  return `${indent}/**\n${lines.join(`\n${indent} *\n`)}\n${indent} */`;
}

/** The words in lines that begin with `prefix`. */
function fill(text: string, prefix: string): readonly string[] {
  const lines: string[] = [];
  let line = prefix;
  for (const word of text.split(/\s+/)) {
    const longer = line === prefix ? line + word : `${line} ${word}`;
    if (longer.length > COLUMNS) lines.push(line);
    line = longer.length > COLUMNS ? prefix + word : longer;
  }
  return [...lines, line];
}

async function formatted(source: string): Promise<string> {
  const { code, errors } = await format("made.ts", source, { printWidth: COLUMNS });
  const [error] = errors;
  if (error !== undefined) throw new EngineCallsError(error.message);
  return code;
}

if (import.meta.main) {
  for (const { path, text } of await engineCalls()) {
    writeFileSync(ROOT + path, text);
    console.log(`${path} written`);
  }
}
