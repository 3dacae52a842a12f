/*
 * Lines come out as they went in, however they are cut; what is too long, or has no room, is told
 * of once, and nothing of it is kept.
 */
import { array, boolean, constantFrom, integer, property, record, uint8Array } from "fast-check";
import { describe, expect, test } from "vitest";
import { LineReader } from "../../src/json/line-reader.ts";
import { Room } from "../../src/json/room.ts";
import { propertiesOf } from "../support/properties.ts";

const holds = propertiesOf("json");
const ROOM = 1_000_000;

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes[n % sizes.length] ?? 1;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

/** What comes out of chunks: the text of each line, or why it was skipped. */
function read(chunks: readonly Uint8Array[], limits: [number, number], room = new Room(ROOM)) {
  const [lineBytesMax, freeBytes] = limits;
  const reader = new LineReader(room, { lineBytesMax, freeBytes });
  const out: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      if ("skipped" in line) out.push(`(${line.skipped})`);
      else {
        out.push(Buffer.from(line.bytes).toString("latin1"));
        room.give(line.takenBytes);
      }
    }
  }
  return { out, reader, room };
}

const LINE = uint8Array({ maxLength: 60 }).map((bytes) =>
  bytes.map((one) => (one === 10 ? 32 : one)),
);
const SIZES = array(integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 });

function joined(lines: readonly Uint8Array[], isEnded: boolean): Uint8Array {
  const bytes = lines.flatMap((line) => [...line, 10]);
  return Uint8Array.from(isEnded ? bytes : bytes.slice(0, -1));
}

describe("lines", () => {
  test("come out as they went in, with random cuts and random limits", () => {
    const input = record({
      lines: array(LINE, { minLength: 1, maxLength: 12 }),
      sizes: SIZES,
      isEnded: boolean(),
      max: constantFrom(20, 40, 1000),
      free: constantFrom(1, 15, 100),
    });
    holds(
      property(input, ({ lines, sizes, isEnded, max, free }) => {
        const { out, reader, room } = read(cut(joined(lines, isEnded), sizes), [max, free]);
        const whole = isEnded ? lines : lines.slice(0, -1);
        const last = isEnded ? undefined : lines.at(-1);
        const expected = whole.map((line) =>
          line.length > max ? "(too-long)" : Buffer.from(line).toString("latin1"),
        );
        if (last !== undefined && last.length > max) expected.push("(too-long)");
        expect(out).toEqual(expected);
        expect(reader.isInLine).toBe(last !== undefined && last.length > 0);
        reader.close();
        expect(room.leftBytes).toBe(ROOM);
      }),
      { numRuns: 1000 },
    );
  });

  test("share their room, whatever comes of how many connections in which order", () => {
    const turn = record({ who: integer({ min: 0, max: 3 }), bytes: LINE, ends: boolean() });
    holds(
      property(array(turn, { maxLength: 60 }), (turns) => {
        const room = new Room(100);
        const readers = [0, 1, 2, 3].map(
          () => new LineReader(room, { lineBytesMax: 90, freeBytes: 10 }),
        );
        const held: number[] = [];
        for (const { who, bytes, ends } of turns) {
          const reader = readers[who];
          if (reader === undefined) throw new RangeError("no such reader");
          reader.push(ends ? Uint8Array.from([...bytes, 10]) : bytes);
          for (let line = reader.next(); line !== undefined; line = reader.next()) {
            if ("bytes" in line) held.push(line.takenBytes);
            expect(room.leftBytes).toBeGreaterThanOrEqual(0);
          }
        }
        for (const reader of readers) reader.close();
        expect(room.leftBytes + held.reduce((sum, one) => sum + one, 0)).toBe(100);
      }),
      { numRuns: 1000 },
    );
  });

  test("that find no room are told of at once, and the ones behind them come", () => {
    const room = new Room(5);
    const text = (what: string): Uint8Array => Buffer.from(what, "latin1");
    const { out } = read([text("0123456789"), text("0123456789\nab\n")], [1000, 4], room);
    expect(out).toEqual(["(no-room)", "ab"]);
    expect(room.leftBytes).toBe(5);
  });
});
