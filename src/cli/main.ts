#!/usr/bin/env node
/* The command: `homemaker`, and `npm start -- ...`.
 *
 * Serves or runs a subcommand, and hands an exit code to the system: 0 after SIGTERM, SIGINT,
 * --help and --version, 1 if the server could not start, 2 if the command line or the environment
 * is wrong, 70 for a defect; subcommands have their own. Every failure is one line on standard
 * error.
 *
 * Without a listener Node takes SIGUSR1 for a wish to open its inspector. So one is there before
 * anything else is even loaded (hence the imports inside the functions), and a signal that comes
 * that early is passed on to the server.
 */
import process from "node:process";
import { endWhenForbidden } from "../runtimes/forbidden.ts";
import { whyTooOld } from "../runtimes/needed-node.ts";
import { PROGRAM } from "../version.ts";

const EXIT_FAILED = 1;

let drainsEarly = false;
const rememberDrain = (): void => {
  drainsEarly = true;
};
process.on("SIGUSR1", rememberDrain);
endWhenForbidden(); // modules ask for what they may not have while they are loaded
void main(process.argv.slice(2)).then((code) => (process.exitCode = code));

async function main(argv: readonly string[]): Promise<number> {
  const why = whyTooOld();
  if (why !== undefined) {
    process.stderr.write(`${PROGRAM}: ${why}\n`);
    return EXIT_FAILED;
  }
  const [name = ""] = argv;
  if (name !== "" && !name.startsWith("-")) {
    const { runSubcommand } = await import("./subcommand.ts");
    const code = await runSubcommand(argv, import.meta.filename);
    if (code !== undefined) return code;
  }
  const { runServer } = await import("./server-command.ts");
  return runServer(argv, passDrainOn);
}

/** Called when the server has its own listener. */
function passDrainOn(): void {
  process.off("SIGUSR1", rememberDrain);
  if (drainsEarly) process.kill(process.pid, "SIGUSR1");
}
