/*
 * docs/outbox.md: its tables are those that the server makes, and its columns are theirs.
 */
import { expect, test } from "vitest";
import { OUTBOX_SCHEMA } from "../../src/storage/postgres-outbox.ts";
import { codeBlocks, readPage, section, tableRows } from "./page.ts";

const PAGE = readPage("docs/outbox.md");

test("the SQL that users may run is what the server runs", () => {
  expect(codeBlocks(section(PAGE, "The tables"), "sql")[0]?.trim()).toBe(OUTBOX_SCHEMA.trim());
});

test("each column is explained, with what it is if it is absent", () => {
  const [table = ""] = /homemaker\.outbox \(.*?\n\);/s.exec(OUTBOX_SCHEMA) ?? [];
  const columns = [...table.matchAll(/^ {2}(\w+) (?:text|bytea|bigint|timestamptz)/gm)];
  const rows = tableRows(section(PAGE, "The row"));
  const explained = rows.flatMap(([names = ""]) => [...names.matchAll(/`(\w+)`/g)]);
  expect(explained.map(([, name = ""]) => name).toSorted()).toEqual(
    columns.map(([, name = ""]) => name).toSorted(),
  );
  for (const [names = "", byDefault = ""] of rows) {
    const number = Number(byDefault);
    const name = names.replaceAll("`", "");
    if (byDefault !== "" && !Number.isNaN(number)) {
      expect(table).toMatch(new RegExp(`${name} bigint not null default ${number}\\b`));
    }
  }
});
