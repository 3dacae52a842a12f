/*
 * docs/json.md: its program runs, its line is answered as it says, and its tables name what there
 * is.
 */
import { describe, expect, test } from "vitest";
import { RPC_CODES } from "../../src/json/door-error.ts";
import { DoorBed } from "../json/door-bed.ts";
import { codeBlocks, readPage, section, tableRows } from "./page.ts";
import { printed, promised } from "./programs.ts";

const PAGE = readPage("docs/json.md");

/** The words in the first cells of the tables of a section. */
function named(title: string): readonly string[] {
  return tableRows(section(PAGE, title)).flatMap(([cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, word = ""]) => word),
  );
}

test("the program runs and prints what it says", async () => {
  const [program = ""] = codeBlocks(PAGE, "ts");
  const lines = await printed(program, "json", "src/entries/queue.ts");
  expect(lines).toEqual(promised(program));
  expect(lines).toHaveLength(2);
});

test("the line of the first minute is answered as it says", async () => {
  await using bed = await DoorBed.open();
  const caller = await bed.caller();
  const [line = ""] = /\{"jsonrpc".*\}(?=')/.exec(codeBlocks(PAGE, "sh")[1] ?? "") ?? [];
  expect(await caller.ask(line)).toEqual(JSON.parse(codeBlocks(PAGE, "json")[0] ?? ""));
});

describe("the tables", () => {
  test("name each option of serveJson", () => {
    const source = readPage("src/json/json-door.ts");
    const body =
      source.slice(source.indexOf("interface JsonDoorOptions {")).split("\n}\n")[0] ?? "";
    const declared = [...body.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, member]) => member);
    expect(new Set(named("In a minute"))).toEqual(new Set(declared));
  });

  test("name each method, and each word of a job", async () => {
    await using bed = await DoorBed.open();
    const caller = await bed.caller();
    const messageOf = async (method: string, params?: unknown): Promise<string> => {
      const { error } = (await caller.call(method, params)) as { error: { message: string } };
      return error.message;
    };
    const methods = [...new Set(named("Methods"))].join(", ");
    expect(await messageOf("no")).toBe(`there is no such method; there are ${methods}`);
    const words = named("Jobs").join(", ");
    const stray = await messageOf("insert", { type: "a", stray: 1 });
    expect(stray).toBe(`a job has no "stray"; it has ${words}`);
  });

  test("name each number of an error, with its code", () => {
    const rows = tableRows(section(PAGE, "Errors"));
    const said = rows.map(([cell = "", number]) => [Number(number), cell] as const);
    expect(new Set(said.map(([number]) => number))).toEqual(new Set(Object.values(RPC_CODES)));
    const codes = Object.entries(RPC_CODES).filter(([code]) => code !== "HM_REFUSED");
    for (const [code, number] of codes) {
      expect(said.find(([one]) => one === number)?.[1]).toContain(`\`${code}\``);
    }
  });
});
