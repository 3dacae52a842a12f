/*
 * What stands behind <bytes> of a put, compared with the same said by regular expressions.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as C from "../../assembly/constants.ts";
import { OP } from "../../src/protocol/commands.ts";
import { Command, parseLine } from "../../src/protocol/line.ts";
import { PUT_END, PutTags, shownTags, TAGS, tagWords } from "../../src/protocol/tags.ts";
import type { ShownTag, TagRow } from "../../src/protocol/tags.ts";
import { propertiesOf } from "../support/properties.ts";
import { bytesOf } from "./lines.ts";

const holds = propertiesOf("protocol");
const KEY = "(?!-)[A-Za-z0-9\\-+/;.$_()]{1,200}";

interface Told {
  readonly which: number;
  readonly tags: ReadonlyMap<number, ShownTag>;
}

function isU32(digits: string, least: number): boolean {
  const value = BigInt(digits);
  return value >= BigInt(least) && value < 2n ** 32n;
}

/** The value of a tag: a key, perhaps with a number, or a number alone, or one of some words. */
function patternOf({ hasKey, number, words }: TagRow): string {
  if (hasKey) return number === undefined ? `(${KEY})` : `(${KEY})(?::(\\d+))?`;
  return words === undefined ? "()(\\d+)" : `()(${words.join("|")})`;
}

/** What the words mean, by patterns; `text` begins behind <bytes>. */
function meant(text: string): Told {
  const tags = new Map<number, ShownTag>();
  if (text === "") return { which: PUT_END.PLAIN, tags };
  const words = text.split(/[ \t]+/).filter((word) => word !== "");
  const known = words.map((word) => TAGS.find(({ name }) => word.startsWith(`${name}:`)));
  if (!/^[ \t]/.test(text) || words.length === 0 || known.includes(undefined))
    return { which: PUT_END.GARBAGE, tags };
  let isWrong = false;
  for (const [index, word] of words.entries()) {
    const row = known[index];
    if (row === undefined) continue;
    const match = new RegExp(`^${row.name}:${patternOf(row)}$`).exec(word);
    const [, name = "", value] = match ?? [];
    const place = 1 + (row.words?.indexOf(value ?? "") ?? -1);
    const digits = place > 0 ? String(place) : value;
    if (match === null || (digits && !isU32(digits, row.number?.least ?? 0))) {
      isWrong = true;
      continue;
    }
    const shown = row.kind === C.TAG_MAX ? "\0".repeat(8) : name;
    tags.set(row.kind, { name: shown, number: Number(digits ?? row.number?.default ?? 0) });
  }
  return isWrong ? { which: PUT_END.WRONG, tags: new Map() } : { which: PUT_END.TAGGED, tags };
}

/** What the parser makes of them, somewhere inside a longer array. */
function told(text: string): Told {
  const tags = new PutTags();
  const bytes = bytesOf(`put 0 0 60 1${text} idp:behind`);
  const which = tags.read(bytes, 12, 12 + text.length);
  const isWhole = which === PUT_END.TAGGED;
  return { which, tags: isWhole ? shownTags(tags.bytes.slice(0, tags.length)) : new Map() };
}

const names = fc.constantFrom(...TAGS.map(({ name }) => name), "IDP", "foo", "id", "");
const keys = fc.constantFrom(
  "1",
  "77",
  "os",
  "sync",
  "k",
  "a",
  "-k",
  "k-",
  "",
  "k".repeat(200),
  "k".repeat(201),
  "a,b",
  "(",
);
const numbers = fc.constantFrom("", ":", ":0", ":1", ":007", ":-1", ":+1", ":x", ":1:2");
const large = fc.constantFrom(":4294967295", ":4294967296", `:${"9".repeat(40)}`, ":1.5");
const word = fc
  .tuple(names, fc.constantFrom(":", ":", ":", ""), keys, fc.oneof(numbers, large))
  .map((parts) => parts.join(""));
const space = fc.constantFrom(" ", " ", "  ", "\t", " \t ");
const behind = fc
  .tuple(fc.array(fc.tuple(space, word), { maxLength: 4 }), fc.constantFrom("", "", " ", "x"))
  .map(([words, end]) => words.flat().join("") + end);

test("tags are what the patterns say", () => {
  holds(
    fc.property(behind, (text) => {
      expect(told(text)).toEqual(meant(text));
    }),
  );
});

test("what is shown of tags is what a put would be given", () => {
  const { tags } = told(" idp:k:7");
  expect(tagWords(tags)).toEqual(["idp:k:7"]);
  expect(tagWords(told(" idp:k").tags)).toEqual(["idp:k"]);
});

test("every tag with the longest key fits", () => {
  const longest = "k".repeat(C.TUBE_NAME_MAX);
  const text = TAGS.map(({ name, hasKey, words }) => {
    return ` ${name}:${hasKey ? longest : (words?.[0] ?? 7)}`;
  }).join("");
  expect(told(text).tags.size).toBe(TAGS.length);
});

describe("a line", () => {
  test.each([
    ["put 0 0 60 5", OP.PUT, false, false, 0],
    ["put 0 0 60 5 idp:k", OP.PUT, false, false, 16],
    ["put 0 0 60 5 idp:", OP.PUT, false, true, undefined],
    ["put 0 0 60 5 x", OP.PUT, true, false, undefined],
    [`put 0 0 60 5 x${" ".repeat(300)}`, OP.BAD_FORMAT, true, false, undefined],
    [`put 0 0 60 5 idp:k${" ".repeat(300)}`, OP.PUT, false, false, 16],
    [`put 0 0 60 ${"0".repeat(300)}5`, OP.BAD_FORMAT, false, false, undefined],
  ])("%s", (line, op, isGarbage, isWrong, length) => {
    const command = new Command();
    command.tags.length = 99;
    const bytes = bytesOf(line);
    expect(parseLine(bytes, 0, bytes.length, command)).toBe(op);
    expect([command.garbage, command.hasWrongTags]).toEqual([isGarbage, isWrong]);
    if (length !== undefined) expect(command.tags.length).toBe(length);
  });
});
