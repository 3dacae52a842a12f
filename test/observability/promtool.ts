/* Promtool: Prometheus' own checker, which must be there. */
import { spawnSync } from "node:child_process";

/**
 * Runs `promtool` with `input` on its standard input; returns what it complains about, "" when
 * nothing.
 */
export function promtool(args: readonly string[], input = ""): string {
  const { status, stdout, stderr, error } = spawnSync("promtool", args, {
    input,
    encoding: "utf8",
  });
  if (error !== undefined) {
    throw new Error("these tests need promtool: apt-get install prometheus", { cause: error });
  }
  return status === 0 && stderr === "" ? "" : `exit code ${status}: ${stdout}${stderr}`;
}
