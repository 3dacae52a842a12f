/* docs/tokens.md against the tables that it describes. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COMMANDS, rightsOf } from "../../src/protocol/commands.ts";
import { RIGHTS } from "../../src/protocol/rights.ts";

const LINES = readFileSync(new URL("../../docs/tokens.md", import.meta.url), "utf8").split("\n");
const ROWS = LINES.filter((line) => line.startsWith("| `"));

test("the page lists every right, and what each command takes", () => {
  expect(ROWS).toEqual([
    ...Object.entries(RIGHTS).map(([right, meaning]) => `| \`${right}\` | ${meaning} |`),
    ...COMMANDS.map((row) => `| \`${row.name}\` | ${rightsOf(row)} |`),
  ]);
});
