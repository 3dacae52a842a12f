/*
 * docs/backends.md: its table of back ends is what they say of themselves, which the suite holds
 * them to.
 */
import { expect, test } from "vitest";
import { RABBITMQ_CAPABILITIES } from "../../src/rabbitmq/rabbit-backend.ts";
import { redisCapabilities } from "../../src/redis/redis-backend.ts";
import { engineCapabilities } from "../../src/worker/engine-capabilities.ts";
import { plainCapabilities } from "../../src/worker/plain-backend.ts";
import type { Capabilities } from "../../src/worker/backend.ts";
import { readPage, section, tableRows } from "./page.ts";

const PAGE = readPage("docs/backends.md");
/** What is in its columns, and what it says of durability where that is not all. */
const COLUMNS = [
  ["memory", engineCapabilities(false)],
  ["directory", engineCapabilities(true)],
  ["server", engineCapabilities(true), "with `--data`"],
  ["beanstalkd", plainCapabilities(true), "with `-b`"],
  ["redis", redisCapabilities(true), "set up so"],
  ["rabbitmq", RABBITMQ_CAPABILITIES],
] as const satisfies readonly (readonly [string, Capabilities, string?])[];

test("the table of back ends says what they say of themselves", () => {
  const rows = tableRows(section(PAGE, "What each can do"));
  const [, ...names] = /^\| \|(.*)\|$/m.exec(PAGE)?.[0].split("|") ?? [];
  expect(names.map((name) => name.trim()).filter((name) => name !== "")).toEqual(
    COLUMNS.map(([name]) => name),
  );
  for (const [index, column] of COLUMNS.entries()) {
    const [, can, durable]: readonly [string, Capabilities, string?] = column;
    const said = rows.map((cells) => [(cells[0] ?? "").replaceAll("`", ""), cells[index + 1]]);
    const is = Object.entries({ ...can, durable: durable ?? can.durable });
    expect(Object.fromEntries(said)).toEqual(
      Object.fromEntries(is.map(([what, word]) => [what, wordOf(word)])),
    );
  }
});

test("each row of the table is explained", () => {
  const rows = tableRows(section(PAGE, "What each can do"));
  const explained = [...PAGE.matchAll(/\*\*`(\w+)`\*\*/g)].map(([, word = ""]) => word);
  const named = rows.map(([cell = ""]) => cell.replaceAll("`", ""));
  expect(explained.toSorted()).toEqual(named.toSorted());
});

function wordOf(can: boolean | string): string {
  if (typeof can === "string") return can;
  return can ? "yes" : "no";
}
