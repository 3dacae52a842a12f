/* What a body says of its type, whoever wrote it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { jobType } from "../../src/dashboard/job-type.ts";
import { encodeBytes, encodeJson } from "../../src/worker/envelope.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("is what the framework wrote, in whatever codec, whole or only the beginning", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "binary", minLength: 1 }).filter((text) => text.isWellFormed()),
      fc.jsonValue(),
      fc.uint8Array(),
      (type, data, payload) => {
        const json = encodeJson(type, data, { at: 1 });
        const coded = encodeBytes(type, payload, { codec: "bytes" });
        expect(jobType(json)).toBe(type);
        expect(jobType(coded)).toBe(type);
        const head = encodeJson(type, undefined, {}).length - '"hm":{}}'.length;
        expect(jobType(json.subarray(0, head))).toBe(type);
      },
    ),
  );
});

test.each([
  ['{"data":1,"type":"resize"}', "resize"],
  ['{ "type" : "resize" }', "resize"],
  ['{\n  "type": "resize"\n}', "resize"],
  ['{"type":7}', undefined],
  ['{"type":""}', undefined],
  ['{"type":"cut of', undefined],
  ['["type","resize"]', undefined],
  ["type", undefined],
  ["", undefined],
])("of %s is %s", (body, type) => {
  expect(jobType(bytes(body))).toBe(type);
});

test("no body breaks it", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (rest) => {
      const found = jobType(Uint8Array.from([0x7b, ...rest]));
      expect(["string", "undefined"]).toContain(typeof found);
    }),
  );
  expect(jobType(bytes(`{"type":${"[".repeat(100_000)}`))).toBe(undefined);
});
