/* The protocol reference against the tables it describes, and its examples against servers. The
 * examples need `npm run build` to have run; without it
 * they fail.
 */

import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test, vi } from "vitest";
import { COMMANDS, usageOf } from "../../src/protocol/commands.ts";
import { REPLIES } from "../../src/protocol/replies.ts";
import { TAGS } from "../../src/protocol/tags.ts";
import { EXPLAIN_KEYS, REASONS } from "../../src/protocol/explain.ts";
import { JOB_STATS, SERVER_STATS, TUBE_STATS } from "../../src/protocol/stats.ts";
import { TUBE_SETTINGS } from "../../src/protocol/tube-settings.ts";
import { Conformance } from "../dialogues/conformance.ts";
import { parseCases } from "../dialogues/dialogue.ts";
import { parseDifferences } from "../dialogues/differences.ts";
import type { Target } from "../dialogues/stage.ts";
import { beanstalkdTarget } from "../dialogues/targets/beanstalkd.ts";
import { homemakerTarget } from "../dialogues/targets/homemaker.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PAGE = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");

/** The text below a heading, up to the next one. */
function section(heading: string): string {
  const start = PAGE.split("\n").indexOf(heading);
  expect(start, `the heading ${heading}`).toBeGreaterThan(-1);
  const rest = PAGE.split("\n").slice(start + 1);
  const end = rest.findIndex((line) => /^##? /.test(line));
  return (end < 0 ? rest : rest.slice(0, end)).join("\n");
}

/** The first cells of a section's tables, without the back quotes. */
function firstCells(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell]) => cell ?? "");
}

describe("the protocol reference", () => {
  test("lists every command with its summary", () => {
    const rows = section("## All commands").split("\n");
    const wanted = COMMANDS.map((command) => `| \`${usageOf(command)}\` | ${command.summary} |`);
    expect(rows.filter((row) => row.startsWith("| `")).toSorted()).toEqual(wanted.toSorted());
  });

  test.each(COMMANDS.map((command) => [command.name, command] as const))(
    "says how %s is written and what it can be answered with",
    (name, command) => {
      const text = section(`## ${name}`);
      expect(text.split("\n")).toContain(usageOf(command));
      // Those are settings, and tags.
      const cells = firstCells(text).filter((cell) => !/=|^[a-z]+:</.test(cell));
      expect(cells.toSorted()).toEqual(command.replies.toSorted());
    },
  );

  test("lists every tag with its summary", () => {
    const rows = section("### Tags").split("\n");
    const wanted = TAGS.map(({ usage, summary }) => `| \`${usage}\` | ${summary} |`);
    expect(rows.filter((row) => row.startsWith("| `"))).toEqual(wanted);
  });

  test("says which lines may be longer than others", () => {
    const text = section("## Lines").replaceAll(/\s+/g, " ");
    const longer = COMMANDS.flatMap(({ name, lineBytesMax }) =>
      lineBytesMax === undefined ? [] : [`\`${name}\` ${lineBytesMax}`],
    );
    expect(text).toContain(`those of some commands have more: ${longer.join(", ")}.`);
  });

  test("explains the errors that belong to no command", () => {
    expect(firstCells(section("## Errors")).toSorted()).toEqual([
      "BAD_FORMAT",
      "INTERNAL_ERROR",
      "OUT_OF_MEMORY",
      "UNKNOWN_COMMAND",
    ]);
  });

  test("explains every form of reply", () => {
    expect(REPLIES.filter(({ form }) => !PAGE.includes(`\n| \`${form}\` |`))).toEqual([]);
  });

  test("lists every setting of a tube", () => {
    const rows = TUBE_SETTINGS.map(
      ({ name, form, range, summary }) => `| \`${name}=${form}\` | ${range} | ${summary} |`,
    );
    expect(section("## set-tube").split("\n")).toEqual(expect.arrayContaining(rows));
  });

  test("lists every reason that explain gives, in their order", () => {
    const rows = REASONS.map(({ word, meaning }) => `| \`${word}\` | ${meaning} |`);
    const lines = section("## Reasons of explain").split("\n");
    const words = new Set<string>(REASONS.map(({ word }) => `| \`${word}\` `));
    expect(lines.filter((line) => words.has(line.slice(0, line.indexOf("|", 1))))).toEqual(rows);
  });

  test.each([
    ["stats", SERVER_STATS],
    ["stats-tube", TUBE_STATS],
    ["stats-job", JOB_STATS],
    ["explain", EXPLAIN_KEYS],
  ] as const)("has the keys of %s in their order, with what they mean", (name, keys) => {
    const rows = keys.map(
      ({ key, quoted, meaning }) => `| \`${key}\` | ${meaning}${quoted ? " (quoted)" : ""} |`,
    );
    const text = section(`## Keys of ${name}`);
    expect(text.split("\n").filter((line) => line.startsWith("| `"))).toEqual(rows);
  });
});

/** The examples as cases, each on a server of its own, because they name their ids. */
const examples = [...PAGE.matchAll(/^```dialogue\n(.*?)^```/gms)].flatMap(([, text = ""], index) =>
  parseCases(`== example ${index + 1}\n@fresh\n${text}`, "docs/protocol.md"),
);

const NO_DIFFERENCES = parseDifferences("", "none");
function playOn(target: Target): void {
  const judged = new Conformance(target, NO_DIFFERENCES);
  afterAll(() => target.close());

  describe.concurrent("the reference's", () => {
    for (const dialogue of examples) test(dialogue.title, () => judged.check(dialogue));
  });
}

describe("on beanstalkd 1.12", { tags: ["beanstalkd"] }, () => {
  playOn(beanstalkdTarget());
});
describe("on homemaker", () => {
  playOn(homemakerTarget({ title: "homemaker", threads: 1, shards: 1, listen: "tcp" }));
});

test("the reference has an example of each kind", () => {
  expect(examples.length).toBeGreaterThanOrEqual(15);
});
