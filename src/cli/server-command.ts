/* Server command: `homemaker` without the name of a subcommand.
 *
 * In the package this is a file of its own with all that every server needs, since finding and
 * reading many files takes longer than all else that a start does (toolchain/bundle.ts); what only
 * some servers have is loaded when it is asked for. Called by main.ts.
 */
import process from "node:process";
import { HANDED_VARIABLES } from "../config/handed-sockets.ts";
import type { Runtime } from "../runtime.ts";
import { serve } from "../server/server.ts";
import { loadControl } from "../text/control.ts";
import { parseOptions } from "./command-line.ts";
import { printAndExit, withRuntime } from "./with-runtime.ts";

/**
 * Runs a server until it ends. Resolves with the exit code.
 *
 * @param argv without the program's own path
 * @param hearsSignals called once, when signals reach the server
 */
export function runServer(argv: readonly string[], hearsSignals: () => void): Promise<number> {
  return withRuntime((runtime) => run(argv, runtime, hearsSignals));
}

async function run(
  argv: readonly string[],
  runtime: Runtime,
  hearsSignals: () => void,
): Promise<number> {
  const units = await loadControl(await runtime.readModule("control"));
  const parsed = parseOptions(argv, process.env, units, process.pid);
  if (parsed.kind === "exit") return printAndExit(parsed, runtime);
  for (const warning of parsed.warnings) runtime.errors.write(`${warning}\n`);
  for (const name of HANDED_VARIABLES) delete process.env[name]; // else a child takes them
  const { httpPort, jsonPort, outbox } = parsed.options;
  const http = httpPort === undefined ? undefined : await import("../http/open-http.ts");
  const json = jsonPort === undefined ? undefined : await import("../json/server-door.ts");
  const tables = outbox === undefined ? undefined : await import("../storage/outbox-tables.ts");
  const companions = {
    openHttp: http?.openHttp,
    openJson: json?.openJson,
    openOutboxTable: tables?.openOutboxTable,
  };
  const ended = serve(parsed.options, runtime, companions);
  hearsSignals();
  return ended;
}
