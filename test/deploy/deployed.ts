/* Deployed: the files of deploy/, and the options that what they start the server with sets. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { parseOptions } from "../../src/cli/command-line.ts";
import type { Options } from "../../src/config/options.ts";
import { loadBuiltControl } from "../text/load-control.ts";

/** The folder. */
export const DEPLOY = fileURLToPath(new URL("../../deploy/", import.meta.url));
/** The control module, with which options are read. */
export const control = await loadBuiltControl();

/** What stands in one of its files. */
export function text(path: string): string {
  return readFileSync(join(DEPLOY, path), "utf8");
}

/** The options that these words and variables set; nothing may be unknown or be warned of. */
export function optionsOf(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Options {
  const parsed = parseOptions(words, env, control);
  if (parsed.kind !== "run") throw new Error(parsed.stderr ?? parsed.stdout);
  expect(parsed.warnings).toEqual([]);
  return parsed.options;
}
