import { describe, expect, test } from "vitest";
import { parseTokens, tokenLine } from "../../src/config/token-file.ts";
import { Grant, parseRule } from "../../src/protocol/rights.ts";

const DIGEST = "0123456789abcdef".repeat(4);
const LINE = `mailer sha256:${DIGEST} reserve:mail.* put:a,b`.replace(",b", "");

describe("the file of tokens", () => {
  test("has names, digests and rights, and words for people", () => {
    const { tokens, anonymous } = parseTokens(
      `# who may what\n\n  ${LINE}   # mails\r\nanonymous put:jobs look:*\nmailer sha256:${"f".repeat(64)}\n`,
    );
    expect(tokens.map(({ name, rules }) => [name, rules.length])).toEqual([
      ["mailer", 2],
      ["mailer", 0],
    ]);
    expect(
      tokenLine("mailer", tokens[0]?.digest ?? new Uint8Array(0), ["reserve:mail.*", "put:a"]),
    ).toBe(LINE);
    expect(new Grant(anonymous).has(["put"], "jobs")).toBe(true);
  });

  test("may be empty, and then nobody may anything", () => {
    expect(parseTokens("")).toEqual({ tokens: [], anonymous: [] });
  });

  test.each([
    ["a name that is none", `ma:iler sha256:${DIGEST} put:a`, "line 1: a name has"],
    ["a digest that is none", "mailer sha256:0123 put:a", "line 1: behind the name stands sha256:"],
    ["the token itself", "\nmailer hm_secret put:a", "line 2: behind the name stands sha256:"],
    ["a right that is none", `mailer sha256:${DIGEST} delete:a`, "line 1: a word is no rights"],
    [
      "rights without a pattern",
      `mailer sha256:${DIGEST} hm_secret`,
      "line 1: a word is no rights",
    ],
    ["a pattern of no tube name", `mailer sha256:${DIGEST} put:a?b`, "line 1: a word is no rights"],
    ["a token twice", `${LINE}\nother sha256:${DIGEST}`, "line 2: this token has an entry already"],
    ["anonymous twice", "anonymous put:a\nanonymous put:b", "line 2: a second entry anonymous"],
  ])("that has %s is refused, and no secret told", (_, text, message) => {
    expect(() => parseTokens(text)).toThrow(message);
    expect(() => parseTokens(text)).not.toThrow(/hm_secret|0123456789abcdef/);
  });
});

describe("a right", () => {
  const grant = (...words: readonly string[]): Grant =>
    new Grant(words.map((word) => parseRule(word) ?? expect.fail(word)));

  test.each([
    ["mail", "mail", true],
    ["mail", "mails", false],
    ["*", "anything", true],
    ["mail.*", "mail.", true],
    ["mail.*", "mail", false],
    ["*.mail", "a.mail", true],
    ["*.mail", "a.mails", false],
    ["a*b*c", "abc", true],
    ["a*b*c", "a1b2bc", true],
    ["a*b*c", "acb", false],
    ["ab*ba", "aba", false],
    ["a**b", "ab", true],
    ["*a*", "bab", true],
    ["*a*", "bbb", false],
  ])("in %s counts in %s: %s", (pattern, tube, matches) => {
    expect(grant(`put:${pattern}`).has(["put"], tube)).toBe(matches);
    expect(grant(`put:${pattern}`).has(["put"], tube)).toBe(matches); // as it is remembered
  });

  test("of managing includes that of looking, and all are all", () => {
    expect(grant("manage:a").has(["look"], "a")).toBe(true);
    expect(grant("manage:a").has(["put"], "a")).toBe(false);
    for (const right of ["put", "reserve", "look", "manage"] as const)
      expect(grant("all:a").has([right], "a")).toBe(true);
  });

  test("somewhere is none everywhere, but by the pattern for all", () => {
    expect(grant("put:a*").hasSomewhere(["put"])).toBe(true);
    expect(grant("put:a*").hasEverywhere(["put"])).toBe(false);
    expect(grant("put:*").hasEverywhere(["put"])).toBe(true);
    expect(grant("put:a*").sees("b")).toBe(false);
    expect(grant("put:a*").sees("ab")).toBe(true);
  });

  test("is found as soon in a pattern that is meant to take long", () => {
    const long = grant(`put:${"*a".repeat(99)}`);
    expect(long.has(["put"], "a".repeat(98) + "b".repeat(102))).toBe(false);
    for (let count = 0; count < 3000; count++) long.has(["put"], `t${count}`); // forgotten again
    expect(long.has(["put"], "a".repeat(99))).toBe(true);
  });
});
