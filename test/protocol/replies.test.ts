import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { JOB_LINE_ROOM } from "../../assembly/layouts.ts";
import {
  REPLIES,
  REPLY,
  REPLY_LINE_MAX,
  writeBuried,
  writeConstant,
  writeCrlf,
  writeDecimal,
  writeFound,
  writeInserted,
  writeKicked,
  writeOk,
  writeReserved,
  writeSession,
  writeUsing,
  writeVouched,
  writeWatching,
  writeWindow,
} from "../../src/protocol/replies.ts";
import { bytesOf } from "./lines.ts";

const UNTOUCHED = "#";

/**
 * What a writer wrote, which must begin where it was told to, end where it says, and leave the rest
 * alone.
 */
function written(write: (out: Uint8Array, at: number) => number): string {
  const out = new Uint8Array(REPLY_LINE_MAX + 8).fill(UNTOUCHED.charCodeAt(0));
  const end = write(out, 3);
  const text = String.fromCharCode(...out);
  expect(text.slice(0, 3)).toBe(UNTOUCHED.repeat(3));
  expect(text.slice(end)).toBe(UNTOUCHED.repeat(out.length - end));
  return text.slice(3, end);
}

const LARGEST = Number.MAX_SAFE_INTEGER;

/** Whole numbers of every length. */
const wholeNumbers = fc
  .tuple(fc.integer({ min: 1, max: 53 }), fc.maxSafeNat())
  .map(([bits, value]) => value % 2 ** bits);

describe("a decimal number", () => {
  const powers = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

  test.each([0, 4294967295, 4294967296, LARGEST, ...powers.flatMap((power) => [power - 1, power])])(
    "is written as %d",
    (value) => {
      expect(written((out, at) => writeDecimal(out, at, value))).toBe(String(value));
    },
  );

  test("is written as JavaScript prints it, from 0 to 2^53 - 1", () => {
    fc.assert(
      fc.property(wholeNumbers, (value) => {
        expect(written((out, at) => writeDecimal(out, at, value))).toBe(String(value));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a reply line", () => {
  test.each([
    ["INSERTED 7\r\n", (out: Uint8Array, at: number) => writeInserted(out, at, 7)],
    [`INSERTED ${LARGEST}\r\n`, (out: Uint8Array, at: number) => writeInserted(out, at, LARGEST)],
    ["BURIED 12\r\n", (out: Uint8Array, at: number) => writeBuried(out, at, 12)],
    ["RESERVED 12 65535\r\n", (out: Uint8Array, at: number) => writeReserved(out, at, 12, 65535)],
    [
      "RESERVED 4294967296 0\r\n",
      (out: Uint8Array, at: number) => writeReserved(out, at, 2 ** 32, 0),
    ],
    ["FOUND 1 0\r\n", (out: Uint8Array, at: number) => writeFound(out, at, 1, 0)],
    ["KICKED 0\r\n", (out: Uint8Array, at: number) => writeKicked(out, at, 0)],
    ["KICKED 4294967295\r\n", (out: Uint8Array, at: number) => writeKicked(out, at, 2 ** 32 - 1)],
    ["WATCHING 2\r\n", (out: Uint8Array, at: number) => writeWatching(out, at, 2)],
    [
      "SESSION 000102fa0910ff\r\n",
      (out: Uint8Array, at: number) =>
        writeSession(out, at, Uint8Array.of(0, 1, 2, 0xfa, 9, 16, 255)),
    ],
    ["VOUCHED 7\r\n", (out: Uint8Array, at: number) => writeVouched(out, at, 7)],
    ["WINDOW 1000\r\n", (out: Uint8Array, at: number) => writeWindow(out, at, 1000)],
    ["OK 970\r\n", (out: Uint8Array, at: number) => writeOk(out, at, 970)],
    ["\r\n", writeCrlf],
  ])("is written as %j", (line, write) => {
    expect(written(write)).toBe(line);
  });

  test("with a tube name takes it from where it stands", () => {
    const names = bytesOf("use mail\r\n");
    expect(written((out, at) => writeUsing(out, at, names, 4, 8))).toBe("USING mail\r\n");
  });

  test("with the longest tube name or the longest numbers fits the room that sessions make", () => {
    const name = bytesOf("n".repeat(200));
    const using = written((out, at) => writeUsing(out, at, name, 0, name.length));
    const reserved = written((out, at) => writeReserved(out, at, LARGEST, LARGEST));
    // The engine writes JOB.
    const job = `JOB ${LARGEST} ${2 ** 32 - 1} ${"n".repeat(200)} ${2 ** 32 - 1}\r\n`;
    const longest = Math.max(using.length, reserved.length, job.length);
    expect(longest).toBeLessThanOrEqual(REPLY_LINE_MAX);
    expect(job.length).toBeLessThan(JOB_LINE_ROOM);
  });

  test.each(Object.entries(REPLY))("that is always %s is its name and CRLF", (name, bytes) => {
    expect(written((out, at) => writeConstant(out, at, bytes))).toBe(`${name}\r\n`);
  });

  test("exists for every form without a value", () => {
    expect(Object.keys(REPLY).toSorted()).toEqual(
      REPLIES.map(({ form }) => form)
        .filter((form) => !form.includes(" "))
        .toSorted(),
    );
  });
});
