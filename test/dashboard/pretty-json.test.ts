/* JSON is laid out without a change to any of its values. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { prettyJson } from "../../src/dashboard/pretty-json.ts";

const text = (json: string): string | undefined =>
  prettyJson(json)
    ?.map((token) => token.text)
    .join("");

test("an object has a line for each of its members", () => {
  expect(text('{"a":1,"b":[true,null],"c":{}}')).toBe(
    '{\n  "a": 1,\n  "b": [\n    true,\n    null\n  ],\n  "c": {}\n}',
  );
});

test("long numbers, escapes and keys that stand twice stay as they came", () => {
  const json = String.raw`{"id":12345678901234567890,"a":"\u0041\"","a":1.0e+2}`;
  expect(text(json)?.replaceAll(/\n *|(?<=:) /g, "")).toBe(json);
});

test("keys are told from strings", () => {
  expect(prettyJson('{"k":"v"}')?.filter(({ kind }) => kind !== "mark")).toEqual([
    { text: '"k"', kind: "key" },
    { text: '"v"', kind: "string" },
  ]);
});

test("what is not an object or an array of JSON is left alone", () => {
  for (const no of ["", "12", '"text"', "{", "{'a':1}", "[1,]", "hello", "{}x"]) {
    expect(prettyJson(no)).toBeNull();
  }
});

/** A JSON text without the space between its tokens. */
function withoutSpace(json: string | undefined): string | undefined {
  return json?.replaceAll(/("(?:\\.|[^"\\])*")|\s+/gs, "$1");
}

// The texts are compared, not what JSON.parse makes of them: V8 reads the key `"` as `\` where it
// has seen an object with the same keys before and `\` next.
test("whatever JSON comes, only the space between its tokens is new", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())),
      (value) => {
        const json = JSON.stringify(value);
        expect(withoutSpace(text(json))).toBe(json);
      },
    ),
    { examples: [[[{ "": false, '"': {}, " ": {} }]]] },
  );
});

test("a text of brackets alone does not grow without bounds", () => {
  const deep = "[".repeat(3000) + "]".repeat(3000);
  expect(text(deep)?.length ?? 0).toBeLessThan(deep.length * 60);
});
