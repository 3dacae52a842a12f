/* Runtimes: the JavaScript runtimes that the server runs on, as npm has installed them. */
import { fileURLToPath } from "node:url";
import { execa } from "execa";

/** The project's own directory. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BIN = `${ROOT}node_modules/.bin/`;
const TIMEOUT_MS = 60_000;

/** Their command lines. */
export const RUNTIMES = {
  node: [process.execPath],
  deno: [`${BIN}deno`, "run", "-A"],
  bun: [`${BIN}bun`],
} as const;

/** The name of one. */
export type RuntimeName = keyof typeof RUNTIMES;

/** All but the one that most users have. */
export const OTHER_RUNTIMES = ["deno", "bun"] as const satisfies readonly RuntimeName[];

/** All of them. */
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/** What a program prints on that runtime, as JSON. It has to end by itself. */
export async function printedOn(
  runtime: RuntimeName,
  cwd: string,
  ...args: string[]
): Promise<unknown> {
  const [command = "", ...flags] = RUNTIMES[runtime];
  const { stdout } = await execa(command, [...flags, ...args], { cwd, timeout: TIMEOUT_MS });
  return JSON.parse(stdout);
}
