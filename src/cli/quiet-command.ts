/* Quiet command: commander's Command as this program has it: it prints nothing and ends nothing;
 * what would have been printed is a value.
 *
 * The server's own flags (command-line.ts) and every subcommand (subcommands.ts, shell/syntax.ts)
 * are read by one of these.
 */
import { Command, CommanderError } from "commander";
import { PROGRAM } from "../version.ts";

/** To print something and end. */
export interface Exit {
  readonly kind: "exit";
  /** 0, or EXIT_USAGE if something is wrong. */
  readonly code: number;
  /** Text for stdout, without its last line end. */
  readonly stdout?: string;
  /** One line for stderr, without its line end. */
  readonly stderr?: string;
}

/** Exit code for a wrong command line or environment. */
export const EXIT_USAGE = 2;

/** A command without flags, its help of a fixed width. Its `parse` throws a CommanderError. */
export function quietCommand(name: string): Command {
  return new Command(name).exitOverride().configureOutput({
    writeOut: () => undefined,
    outputError: () => undefined,
    getOutHelpWidth: () => 96,
    getOutHasColors: () => false,
  });
}

/** The same for `homemaker NAME`, which has --help. */
export function quietSubcommand(name: string): Command {
  return quietCommand(`${PROGRAM} ${name}`).helpOption("-h, --help", "print this help and exit");
}

/**
 * What the subcommand's `parse` threw comes to: its help was asked for, or something is wrong.
 * Throws what is no CommanderError.
 */
export function exitOf(name: string, command: Command, error: unknown): Exit {
  if (!(error instanceof CommanderError)) throw error;
  if (error.code === "commander.excessArguments") {
    const stray = command.args[command.registeredArguments.length] ?? "";
    return wrongArguments(name, `unexpected argument "${stray}"`);
  }
  if (error.exitCode !== 0) return wrongArguments(name, withoutPrefix(error));
  return { kind: "exit", code: 0, stdout: command.helpInformation().trimEnd() };
}

/** A subcommand's arguments are wrong. */
export function wrongArguments(name: string, text: string): Exit {
  return wrongUsage(`${name}: ${text}`);
}

/** Arguments or variables are wrong, for the reason `text`. */
export function wrongUsage(text: string): Exit {
  return { kind: "exit", code: EXIT_USAGE, stderr: complaint(inOneLine(text)) };
}

/** commander's message, without what it begins with. */
export function withoutPrefix({ message }: CommanderError): string {
  return message.replace(/^error: /, "");
}

/** As all programs do: whose line it is, then what it says. */
export function complaint(text: string): string {
  return `${PROGRAM}: ${text}`;
}

/**
 * Words of the user's own may hold anything: control characters are spelled out, so that a message
 * stays one line.
 */
function inOneLine(text: string): string {
  const spellOut = (unit: string): string =>
    `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return text.replace(/\n(?=\(Did you mean)/, " ").replace(/[\p{Cc}\u2028\u2029]/gu, spellOut);
}
