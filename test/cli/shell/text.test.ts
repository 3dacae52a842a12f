import { describe, expect, it } from "vitest";
import {
  bodyFields,
  parseDocument,
  parseNames,
  shown,
  table,
} from "../../../src/cli/shell/text.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the text of replies", () => {
  it("has facts, numbers and quoted text among them", () => {
    const reply = '---\nname: "a.b"\nversion: "1.12"\ncurrent: 7\nrusage: 0.25\nid: 00ff\n';
    expect(parseDocument(bytes(reply))).toEqual({
      facts: { name: "a.b", version: "1.12", current: 7, rusage: 0.25, id: "00ff" },
      items: [],
    });
  });

  it("has lists of such groups, at any depth", () => {
    const reply =
      '---\njobs:\n  - id: 1\n    pri: 2\n  - id: 3\n    text: "a\\n\\x1b\\u00e9"\nnext: 3\n';
    expect(parseDocument(bytes(reply))).toEqual({
      facts: { jobs: "", next: 3 },
      items: [
        { id: 1, pri: 2 },
        { id: 3, text: "a\n\x1b\u00e9" },
      ],
    });
  });

  it("has lists of groups that stand in one line", () => {
    const reply =
      '---\njobs:\n- {id: 1, message: "a, b: \\"c\\" }", end: buried}\n- {id: 2}\nnext: 0\n';
    expect(parseDocument(bytes(reply))).toEqual({
      facts: { jobs: "", next: 0 },
      items: [{ id: 1, message: 'a, b: "c" }', end: "buried" }, { id: 2 }],
    });
  });

  it("has lists of names", () => {
    expect(parseNames(bytes('---\n- default\n- "x.y"\n- 17\n'))).toEqual(["default", "x.y", "17"]);
  });
});

describe("what strangers wrote", () => {
  it("tells a screen nothing", () => {
    const hostile = "\x1b]0;title\x07 \u202Eright \u2028 \x9b31m\r\nline\ttab";
    const safe = "\\x1b]0;title\\x07 \\u{202e}right \\u{2028} \\x9b31m\\x0d\nline\ttab";
    expect(shown(bytes(hostile))).toBe(safe);
  });

  it("is text in JSON when it is text, and base64 when it is not", () => {
    expect(bodyFields(bytes("\u00e9\0"))).toEqual({ body: "\u00e9\0" });
    expect(bodyFields(Uint8Array.of(0xff, 0xfe))).toEqual({ bodyBase64: "//4=" });
  });
});

it("columns of numbers stand to the right, others to the left", () => {
  const rows = [
    ["a", 1],
    ["long", 1000],
  ];
  expect(table(["name", "n"], rows)).toEqual(
    ["name  n", "a        1", "long  1000"].map((line, at) => (at === 0 ? "name     n" : line)),
  );
});
