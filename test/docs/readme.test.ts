/*
 * What the README, docs/tour.md and docs/operating.md say: the session and the tour are taken,
 * tables and figures are compared with where they come from.
 */
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { startHomemaker } from "../support/homemaker.ts";
import { readPage, section, tableRows } from "./page.ts";
import { DEFINITIONS, SESSION, STEPS, takeTour } from "./tour.ts";
import type { TourStep } from "./tour.ts";

const README = readPage("README.md");
const [WITH_NC = "", WITH_BASH = "", WITH_NODE = ""] = DEFINITIONS;

describe("the session", () => {
  test("goes as it says, in seven lines", async () => {
    expect(SESSION.flatMap(({ prints }) => prints.trimEnd().split("\n"))).toHaveLength(6);
    expect(await takenAlone(SESSION, "", {})).toEqual(SESSION);
  });
});

describe("the tour", () => {
  test.each([
    ["bash alone, on one thread and one shard", WITH_BASH, { threads: 1, shards: 1 }],
    ["bash alone, on three threads and four shards", WITH_BASH, { threads: 3, shards: 4 }],
    ["node, on one thread and one shard", WITH_NODE, { threads: 1, shards: 1 }],
  ])("goes as it says with %s", async (_, definition, size) => {
    expect(await takenAlone(STEPS, definition, size)).toEqual(STEPS);
  });

  test("shows every command with its reply", () => {
    expect(STEPS.length).toBeGreaterThan(5);
    expect(DEFINITIONS).toHaveLength(3);
  });

  test("sends with nc what it sends with bash alone", () => {
    const sent = (definition: string): string => /printf .* quit /.exec(definition)?.[0] ?? "";
    expect(sent(WITH_NC)).not.toBe("");
    expect(sent(WITH_NC)).toBe(sent(WITH_BASH));
  });
});

describe("the tables", () => {
  test("have options that there are, with their defaults", () => {
    const known = new Map(
      tableRows(readPage("docs/options.md")).map((cells) => [cells[0], cells[3]]),
    );
    const shown = tableRows(section(readPage("docs/operating.md"), "The options used most"));
    expect(shown.length).toBeGreaterThan(3);
    for (const [flag = "", byDefault] of shown) {
      expect([flag, byDefault]).toEqual([
        flag,
        expect.stringMatching(beginningWith(known.get(flag))),
      ]);
    }
  });

  test("have commands that there are, and every one that a user runs", () => {
    const { scripts } = JSON.parse(readPage("package.json")) as { scripts: Record<string, string> };
    const shown = tableRows(section(README, "More")).flatMap(
      ([command = ""]) => /^`npm (?:run )?(.*)`$/.exec(command)?.[1] ?? [],
    );
    expect(shown.filter((name) => scripts[name] === undefined)).toEqual([]);
    expect(shown).toEqual(expect.arrayContaining(["start", "test", "build", "check", "bench"]));
    const files = shown.flatMap((name) => /^node (\S+)/.exec(scripts[name] ?? "")?.[1] ?? []);
    expect(files.filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url)))).toEqual(
      [],
    );
  });
});

describe("the figures", () => {
  const [, figures = ""] = /<!-- figures: begin -->(.*)<!-- figures: end -->/s.exec(README) ?? [];

  test("are quoted from docs/benchmarks.md", () => {
    const results = section(readPage("docs/benchmarks.md"), "Results");
    expect(numbersOf(figures).filter((number) => !numbersOf(results).includes(number))).toEqual([]);
  });

  test("stand with the command that they came from", () => {
    const results = section(readPage("docs/benchmarks.md"), "Results");
    const commands = [...figures.matchAll(/`(npm run bench[^`]*)`/g)].map(([, command]) => command);
    if (figures.trim() !== "") expect(commands.length).toBeGreaterThan(0);
    expect(commands.filter((command) => !results.includes(`\`${command}\``))).toEqual([]);
  });
});

/** Takes the steps against a fresh server. */
async function takenAlone(
  steps: readonly TourStep[],
  definition: string,
  size: Parameters<typeof startHomemaker>[0],
): Promise<readonly TourStep[]> {
  const server = await startHomemaker(size);
  try {
    if (!("port" in server.address)) throw new TypeError("not a TCP address");
    return await takeTour(steps, definition, server.address.port);
  } finally {
    await server.stop();
  }
}

/** Matches what begins with that text; nothing if there is none. */
function beginningWith(text: string | undefined): RegExp {
  return text === undefined ? /^(?!)/ : new RegExp(`^${RegExp.escape(text)}`);
}

/** Every number, with its decimals and the separators of its thousands. */
function numbersOf(text: string): string[] {
  return text.match(/\d[\d,]*(?:\.\d+)?/g) ?? [];
}
