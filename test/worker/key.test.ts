/* Keys of users as words of the protocol. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { isTubeNameText } from "../../src/protocol/tube-name.ts";
import { keyWord } from "../../src/worker/key.ts";

test.each([
  ["invoice-17", "invoice-17"],
  ["user:42", "user$3a42"],
  ["ann@example.org", "ann$40example.org"],
  ["-first", "$2dfirst"],
  ["5$", "5$24"],
  ["Zoë", "Zo$c3$ab"],
])("%s is %s", (text, word) => {
  expect(keyWord("key", text)).toBe(word);
});

test("any text becomes a word that the protocol takes, and no two become the same", () => {
  const text = fc.string({ minLength: 1, maxLength: 16, unit: "grapheme" });
  fc.assert(
    fc.property(text, text, (one, other) => {
      fc.pre(one.isWellFormed() && other.isWellFormed());
      const [word, otherWord] = [keyWord("key", one), keyWord("key", other)];
      expect(isTubeNameText(word)).toBe(true);
      expect(word === otherWord).toBe(one === other);
    }),
  );
});

test("one that is empty or would be too long is refused with what to do", () => {
  expect(() => keyWord("unique", "")).toThrow("unique: a key is a text of a character or more");
  expect(keyWord("unique", "x".repeat(200))).toHaveLength(200);
  expect(() => keyWord("unique", "x".repeat(201))).toThrow(
    /^unique: the key "x{40}"\.\.\. takes 201 bytes, and may take 200; a hash of it will do$/,
  );
});
