/* Promtool: Prometheus' own checker, which must be there. */
import { spawnSync } from "node:child_process";
import { program } from "../support/programs.ts";

/**
 * Runs `promtool` with `input` on its standard input; returns what it complains about, "" when
 * nothing.
 */
export function promtool(args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync(program("promtool"), args, {
    input,
    encoding: "utf8",
  });
  return status === 0 && stderr === "" ? "" : `exit code ${status}: ${stdout}${stderr}`;
}
