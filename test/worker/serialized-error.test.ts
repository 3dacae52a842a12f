/* Errors as they are kept with jobs, and read by whoever looks at them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UNREADABLE } from "./unreadable.ts";
import {
  decodeFailure,
  encodeFailure,
  FAILURE_BYTES_MAX,
  laidOutFailure,
  readable,
  rebuiltError,
  serializeError,
} from "../../src/worker/serialized-error.ts";

const BYTES = new TextEncoder();
const TEXT = new TextDecoder();

class RefusedCard extends Error {
  override readonly name = "RefusedCard";
  readonly code = "E_CARD";
}

describe("an error", () => {
  test("keeps its name, code, message, stack and causes", () => {
    const cause = new TypeError("no such customer");
    const kept = decodeFailure(encodeFailure(serializeError(new RefusedCard("no", { cause }))));
    expect(kept).toMatchObject({ name: "RefusedCard", code: "E_CARD", message: "no" });
    expect(kept.stack).toContain("serialized-error.test.ts");
    expect(kept.cause).toMatchObject({ name: "TypeError", message: "no such customer" });
    expect(kept.cause?.cause).toBeUndefined();
  });

  test("is built again, with its causes", () => {
    const cause = new TypeError("no such customer");
    const error = new RefusedCard("no", { cause });
    const again = rebuiltError(serializeError(error));
    expect(again).toBeInstanceOf(Error);
    expect(again).toMatchObject({ name: "RefusedCard", code: "E_CARD", stack: error.stack });
    expect(again.cause).toMatchObject({ name: "TypeError", message: "no such customer" });
    expect(rebuiltError({ name: "E", message: "m" })).not.toHaveProperty("code");
  });

  test("is laid out as a console would, with its causes below it", () => {
    const cause = new TypeError("no such\ncustomer");
    const laidOut = laidOutFailure(encodeFailure(serializeError(new RefusedCard("no", { cause }))));
    const lines = laidOut?.split("\n").filter((line) => !line.startsWith("    at ")) ?? [];
    expect(lines).toEqual([
      "RefusedCard: no",
      "    code: E_CARD",
      "Caused by: TypeError: no such",
      "customer",
    ]);
    expect(laidOut).toMatch(/^RefusedCard: no\n    at .*serialized-error\.test\.ts/);
  });

  test("without a stack is laid out with what there is", () => {
    const bare = { name: "E", message: "m", stack: "    at x", cause: { name: "C", message: "n" } };
    expect(laidOutFailure(encodeFailure(bare))).toBe("E: m\n    at x\nCaused by: C: n");
  });

  test.each(["", "plain", 'said\n{"half":', 'said\n{"name":1}', '{"name":"E","message":"m"}'])(
    "is not what somebody else said: %j",
    (text) => expect(laidOutFailure(BYTES.encode(text))).toBeUndefined(),
  );

  test("begins with one line for people", () => {
    const text = TEXT.decode(encodeFailure(serializeError(new RefusedCard("no\nmoney"))));
    expect(text.split("\n")).toEqual(["RefusedCard: no money", expect.stringMatching(/^\{.*\}$/)]);
  });

  test.each([
    ["a text", "out of paper", "out of paper"],
    ["an object", { status: 503 }, '{"status":503}'],
    ["nothing", undefined, "undefined"],
    ["a bigint", 7n, "7"],
  ])("may be %s", (_, thrown, message) => {
    expect(serializeError(thrown)).toEqual({ name: "Error", message });
  });

  test.each(UNREADABLE)("that cannot be read is kept as far as it can: %s", (_, make, message) => {
    expect(serializeError(make()).message).toBe(message);
    const read = readable(make());
    expect(read).toBeInstanceOf(Error);
    expect(decodeFailure(encodeFailure(serializeError(read))).message).toBe(message);
    expect(`${(read as Error).name} ${String(read)}`).toContain(message);
  });

  test("that can be read is itself", () => {
    for (const thrown of [new RefusedCard("no"), { status: 503 }, undefined, 7n, Symbol("s")]) {
      expect(readable(thrown)).toBe(thrown);
    }
  });

  test("that is its own cause, or has a long chain of them, ends", () => {
    const circle = new Error("round");
    circle.cause = circle;
    let depth = 0;
    for (let at = serializeError(circle).cause; at !== undefined; at = at.cause) depth++;
    expect(depth).toBe(5);
  });

  test("is cut where it is long, whatever it is made of", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(text, fc.nat(6), (word, depth) => {
        const bytes = encodeFailure(serializeError(chain(word.repeat(1000), depth)));
        expect(bytes.length).toBeLessThanOrEqual(FAILURE_BYTES_MAX);
        expect(decodeFailure(bytes).message).not.toBe("");
      }),
      {
        numRuns: 20,
        examples: [
          ["\ud800", 6],
          ["\ud800", 0],
          ["\0", 1],
          ["x", 6],
        ],
      },
    );
  });

  test("that is cut keeps the cause that all began with", () => {
    let kept = decodeFailure(encodeFailure(serializeError(chain("x".repeat(1000), 4))));
    expect(kept.message).toMatch(/^4 x/);
    while (kept.cause !== undefined) kept = kept.cause;
    expect(kept.message).toMatch(/^0 x/);
  });
});

/** An error with so many causes, each with a long message and a long stack. */
function chain(text: string, depth: number): Error {
  const stack = text;
  let error = Object.assign(new Error(`0 ${text}`), { stack });
  for (let count = 1; count <= depth; count++) {
    error = Object.assign(new Error(`${count} ${text}`, { cause: error }), { stack });
  }
  return error;
}

test.each(["disk is full", "", "{}", 'x\n{"name":7}', 'x\n{"name":"A","message"', "a\n{b}"])(
  "what another program left is its message: %j",
  (message) => {
    expect(decodeFailure(BYTES.encode(message))).toEqual({ name: "Error", message });
  },
);
