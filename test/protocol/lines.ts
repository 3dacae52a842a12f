/* Lines: command lines for the tests of the parser, valid, almost valid and wild; and what it made
 * of one, in a form that can be compared.
 */

import * as fc from "fast-check";
import { COMMANDS, OP } from "../../src/protocol/commands.ts";
import type { ArgumentName } from "../../src/protocol/commands.ts";
import { Command } from "../../src/protocol/line.ts";
import { VERB_TEXTS } from "./grammar.ts";
import type { Meaning } from "./grammar.ts";

/** The longest line without its CRLF. */
export const LINE_MAX = 222;

/** The bytes of a text of which each character is one byte. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/**
 * A command with a value in each field that no parser writes, so that a field left over from an
 * earlier line is noticed.
 */
export function staleCommand(): Command {
  const command = new Command();
  command.garbage = true;
  command.hasFailure = true;
  command.hasDelay = true;
  for (const field of [
    "id",
    "pri",
    "delay",
    "pause",
    "ttr",
    "bytes",
    "bound",
    "timeout",
  ] as const) {
    command[field] = -7;
  }
  return command;
}

/** What the parser said: `op`, and from `command` only the fields that the operation has. */
export function meaningIn(bytes: Uint8Array, op: number, command: Command): Meaning {
  const row = COMMANDS.find((candidate) => candidate.op === op);
  if (row === undefined) return { op, fields: {} };
  const fields: Record<string, number | boolean | string> = { garbage: command.garbage };
  for (const arg of row.args) {
    if (arg === "tube" || arg === "name" || arg === "tube-word" || arg === "tube-behind") {
      fields["name"] = String.fromCharCode(...bytes.subarray(command.nameStart, command.nameEnd));
    } else if (arg === "secret") {
      fields[arg] = String.fromCharCode(...bytes.subarray(command.nameStart, command.nameEnd));
    } else if (arg === "settings") {
      fields[arg] = command.settings.values.join(",");
    } else if (arg === "ids") {
      fields[arg] = command.ids.join(" ");
    } else if (arg === "token") {
      fields["token"] = Buffer.from(command.token).toString("hex");
    } else if (arg === "client") {
      const { name, host, pid } = command.client;
      fields["client"] = `${name}\n${host}\n${pid ?? ""}`;
    } else {
      fields[arg] = command[arg];
    }
  }
  if (row.takesDelay === true) {
    fields["hasDelay"] = command.hasDelay;
    if (command.hasDelay) fields["delay"] = command.delay;
  } else if (command.hasDelay) fields["hasDelay"] = true; // which it must not
  if (row.takesWeight === true) fields["weight"] = command.weight;
  if (row.takesFailure === true) {
    fields["hasFailure"] = command.hasFailure;
    if (command.hasFailure) fields["bytes"] = command.bytes;
  } else if (command.hasFailure) fields["hasFailure"] = true; // which it must not
  return { op, fields };
}

/** The name of an operation, for messages. */
export function nameOf(op: number): string {
  return Object.entries(OP).find(([, value]) => value === op)?.[0] ?? `operation ${op}`;
}

const edgeNumbers = fc.constantFrom(
  "0",
  "1",
  "00",
  "007",
  "999999999",
  "1000000000",
  "2147483647",
  "2147483648",
  "4294967295",
  "4294967296",
  "999999999999999",
  "1000000000000000",
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "18446744073709551615",
  "18446744073709551616",
  "99999999999999999999",
  "018446744073709551615",
  "000000000000000000000000000000000000000000000000005",
);

const oddWords = fc.constantFrom("", "-1", "+1", "0x10", "1x", "x", "1.5", "-", "\t1", "\r", "\n2");

const names = fc.oneof(
  fc.constantFrom("default", "a", "-a", "a-", "a:b", "A+/;.$_()9", "\u00e9", "a".repeat(200)),
  fc.integer({ min: 198, max: 212 }).map((length) => "n".repeat(length)),
);

const word = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 99_999 }).map(String) },
  { weight: 4, arbitrary: edgeNumbers },
  { weight: 1, arbitrary: oddWords },
  { weight: 2, arbitrary: names },
);

const separator = fc.oneof(
  { weight: 12, arbitrary: fc.constant(" ") },
  { weight: 1, arbitrary: fc.constantFrom("", "  ", "   ", "\t") },
);

