import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { OP } from "../../src/protocol/commands.ts";
import { findLineEnd, parseFast } from "../../src/protocol/fast.ts";
import { parseLine } from "../../src/protocol/line.ts";
import { bytesOf, lines, meaningIn, nameOf, staleCommand } from "./lines.ts";

/** Numbers around the limits of the fast path, in all lengths. */
const digits = fc.oneof(
  fc.nat({ max: 99_999 }).map(String),
  fc
    .integer({ min: 1, max: 17 })
    .chain((length) =>
      fc
        .array(fc.nat({ max: 9 }).map(String), { minLength: length, maxLength: length })
        .map((all) => all.join("")),
    ),
);

/** Lines of the commands that the fast path knows, most of them plain. */
const hotLines = fc
  .tuple(
    fc.constantFrom(
      ["put", 4] as const,
      ["reserve", 0] as const,
      ["reserve-with-timeout", 1] as const,
      ["delete", 1] as const,
      ["release", 3] as const,
      ["touch", 1] as const,
      ["bury", 2] as const,
    ),
    fc.array(digits, { minLength: 4, maxLength: 4 }),
  )
  .map(([[verb, count], words]) => [verb, ...words.slice(0, count)].join(" "));

/** A hot line with one byte put in, taken out or changed. */
const maimedHotLines = fc
  .tuple(
    hotLines,
    fc.nat(),
    fc.nat({ max: 1 }),
    fc.constantFrom("", " ", "0", "x", "-", "\r", "\n", "\0", "/", ":"),
  )
  .map(([line, where, removed, added]) => {
    const at = where % (line.length + 1);
    return line.slice(0, at) + added + line.slice(at + removed);
  })
  .map((line) => line.replaceAll("\r\n", ""));

const triedLines = fc.oneof(hotLines, maimedHotLines, lines);

/**
 * What parseFast says about `text` from `at`, when the text is followed by bytes of an older chunk.
 */
function parse(text: string, at = 0, stale = ""): { name: string; fields: unknown; next: number } {
  const bytes = bytesOf(text + stale);
  const command = staleCommand();
  const op = parseFast(bytes, at, text.length, command);
  return { name: nameOf(op), fields: meaningIn(bytes, op, command).fields, next: command.next };
}

const PLAIN_LINES: readonly (readonly [string, string, object])[] = [
  ["put 0 0 60 100", "PUT", { pri: 0, delay: 0, ttr: 60, bytes: 100 }],
  [
    "put 999999999 999999999 999999999 999999999",
    "PUT",
    { pri: 999999999, delay: 999999999, ttr: 999999999, bytes: 999999999 },
  ],
  ["put 0 0 0 0", "PUT", { pri: 0, delay: 0, ttr: 0, bytes: 0 }],
  ["put 01 002 0003 00004", "PUT", { pri: 1, delay: 2, ttr: 3, bytes: 4 }],
  ["reserve", "RESERVE", {}],
  ["reserve-with-timeout 0", "RESERVE_WITH_TIMEOUT", { timeout: 0 }],
  ["reserve-with-timeout 999999999", "RESERVE_WITH_TIMEOUT", { timeout: 999999999 }],
  ["delete 1", "DELETE", { id: 1 }],
  ["delete 999999999", "DELETE", { id: 999999999 }],
  ["delete 1000000000", "DELETE", { id: 1000000000 }],
  ["delete 4294967296", "DELETE", { id: 4294967296 }],
  ["delete 999999999999999", "DELETE", { id: 999999999999999 }],
  ["delete 000000000000005", "DELETE", { id: 5 }],
  ["release 7 8 9", "RELEASE", { id: 7, pri: 8, delay: 9, hasFailure: false }],
  [
    "release 123456789012345 0 0",
    "RELEASE",
    { id: 123456789012345, pri: 0, delay: 0, hasFailure: false },
  ],
  ["touch 1", "TOUCH", { id: 1 }],
  ["bury 7 8", "BURY", { id: 7, pri: 8, hasFailure: false }],
];

describe("the fast path", () => {
  test.each(PLAIN_LINES)("takes %j as %s", (line, name, fields) => {
    const expected = { ...fields, garbage: false };
    expect(parse(`${line}\r\n`)).toEqual({ name, fields: expected, next: line.length + 2 });
    expect(parse(`xyz${line}\r\nreserve\r\n`, 3)).toEqual({
      name,
      fields: expected,
      next: line.length + 5,
    });
  });

  test.each(PLAIN_LINES)("does not take %j before its last byte has come", (line) => {
    const whole = `${line}\r\n`;
    for (let length = 0; length < whole.length; length++) {
      // What lies behind the end of the input, be it an older chunk's bytes or nothing, must not be
      // read.
      expect(parse(whole.slice(0, length), 0, whole.slice(length)).name).toBe("NONE");
      expect(parse(whole.slice(0, length)).name).toBe("NONE");
    }
  });

  test.each([
    "put  0 0 0 0",
    "put 0 0 0 0 ",
    "put 0 0 0",
    "put 0 0 0 4294967296",
    "put 1000000000 0 0 0",
    "delete  5",
    "delete 5 ",
    "delete 1000000000000000",
    "delete ",
    "deletes 1",
    "release 1 2",
    "release 1 2 3 4",
    "bury 1",
    "touch x",
    "reserve ",
    "reserve-job 1",
    "reserve-with-timeout 1x",
    "reserved",
    "stats",
    "use default",
  ])("leaves %j to the exact parser", (line) => {
    expect(parse(`${line}\r\n`).name).toBe("NONE");
  });

  test("says what the exact parser says, or nothing", () => {
    fc.assert(
      fc.property(triedLines, fc.nat({ max: 5 }), (line, start) => {
        const text = `${"9".repeat(start)}${line}\r\n`;
        const bytes = bytesOf(`${text}0 0\r\n`);
        const fast = staleCommand();
        const op = parseFast(bytes, start, text.length, fast);
        if (op === OP.NONE) return;
        const exact = staleCommand();
        expect(findLineEnd(bytes, start, text.length)).toBe(text.length - 2);
        expect(parseLine(bytes, start, text.length - 2, exact)).toBe(op);
        expect(meaningIn(bytes, op, fast)).toEqual(meaningIn(bytes, op, exact));
        expect(fast.next).toBe(text.length);
      }),
      { numRuns: 20_000 },
    );
  });

  test("takes every hot line whose numbers are short", () => {
    fc.assert(
      fc.property(hotLines, (line) => {
        fc.pre(!/\d{10}/.test(line));
        expect(parse(`${line}\r\n`).name).not.toBe("NONE");
      }),
    );
  });
});

describe("the end of a line", () => {
  test.each([
    ["\r\n", 0],
    ["stats\r\n", 5],
    ["a\rb\r\n", 3],
    ["x\r\r\n", 2],
    ["a\nb\n\r\n", 4],
    ["a\r\nb\r\n", 1],
    ["a\r", -1],
    ["a\n", -1],
    ["", -1],
    ["\n\r", -1],
  ])("in %j is at %d", (text, index) => {
    const bytes = bytesOf(text);
    expect(findLineEnd(bytes, 0, bytes.length)).toBe(index);
  });

  test("is sought only between the bounds", () => {
    const bytes = bytesOf("\r\nabc\r\n");
    expect(findLineEnd(bytes, 1, 6)).toBe(-1);
    expect(findLineEnd(bytes, 1, 7)).toBe(5);
  });
});
