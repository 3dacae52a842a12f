/* Runtimes: the JavaScript runtimes that the server runs on, as npm has installed them. */
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../node_modules/.bin/", import.meta.url));

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