const tail = fc.oneof(
  { weight: 8, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom(" ", "x", " junk", "\0", "\r", "\n") },
);

/** A verb, as it stands in the table or maimed, with words behind it that suit it or not. */
const almostCommands = fc
  .tuple(
    fc.constantFrom(...VERB_TEXTS),
    fc.oneof(
      { weight: 12, arbitrary: fc.constant((verb: string) => verb) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          (verb: string) => verb.trimEnd(),
          (verb: string) => verb.toUpperCase(),
          (verb: string) => ` ${verb}`,
          (verb: string) => verb.slice(0, -2),
          (verb: string) => `${verb}x`,
        ),
      },
    ),
    fc.array(fc.tuple(word, separator), { maxLength: 5 }),
    tail,
  )
  .map(([verb, maim, words, end]) => {
    const joined = words.map(([text, space], index) =>
      index < words.length - 1 ? text + space : text,
    );
    return maim(verb) + joined.join("") + end;
  });

const states = fc.constantFrom("ready", "reserved", "delayed", "buried", "read", "readyy", "Ready");
const delays = fc.oneof(
  edgeNumbers,
  fc.nat({ max: 99_999 }).map((millis) => `${millis}ms`),
  fc.constantFrom("0ms", "4294967295ms", "4294967296ms", "1 ms", "1m", "1s", "1ms1", "1msx", "ms"),
);
const modes = fc.constantFrom(
  "fifo",
  "weighted",
  "weighted-fair",
  "weighted-",
  "Fifo",
  "fifo ",
  "",
);
const limits = fc.oneof(fc.nat({ max: 1002 }).map(String), edgeNumbers);

const setting = fc
  .tuple(
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc.constantFrom(
          "jobs",
          "bytes",
          "body",
          "rate",
          "burst",
          "reserved",
          "exp",
          "max",
          "dead",
        ),
      },
      oddWords,
    ),
    fc.oneof(
      { weight: 3, arbitrary: edgeNumbers },
      fc.constantFrom("", "5", "0/s", "7/s", "60/m", "4294967295/h", "1/d"),
      oddWords,
    ),
  )
  .map(([name, value]) => `${name}=${value}`);
const settings = fc
  .array(fc.tuple(setting, separator), { minLength: 1, maxLength: 4 })
  .map((words) => words.map(([text, space], at) => (at === 0 ? text : space + text)).join(""));
const tokens = fc.oneof(
  fc.stringMatching(/^[0-9a-f]{32}$/),
  fc.stringMatching(/^[0-9a-fA-Fg]{31,33}$/),
);

const clients = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.stringMatching(/^[!-~]{1,9}$/) },
      { weight: 2, arbitrary: edgeNumbers },
      names,
      oddWords,
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((words) => words.join(" "));

/** Values of the kind that an argument wants. */
function fitting(arg: ArgumentName): fc.Arbitrary<string> {
  if (arg === "state") return states;
  if (arg === "limit" || arg === "count" || arg === "n" || arg === "seconds") return limits;
  if (arg === "delay") return delays;
  if (arg === "mode") return modes;
  if (arg === "settings") return settings;
  if (arg === "token") return tokens;
  if (arg === "client") return clients;
  return arg.startsWith("tube") ? names : edgeNumbers;
}

/** Commands with the number of arguments that they want. */
const fittingCommands = fc.constantFrom(...COMMANDS).chain((row) =>
  fc
    .tuple(
      ...row.args.map((arg) =>
        fc.oneof(
          { weight: 3, arbitrary: fitting(arg) },
          {
            weight: arg === "state" || arg === "settings" || arg === "client" ? 0 : 1,
            arbitrary: word,
          },
        ),
      ),
    )
    .map((words) => [row.name, ...words].join(" ")),
);

const anyBytes = fc.string({ unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)) });

/** Lines without CRLF, none longer than LINE_MAX. */
export const lines: fc.Arbitrary<string> = fc
  .oneof(
    { weight: 5, arbitrary: fittingCommands },
    { weight: 5, arbitrary: almostCommands },
    { weight: 1, arbitrary: anyBytes },
  )
  .map((line) => line.replaceAll("\r\n", "\n").slice(0, LINE_MAX));
