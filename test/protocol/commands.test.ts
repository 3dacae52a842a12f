import { describe, expect, test } from "vitest";
import { COMMANDS, OP, OP_COUNT, usageOf } from "../../src/protocol/commands.ts";
import { REPLIES } from "../../src/protocol/replies.ts";
import type { ReplyRow } from "../../src/protocol/replies.ts";
import { SERVER_STATS } from "../../src/protocol/stats.ts";
import { BEANSTALKD_VERBS, LOOKALIKE_VERBS, VERB_TEXTS } from "./grammar.ts";

describe("the table of commands", () => {
  test("has beanstalkd's 25 commands in the order in which it tries them, and Homemaker's own behind them", () => {
    const verbs = COMMANDS.map(({ verb }) => verb);
    expect(verbs.toSorted()).toEqual(VERB_TEXTS.toSorted());
    const behind = COMMANDS.filter(({ verb }) => !LOOKALIKE_VERBS.includes(verb));
    expect(behind.slice(0, 25).map(({ verb }) => verb)).toEqual(BEANSTALKD_VERBS);
    expect(behind.map(({ isAddition = false }) => isAddition)).toEqual(
      behind.map((_, index) => index >= 25),
    );
  });

  test("has verbs of Homemaker's own that begin like one of beanstalkd's only where beanstalkd finds the line malformed", () => {
    const own = COMMANDS.filter(({ isAddition = false }) => isAddition).map(({ verb }) => verb);
    expect(own.filter((verb) => ["reserve", "stats"].some((old) => verb.startsWith(old)))).toEqual(
      LOOKALIKE_VERBS,
    );
  });

  test("has no other verb of Homemaker's own that begins like one of beanstalkd's, so that no old line changes its meaning", () => {
    const known = [...BEANSTALKD_VERBS, ...LOOKALIKE_VERBS];
    const own = VERB_TEXTS.filter((verb) => !known.includes(verb));
    const clashes = own.filter((verb) =>
      BEANSTALKD_VERBS.some((old) => verb.startsWith(old) || old.startsWith(verb)),
    );
    expect(clashes).toEqual([]);
  });

  test("tries each verb before those that it begins with", () => {
    const hidden = COMMANDS.filter(({ verb }, index) =>
      COMMANDS.slice(0, index).some((earlier) => verb.startsWith(earlier.verb)),
    );
    expect(hidden).toEqual([]);
  });

  test("gives every operation but the two errors to one command", () => {
    const ops = COMMANDS.map(({ op }) => op).toSorted((a, b) => a - b);
    expect(ops).toEqual(COMMANDS.map((_, index) => index + 1));
    const values = Object.values(OP).toSorted((a, b) => a - b);
    expect(values).toEqual(Array.from({ length: OP_COUNT - 1 }, (_, index) => index + 1));
  });

  test("lets a verb end with a space where an argument must follow, except for pause-tube", () => {
    for (const { name, verb, args } of COMMANDS) {
      const space = args.length > 0 && name !== "pause-tube" ? " " : "";
      expect(verb).toBe(name + space);
    }
  });

  test("counts each command under the key that stats has for it, except three that stats does not show", () => {
    const shown = SERVER_STATS.map(({ key }) => key).filter((key) => key.startsWith("cmd-"));
    const counters = COMMANDS.flatMap(({ counter }) => counter ?? []);
    expect(counters.toSorted()).toEqual(shown.toSorted());
    for (const { name, counter } of COMMANDS) expect([null, `cmd-${name}`]).toContain(counter);
    const silent = COMMANDS.filter(({ counter }) => counter === null).map(({ name }) => name);
    expect(silent.toSorted()).toEqual(["kick-job", "quit", "reserve-job"]);
  });

  test("uses every form of reply but those that any line can get, and no push", () => {
    const used = new Set(COMMANDS.flatMap(({ replies }) => replies));
    const pushes = REPLIES.filter((row: ReplyRow) => row.isPush === true).map(({ form }) => form);
    expect(pushes.filter((form) => used.has(form))).toEqual([]);
    const forms = REPLIES.map(({ form }) => form).filter((form) => !pushes.includes(form));
    const unused = forms.filter((form) => !used.has(form));
    const standby = ["NOT_LEADER", "NOT_LEADER <address>"]; // of a server that runs no command
    expect(unused).toEqual([...standby, "INTERNAL_ERROR", "BAD_FORMAT", "UNKNOWN_COMMAND"]);
  });

  test("says how a command is written", () => {
    expect(COMMANDS.filter(({ args }) => args.length > 1).map(usageOf)).toEqual([
      "put <pri> <delay> <ttr> <bytes> [<tag>...]",
      "release <id> <pri> <delay> [<bytes>]",
      "bury <id> <pri> [<bytes>]",
      "pause-tube <tube> <delay>",
      "list-jobs <tube> <state> <after> <limit>",
      "hand-back <id> <delay>",
      "update-job <id> <pri> [<delay>]",
      "set-tube <tube> <name>=<value> ...",
      "vouch <token> <seconds>",
      "progress <id> <bytes>",
      "move <id> <tube> [<bytes>]",
      "finish <id> <keep> <bytes>",
    ]);
  });
});
