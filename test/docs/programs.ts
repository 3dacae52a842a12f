/*
 * Programs: the examples of a page of the documents, run as they stand there: what they print is
 * compared with what the comments behind, or below, their console.log say.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { onTestFinished, vi } from "vitest";

const ROOT = new URL("../../", import.meta.url);
const EXAMPLES = new URL("build/examples/", ROOT);

/** What a program defines first. */
export function titleOf(program: string): string {
  return /defineJob\("([^"]+)"/.exec(program)?.[1] ?? "a program";
}

/** What the comments behind, or below, its console.log say. */
export function promised(program: string): readonly string[] {
  return [...program.matchAll(/console\.log\(.*\)\)?;(?: \/\/ (.*)|((?:\n *\/\/ .*)+))/g)].flatMap(
    ([, behind, below = ""]) =>
      behind === undefined
        ? [...below.matchAll(/\/\/ (.*)/g)].map(([, line = ""]) => line)
        : [behind],
  );
}

/** The file of an entry of the package, `homemaker/testing` for instance. */
function entryFile(subpath: string): string {
  const manifest: {
    readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  } = JSON.parse(readFileSync(new URL("package.json", ROOT), "utf8"));
  const target = manifest.exports[`./${subpath}`];
  const emitted = typeof target === "object" ? (target["node"] ?? target["default"] ?? "") : "";
  const file = emitted.replace(/^\.\/dist\/lib\//, "src/entries/").replace(/\.js$/, ".ts");
  return new URL(file, ROOT).pathname;
}

/** The name of the file that a block is, which programs import; undefined if it is a program. */
export function fileOf(block: string): string | undefined {
  return /^\/\/ ([\w-]+\.ts)\n/.exec(block)?.[1];
}

/** Writes the files among some blocks, for programs to import. `entry` is as for `printed`. */
export function writeFiles(blocks: readonly string[], entry: string): void {
  for (const block of blocks) {
    const name = fileOf(block);
    if (name !== undefined) writeProgram(name, block, entry);
  }
}

/** Writes a program where it can be imported from. `entry` is as for `printed`. */
export function writeProgram(name: string, program: string, entry: string): URL {
  mkdirSync(EXAMPLES, { recursive: true });
  const file = new URL(name, EXAMPLES);
  const path = new URL(entry, ROOT).pathname;
  const source = program
    .replace('from "homemaker"', `from ${JSON.stringify(path)}`)
    .replaceAll(/from "homemaker\/(\w+)"/g, (_, subpath: string) => {
      return `from ${JSON.stringify(entryFile(subpath))}`;
    });
  writeFileSync(file, source);
  return file;
}

/**
 * Runs a program, and returns what it prints. `entry` is what it imports as "homemaker"; other
 * entries are those of the package.
 */
export async function printed(
  program: string,
  name: string,
  entry: string,
): Promise<readonly string[]> {
  const file = writeProgram(`${name}.ts`, program, entry);
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    const texts = values.map((value) => (typeof value === "string" ? value : inspect(value)));
    lines.push(texts.join(" "));
  });
  onTestFinished(() => log.mockRestore());
  await import(file.pathname);
  return lines;
}
