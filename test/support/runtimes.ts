/* Runtimes: the JavaScript runtimes that the server runs on, as npm has installed them. */
import { fileURLToPath } from "node:url";
import { execa } from "execa";

/** The project's own directory. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BIN = `${ROOT}node_modules/.bin/`;
const TIMEOUT_MS = 60_000;

/** All but the one that most users have. */
export const OTHER_RUNTIMES = ["deno", "bun"] as const;

/** The name of one. */
export type RuntimeName = "node" | (typeof OTHER_RUNTIMES)[number];

/** The one that runs this. */
export const RUNTIME_HERE: RuntimeName =
  OTHER_RUNTIMES.find((name) => name in process.versions) ?? "node";

/** Their command lines. */
export const RUNTIMES = {
  node: [RUNTIME_HERE === "node" ? process.execPath : `${BIN}node`],
  deno: [`${BIN}deno`, "run", "-A"],
  bun: [`${BIN}bun`],
} as const satisfies Record<RuntimeName, readonly [string, ...string[]]>;

/** All of them. */
export const RUNTIME_NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];

/** A program's command line on the runtime that runs this. */
export function programHere(...args: string[]): readonly [string, string[]] {
  const [command, ...flags] = RUNTIMES[RUNTIME_HERE];
  return [command, [...flags, ...args]];
}

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
