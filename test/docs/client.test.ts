/*
 * docs/client.md: its examples, and the README's, are run and print what they say; its tables are
 * compared with what they are about.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, test } from "vitest";
import { Client } from "../../src/client/client.ts";
import { COMMANDS } from "../../src/protocol/commands.ts";
import { addressOf } from "../client/places.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { readPage, section, tableRows } from "./page.ts";

const PAGE = readPage("docs/client.md");
const TEXT = `${PAGE}\n${readPage("README.md")}`;
const ENTRY = new URL("../../src/entries/client.ts", import.meta.url).href;
const QUEUE_ENTRY = new URL("../../src/entries/queue.ts", import.meta.url).href;
const EXAMPLE = /^```ts\n(.*?)^```\n\n^```text\n(.*?)^```$/gms;
const EXAMPLES = [...TEXT.matchAll(EXAMPLE)].map(([, code = "", prints = ""]) => ({
  code,
  prints,
}));
const TIMEOUT_MS = 30_000;
/** Printed before what each prints. */
const MARK = "\u001e";

test("every example prints what stands below it", async () => {
  expect(EXAMPLES).toHaveLength(TEXT.match(/^```ts$/gm)?.length ?? 0);
  const directory = await mkdtemp(join(tmpdir(), "homemaker-docs-"));
  const server = await startHomemaker({ threads: 1, shards: 1 });
  try {
    const printed = await runAll(directory, addressOf(server));
    expect(printed).toEqual(EXAMPLES.map(({ prints }) => prints));
  } finally {
    await server.stop();
    await rm(directory, { recursive: true });
  }
});

/** Runs the examples one after the other, in one process; returns what each printed. */
async function runAll(directory: string, address: string): Promise<readonly string[]> {
  const files = EXAMPLES.map((_, index) => `./example-${index}.ts`);
  for (const [index, { code }] of EXAMPLES.entries()) {
    const own = code
      .replaceAll('"homemaker/client"', JSON.stringify(ENTRY))
      .replaceAll('"homemaker"', JSON.stringify(QUEUE_ENTRY))
      .replaceAll("127.0.0.1:11300", address);
    await writeFile(join(directory, files[index] ?? ""), own);
  }
  const main = [
    `import { connect } from ${JSON.stringify(ENTRY)};`,
    `for (const file of ${JSON.stringify(files)}) {`,
    `  console.log(${JSON.stringify(MARK)});`,
    "  await import(file);",
    `  await using client = await connect(${JSON.stringify(address)});`,
    "  for (const tube of await client.listTubes()) await client.flushTube(tube);",
    "}",
  ];
  await writeFile(join(directory, "main.ts"), main.join("\n"));
  const run = await execa(process.execPath, ["main.ts"], { cwd: directory, timeout: TIMEOUT_MS });
  return `${run.stdout}\n`.split(`${MARK}\n`).slice(1);
}

describe("the tables", () => {
  test("have every command, and the method for it", () => {
    const rows = tableRows(section(PAGE, "Every command"));
    const shown = rows.map(([command = ""]) => command.replaceAll("`", ""));
    expect(shown.toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted());
    const methods = rows.map(([, method = ""]) => /^`(\w+)\(/.exec(method)?.[1] ?? "");
    expect(methods.filter((name) => !(name in Client.prototype))).toEqual([]);
  });

  test("have every option, with its default", async () => {
    const source = await readFile(new URL("../../src/client/connect.ts", import.meta.url), "utf8");
    const [declared = ""] = /export interface ClientOptions \{.*?^\}/ms.exec(source) ?? [];
    const options = [...declared.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name = ""]) => name);
    const rows = tableRows(section(PAGE, "Addresses and options"));
    const shown = rows.map(([name = ""]) => name.replaceAll("`", ""));
    expect(shown.toSorted()).toEqual(options.toSorted());
    for (const [name = "", byDefault = ""] of rows) {
      const [, said = ""] =
        new RegExp(`([\\d,]+) if absent[^*]*\\*/\\s+readonly ${name.replaceAll("`", "")}\\?`).exec(
          declared,
        ) ?? [];
      expect([name, byDefault]).toEqual([name, said]);
    }
  });

  test("have every code of an error", async () => {
    const sources = [
      "client/errors",
      "client/refused-error",
      "protocol/reply-line",
      "protocol/reply-reader",
    ];
    const texts = await Promise.all(
      sources.map((name) => readFile(new URL(`../../src/${name}.ts`, import.meta.url), "utf8")),
    );
    const codes = texts.join("\n").matchAll(/readonly code = "(HM_\w+)"|^ {2}([A-Z_]+): "/gm);
    const known = [...codes].map(([, own, word]) => own ?? `HM_${word}`);
    // What a connection says when it ends, which a client answers by another connection.
    const expected = known.filter((code) => code !== "HM_NOT_SENT");
    const shown = section(PAGE, "Errors").match(/HM_\w+/g) ?? [];
    const named = new Set(shown.filter((code) => code !== "HM_"));
    expect([...named].toSorted()).toEqual([...new Set(expected)].toSorted());
  });
});
