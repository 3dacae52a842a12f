/* Subcommands: `homemaker verify`, `import`, `work`, `token` and the shell's commands, from
 * arguments to what is asked for.
 *
 * As pure as command-line.ts, and called by main.ts before it: a first word that names a subcommand
 * is not the server's.
 */
import type { Command } from "commander";
import type { Units } from "../text/control.ts";
import { environmentName } from "../config/option.ts";
import { OPTIONS } from "../config/options.ts";
import { isTokenName, nameRule, ruleRule } from "../config/token-file.ts";
import { parseRule } from "../protocol/rights.ts";
import { exitOf, quietSubcommand, wrongArguments } from "./quiet-command.ts";
import type { Exit } from "./quiet-command.ts";
import { parseShellCommand, SHELL_COMMANDS } from "./shell/syntax.ts";
import type { ShellCommand } from "./shell/syntax.ts";
import type { Environment } from "./variables.ts";
import { parseWork } from "./work/work-command.ts";
import type { WorkCommand } from "./work/work-command.ts";

/** Says where the copy is, to a server as well. */
const JOURNAL_VARIABLE = environmentName(OPTIONS.journalUrl);

/** Every first word that is not the server's. */
export const SUBCOMMANDS: readonly string[] = [
  "verify",
  "import",
  "work",
  "token",
  ...Object.keys(SHELL_COMMANDS),
];

/** To look through a journal. */
export interface VerifyCommand {
  readonly kind: "verify";
  readonly directory: string;
  /** Print one line of JSON instead of text. */
  readonly asJson: boolean;
  /** The url of its copy, which it is compared with; absent: with none. */
  readonly journalUrl?: string;
}

/** To make a journal of a beanstalkd's log. */
export interface ImportCommand {
  readonly kind: "import";
  /** The directory of beanstalkd's -b. */
  readonly from: string;
  /** The directory of our --data. */
  readonly to: string;
  readonly segmentBytes: number;
  /** Import what can be read, where not everything can. */
  readonly salvages: boolean;
}

/** To make a token. */
export interface TokenCommand {
  readonly kind: "token";
  /** What the token is called. */
  readonly name: string;
  /** Words for its rights, each of which parseRule takes. */
  readonly rights: readonly string[];
}

/** What a subcommand's arguments ask for: to do it, or to print something and end. */
export type Subcommand =
  | VerifyCommand
  | ImportCommand
  | WorkCommand
  | TokenCommand
  | ShellCommand
  | Exit;

interface Flags {
  readonly json?: true;
  readonly data?: string;
  readonly segmentSize?: string;
  readonly salvage?: true;
  /** True where the environment says which. */
  readonly journal?: string | true;
}

/** Reads `argv` if it begins with the name of a subcommand; undefined if it does not. */
export function parseSubcommand(
  argv: readonly string[],
  units: Units,
  env: Environment = {},
): Subcommand | undefined {
  const [name, ...rest] = argv;
  const [about = ""] = rest;
  if (name === "help" && SUBCOMMANDS.includes(about)) {
    return parseSubcommand([about, "--help"], units, env);
  }
  if (name !== undefined && Object.hasOwn(SHELL_COMMANDS, name)) {
    return parseShellCommand(name, rest, env, units);
  }
  if (name === "work") return parseWork(rest, env, units);
  if (name === "token") return tokenCommand(rest);
  if (name !== "verify" && name !== "import") return undefined;
  const command = name === "verify" ? verifySyntax() : importSyntax();
  try {
    command.parse(rest, { from: "user" });
  } catch (error) {
    return exitOf(name, command, error);
  }
  const directory = command.args[0] ?? "";
  const flags: Flags = command.opts();
  if (directory === "") return wrongArguments(name, "expected a directory");
  if (name === "verify") return verifyCommand(directory, flags, units, env);
  return importCommand(directory, flags, units);
}

function verifyCommand(
  directory: string,
  { json, journal }: Flags,
  units: Units,
  env: Environment,
): Subcommand {
  const command = { kind: "verify", directory, asJson: json === true } as const;
  if (journal === undefined) return command;
  const given = journal === true ? (env[JOURNAL_VARIABLE] ?? "") : journal;
  const journalUrl = OPTIONS.journalUrl.parse([given], units, () => undefined);
  if (journalUrl !== undefined) return { ...command, journalUrl };
  const source = journal === true ? JOURNAL_VARIABLE : "--journal";
  return wrongArguments("verify", `${source}: expected ${OPTIONS.journalUrl.expects}`);
}

function tokenCommand(words: readonly string[]): Subcommand {
  const syntax = tokenSyntax();
  try {
    syntax.parse(words, { from: "user" });
  } catch (error) {
    return exitOf("token", syntax, error);
  }
  const [name = "", ...rights] = syntax.args;
  if (!isTokenName(name)) return wrongArguments("token", nameRule());
  const wrong = rights.find((word) => parseRule(word) === undefined);
  if (wrong !== undefined) return wrongArguments("token", `"${wrong}": ${ruleRule()}`);
  return { kind: "token", name, rights };
}

function importCommand(from: string, flags: Flags, units: Units): Subcommand {
  const { data: to = "", segmentSize, salvage } = flags;
  if (to === "") return wrongArguments("import", "expected --data DIR, the directory to make");
  const option = OPTIONS.segmentBytes;
  const segmentBytes =
    segmentSize === undefined
      ? option.default
      : option.parse([segmentSize], units, () => undefined);
  if (segmentBytes === undefined) {
    return wrongArguments(
      "import",
      `--segment-size: expected ${option.expects}, not "${segmentSize}"`,
    );
  }
  return { kind: "import", from, to, segmentBytes, salvages: salvage === true };
}

function verifySyntax(): Command {
  return quietSubcommand("verify")
    .usage("DIR [--journal [URL]] [--json]")
    .description(
      "Looks through the journal in DIR, which no server may be using, and changes nothing. " +
        "Exit code 0: clean; 1: something that was safe is damaged, or the copy is another; 2: it " +
        "could not look.",
    )
    .argument("<DIR>", "the directory of --data")
    .option("--journal [URL]", `compare it with its copy there (default: ${JOURNAL_VARIABLE})`)
    .option("--json", "one line of JSON");
}

function tokenSyntax(): Command {
  return quietSubcommand("token")
    .usage("NAME RIGHTS...")
    .description(
      "Makes a token and prints it, and in the next line what goes into the file of --tokens: its " +
        "name, its digest and its rights, such as put,look:mail.* reserve:jobs all:*",
    )
    .argument("<NAME>", "what it is called, for people")
    .argument("<RIGHTS...>", "put, reserve, look, manage or all, a colon, a pattern of tube names");
}

function importSyntax(): Command {
  return quietSubcommand("import")
    .usage("DIR --data TARGET [--segment-size SIZE] [--salvage]")
    .description(
      "Makes a journal in TARGET, which must be new or empty, of the jobs in DIR, the directory of " +
        "the -b of a beanstalkd 1.12 or 1.13 that does not run. Exit code 0: all jobs are there; " +
        "1: something could not be read or taken over; 2: wrong arguments.",
    )
    .argument("<DIR>", "the directory of beanstalkd's -b")
    .option("--data <TARGET>", "the directory that the server will be given with --data")
    .option("--segment-size <SIZE>", "length of the journal's files, as the server's option")
    .option("--salvage", "if not everything can be read: import the rest");
}
