/*
 * What is taken for JSON, and what is not: deep nesting, bytes that are no UTF-8, and lines at
 * random.
 */
import { expect, test } from "vitest";
import { json, property, uint8Array } from "fast-check";
import { isBlank, jsonOf, NESTING_MAX, VALUES_MAX } from "../../src/json/json-text.ts";
import { propertiesOf } from "../support/properties.ts";

const holds = propertiesOf("json");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("any JSON is what JSON.parse makes of it", () => {
  holds(
    property(json({ maxDepth: 20 }), (text) => {
      expect(jsonOf(bytes(text))).toEqual(JSON.parse(text));
    }),
    { numRuns: 500 },
  );
});

test("any other bytes are refused with one error", () => {
  holds(
    property(uint8Array({ maxLength: 40 }), (line) => {
      try {
        jsonOf(line);
      } catch (error) {
        expect(error).toMatchObject({ name: "JsonTextError", code: "HM_JSON" });
      }
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ["[".repeat(NESTING_MAX) + "]".repeat(NESTING_MAX), undefined],
  ["[".repeat(NESTING_MAX + 1) + "]".repeat(NESTING_MAX + 1), "stand in one another"],
  ['{"a":'.repeat(NESTING_MAX + 1) + "1" + "}".repeat(NESTING_MAX + 1), "stand in one another"],
  ["[".repeat(1_000_000), "stand in one another"],
  [JSON.stringify("[{".repeat(1000)), undefined],
  [JSON.stringify(`\\"${"[".repeat(1000)}`), undefined],
  [`[${"[],".repeat(1000)}1]`, undefined],
  ["{", "the line is no JSON"],
  ["", "the line is no JSON"],
])("nesting is counted outside of texts alone: %#", (text, why) => {
  if (why === undefined) expect(jsonOf(bytes(text))).toEqual(JSON.parse(text));
  else expect(() => jsonOf(bytes(text))).toThrow(why);
});

test.each([
  ["numbers", (count: number) => `[${"1,".repeat(count - 2)}1]`],
  ["arrays and objects", (count: number) => `[ ${"{ } , [],".repeat((count - 2) / 2)}5 ]`],
  ["values of an object", (count: number) => `{"b":1${',"a,[{":",["'.repeat(count - 2)}}`],
  ["values in one another", (count: number) => `[${"[{}],".repeat((count - 2) / 2)}5]`],
])("a line has so many values, and no more: %s", (_, lineOf) => {
  expect(jsonOf(bytes(lineOf(VALUES_MAX)))).toBeTypeOf("object");
  expect(() => jsonOf(bytes(lineOf(VALUES_MAX + 2)))).toThrow("more than 1000000 values");
});

test("what is no UTF-8 is said to be", () => {
  expect(() => jsonOf(Uint8Array.of(0x22, 0xff, 0x22))).toThrow("the line is not UTF-8");
  expect(() => jsonOf(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22))).toThrow("not UTF-8");
});

test("blanks are known", () => {
  expect(isBlank(bytes(" \t\r"))).toBe(true);
  expect(isBlank(bytes(" 1"))).toBe(false);
});
