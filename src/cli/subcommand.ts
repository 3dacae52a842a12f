/* Subcommand: runs what the first word of a command line names (subcommands.ts): `verify`,
 * `import`, `token`, `work` and the shell's commands. Called by main.ts.
 */
import process from "node:process";
import type { Runtime } from "../runtime.ts";
import { loadControl } from "../text/control.ts";
import { PROGRAM } from "../version.ts";
import { parseSubcommand } from "./subcommands.ts";
import { printAndExit, withRuntime } from "./with-runtime.ts";
import { WATCH_FLAG } from "./work/work-command.ts";
import type { WorkCommand } from "./work/work-command.ts";

/**
 * Resolves with the exit code; undefined if the first word is no subcommand's name.
 *
 * @param argv without the program's own path
 * @param program that path
 */
export function runSubcommand(
  argv: readonly string[],
  program: string,
): Promise<number | undefined> {
  return withRuntime((runtime) => run(argv, program, runtime));
}

async function run(
  argv: readonly string[],
  program: string,
  runtime: Runtime,
): Promise<number | undefined> {
  const units = await loadControl(await runtime.readModule("control"));
  const parsed = parseSubcommand(argv, units, process.env);
  if (parsed === undefined) return undefined;
  switch (parsed.kind) {
    case "exit":
      return printAndExit(parsed, runtime);
    case "verify":
      return (await import("./verify.ts")).verify(parsed, runtime);
    case "import":
      return (await import("./import.ts")).importBinlog(parsed, runtime);
    case "token":
      return (await import("./token.ts")).makeToken(parsed, runtime);
    case "work":
      return runWork(parsed, argv, program, runtime);
    case "shell": {
      const { nodeTerminal } = await import("../runtimes/node-terminal.ts");
      return (await import("./shell/shell.ts")).runShell(parsed, runtime, nodeTerminal());
    }
  }
}

/** A handler that was left behind keeps the process from ending by itself. */
async function runWork(
  command: WorkCommand,
  argv: readonly string[],
  program: string,
  runtime: Runtime,
): Promise<never> {
  if (command.watches) {
    const { runWatched } = await import("../runtimes/watched.ts");
    const { modules, config } = command;
    const code = await runWatched({
      program,
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
