/*
 * Programs: the examples of a page of the documents, run as they stand there: what they print is
 * compared with what the comments behind, or below, their console.log say.
 */
import { mkdirSync, writeFileSync } from "node:fs";
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

/** Runs a program, and returns what it prints. `entry` is what it imports as "homemaker". */
export async function printed(
  program: string,
  name: string,
  entry: string,
): Promise<readonly string[]> {
  mkdirSync(EXAMPLES, { recursive: true });
  const file = new URL(`${name}.ts`, EXAMPLES);
  const path = new URL(entry, ROOT).pathname;
  writeFileSync(file, program.replace('from "homemaker"', `from ${JSON.stringify(path)}`));
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    const texts = values.map((value) => (typeof value === "string" ? value : inspect(value)));
    lines.push(texts.join(" "));
  });
  onTestFinished(() => log.mockRestore());
  await import(file.pathname);
  return lines;
}
