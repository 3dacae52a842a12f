/* API page: docs/api.md, made from the declarations that the package is published with: what each
 * entry exports, its comment, its type. Written by `npm run docs` (docs.ts), held to the tree by a
 * test.
 *
 * The compiler writes the declarations; of these files this reads no more than where a statement
 * begins, and the formatter makes them readable.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BIN = `${ROOT}node_modules/`;

const INTRODUCTION = `# API reference

Generated from the types by \`npm run docs\`; do not edit.

What each entry of the package exports, by its name. [tutorial.md](tutorial.md) is where to begin;
[queue.md](queue.md), [workers-guide.md](workers-guide.md), [client.md](client.md),
[testing-jobs.md](testing-jobs.md) and [telemetry.md](telemetry.md) tell what it is for, with
programs that run.
`;

/** Something that is exported. */
interface Declaration {
  readonly name: string;
  /** Its comment, as prose. */
  readonly comment: string;
  readonly code: string;
}

/** A statement of a file of declarations. */
interface Statement {
  readonly comment: string;
  readonly code: string;
}

/** Where a statement begins, in a file that the compiler wrote. */
const BEGINS = /^(?=\/\*\*|(?:export|import|declare|type|interface|class|const|function) )/m;
const NAMED =
  /^(?:export )?(?:declare )?(?:abstract )?(?:interface|type|class|function|const) (\w+)/;

/** The entries of the package, as they are imported, and where their declarations are. */
function entries(): readonly (readonly [string, string])[] {
  const manifest: { readonly name: string; readonly exports: Readonly<Record<string, unknown>> } =
    JSON.parse(readFileSync(`${ROOT}package.json`, "utf8"));
  return Object.entries(manifest.exports).flatMap(([subpath, target]) => {
    if (typeof target !== "object" || target === null || !("types" in target)) return [];
    const file = String(target.types).replace(/^\.\/dist\/types\//, "");
    return [[subpath.replace(/^\./, manifest.name), file] as const];
  });
}

/** The whole page. */
export function apiPage(): string {
  const directory = mkdtempSync(join(tmpdir(), "homemaker-types-"));
  try {
    emitTo(directory);
    const told = new Map<string, string>();
    const sections = entries().map(([name, file]) =>
      sectionOf(name, exportsOf(join(directory, file)), told),
    );
    return [INTRODUCTION, ...sections].join("\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function emitTo(directory: string): void {
  const project = ["-p", "src/toolchain/tsconfig.dist.json"];
  const options = ["--emitDeclarationOnly", "--outDir", directory];
  run("typescript/bin/tsc", [...project, ...options], "");
}

function run(program: string, options: readonly string[], input: string): string {
  const command = [`${BIN}${program}`, ...options];
  return execFileSync(process.execPath, command, { cwd: ROOT, input, encoding: "utf8" });
}

/** `told` has what earlier entries told, by its text, and gets what this one tells. */
function sectionOf(
  entry: string,
  all: ReadonlyMap<string, Declaration>,
  told: Map<string, string>,
): string {
  const sorted = [...all.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const fresh = sorted.filter(({ code }) => !told.has(code));
  const others = Map.groupBy(
    sorted.filter(({ code }) => told.has(code)),
    ({ code }) => told.get(code),
  );
  for (const { code } of fresh) told.set(code, entry);
  const formatted = formattedCode(fresh.map(({ code }) => code));
  const parts = fresh.map(({ name, comment }, index) =>
    [`### ${name}\n`, ...(comment === "" ? [] : [`${comment}\n`]), block(formatted[index])].join(
      "\n",
    ),
  );
  const shared = [...others].map(([from, same]) => {
    const names = same.map(({ name }) => `\`${name}\``);
    return wrapped(`What [${from}](#${anchorOf(from)}) has, too: ${names.join(", ")}.`);
  });
  return [`## ${entry}\n`, ...shared, ...parts].join("\n");
}

/** Of a heading, as pages link to it. */
function anchorOf(heading = ""): string {
  return heading.replaceAll("/", "");
}

/** Prose in lines that end. */
function wrapped(prose: string): string {
  return `${prose.replaceAll(/(?=.{98})(.{1,97})\s/g, "$1\n")}\n`;
}

function block(code = ""): string {
  return `\`\`\`ts\n${code}\n\`\`\`\n`;
}

const MARK = "// declaration";

/** All in one go: the formatter takes longer to start than to run. */
function formattedCode(codes: readonly string[]): readonly string[] {
  const marked = codes.map((code) => `${MARK}\n${code}\n`).join("\n");
  const formatted = run("oxfmt/bin/oxfmt", ["--stdin-filepath=api.d.ts"], marked);
  return formatted
    .split(`${MARK}\n`)
    .slice(1)
    .map((code) => code.trim());
}

/** What a file exports, whichever file declares it. */
function exportsOf(file: string): ReadonlyMap<string, Declaration> {
  const found = new Map<string, Declaration>();
  const statements = statementsOf(file);
  for (const { code } of statements) {
    const [, all, names = "", path = ""] =
      /^export (?:type )?(?:(\*)|\{([^}]*)\}) from "([^"]+)"/.exec(code) ?? [];
    if (path === "") continue;
    const from = exportsOf(join(dirname(file), path.replace(/\.ts$/, ".d.ts")));
    const wanted = all === undefined ? names.match(/\w+/g) : [...from.keys()];
    for (const name of wanted ?? []) {
      const declaration = from.get(name);
      if (declaration === undefined) throw new RangeError(`${file}: ${name} is declared nowhere`);
      found.set(name, declaration);
    }
  }
  for (const { comment, code } of statements) {
    const name = code.startsWith("export ") ? NAMED.exec(code)?.[1] : undefined;
    if (name !== undefined) found.set(name, { name, comment, code });
  }
  return found;
}

function statementsOf(file: string): readonly Statement[] {
  const chunks = readFileSync(file, "utf8").split(BEGINS);
  let comment = "";
  return chunks.flatMap((chunk) => {
    const [whole = "", text = ""] = /^\/\*\*([\s\S]*?)\*\/\n/.exec(chunk) ?? [];
    const code = published(chunk.slice(whole.length));
    const statement = { comment: whole === "" ? comment : proseOf(text), code };
    comment = code === "" ? statement.comment : "";
    return code === "" ? [] : [statement];
  });
}

/** As users see it: what a class keeps to itself is left out. */
function published(code: string): string {
  return code
    .replaceAll(/^ +#private;\n/gm, "")
    .replaceAll(/^ +private .*\n/gm, "")
    .replace("export declare ", "export ")
    .trim();
}

function proseOf(comment: string): string {
  const lines = comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, "").trimEnd());
  return lines
    .join("\n")
    .replaceAll(/^@param (\w+) /gm, "`$1`: ")
    .trim();
}
