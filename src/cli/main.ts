#!/usr/bin/env node
/* The command: `homemaker`, and `npm start -- ...`.
 *
 * Reads the command line, serves or runs a subcommand, and hands an exit code to the system: 0
 * after SIGTERM, SIGINT, --help and --version, 1 if the server could not start, 2 if the command
 * line or the environment is wrong, 70 for a defect; subcommands have their own. Every failure is
 * one line on standard error.
 *
 * Without a listener Node takes SIGUSR1 for a wish to open its inspector. So one is there before
 * anything else is even loaded (hence the imports inside the functions), and a signal that comes
 * that early is passed on to the server.
 */
import process from "node:process";
import type { Runtime } from "../runtime.ts";
import { whyTooOld } from "../runtimes/needed-node.ts";
import { PROGRAM } from "../version.ts";
import type { WorkCommand } from "./work/work-command.ts";

const EXIT_FAILED = 1;
/** sysexits' EX_SOFTWARE. */
const EXIT_DEFECT = 70;

let drainsEarly = false;
const rememberDrain = (): void => {
  drainsEarly = true;
};
process.on("SIGUSR1", rememberDrain);
void main().then((code) => (process.exitCode = code));

async function main(): Promise<number> {
  const why = whyTooOld();
  if (why !== undefined) {
    process.stderr.write(`${PROGRAM}: ${why}\n`);
    return EXIT_FAILED;
  }
  const { endWhenForbidden } = await import("../runtimes/forbidden.ts");
  endWhenForbidden();
  const { nodeRuntime } = await import("../runtimes/node.ts");
  const runtime = nodeRuntime();
  try {
    return await run(runtime);
  } catch (error) {
    return complainAbout(error, runtime);
  }
}

async function run(runtime: Runtime): Promise<number> {
  const { loadControl } = await import("../text/control.ts");
  const { parseOptions } = await import("./command-line.ts");
  const { parseSubcommand } = await import("./subcommands.ts");
  const units = await loadControl(await runtime.readModule("control"));
  const argv = process.argv.slice(2);
  const parsed =
    parseSubcommand(argv, units, process.env) ??
    parseOptions(argv, process.env, units, process.pid);
  if (parsed.kind === "exit") {
    if (parsed.stdout !== undefined) runtime.print(parsed.stdout);
    if (parsed.stderr !== undefined) runtime.complain(parsed.stderr);
    return parsed.code;
  }
  if (parsed.kind === "verify") return (await import("./verify.ts")).verify(parsed, runtime);
  if (parsed.kind === "import") return (await import("./import.ts")).importBinlog(parsed, runtime);
  if (parsed.kind === "token") return (await import("./token.ts")).makeToken(parsed, runtime);
  if (parsed.kind === "work") return runWork(parsed, argv, runtime);
  if (parsed.kind === "shell") {
    const { nodeTerminal } = await import("../runtimes/node-terminal.ts");
    return (await import("./shell/shell.ts")).runShell(parsed, runtime, nodeTerminal());
  }
  for (const warning of parsed.warnings) runtime.errors.write(`${warning}\n`);
  const { HANDED_VARIABLES } = await import("../config/handed-sockets.ts");
  for (const name of HANDED_VARIABLES) delete process.env[name]; // else a child takes them
  const { serve } = await import("../server/server.ts");
  const { httpPort, jsonPort } = parsed.options;
  const http = httpPort === undefined ? undefined : await import("../http/open-http.ts");
  const json = jsonPort === undefined ? undefined : await import("../json/server-door.ts");
  const companions = { openHttp: http?.openHttp, openJson: json?.openJson };
  const ended = serve(parsed.options, runtime, companions);
  process.off("SIGUSR1", rememberDrain); // the server listens by now
  if (drainsEarly) process.kill(process.pid, "SIGUSR1");
  return ended;
}

/** A handler that was left behind keeps the process from ending by itself. */
async function runWork(
  command: WorkCommand,
  argv: readonly string[],
  runtime: Runtime,
): Promise<never> {
  if (command.watches) {
    const { runWatched } = await import("../runtimes/watched.ts");
    const { WATCH_FLAG } = await import("./work/work-command.ts");
    const { modules, config } = command;
    const code = await runWatched({
      program: import.meta.filename,
      argv: argv.filter((word) => word !== WATCH_FLAG),
      files: config === undefined ? modules : [...modules, config],
      say: (line) => runtime.print(line),
    });
    return process.exit(code);
  }
  const { beside, importModule } = await import("../runtimes/user-modules.ts");
  const { work } = await import("./work/work.ts");
  const complain = (line: string): void => runtime.complain(`${PROGRAM}: work: ${line}`);
  const around = {
    runtime,
    importModule: (path: string, stopped: Promise<void>) =>
      importModule(path, { stopped, complain }),
    beside,
  };
  return process.exit(await work(command, around));
}

async function complainAbout(error: unknown, runtime: Runtime): Promise<number> {
  const { ModuleMissingError } = await import("../runtime.ts");
  const { describe } = await import("../runtimes/die.ts");
  const { isForbidden } = await import("../system-error.ts");
  if (isForbidden(error)) throw error; // told as those that nobody catches
  const isExpected = error instanceof ModuleMissingError;
  runtime.complain(`${PROGRAM}: ${isExpected ? error.message : describe(error)}`);
  return isExpected ? EXIT_FAILED : EXIT_DEFECT;
}
