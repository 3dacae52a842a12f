/* What clients wrote is shown so that nothing acts, nothing hides and nothing is lost. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  beginningOf,
  hexRows,
  isMostlyText,
  piecesInOneLine,
  piecesOf,
} from "../../src/dashboard/hostile-bytes.ts";

const encode = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const shown = (body: Uint8Array<ArrayBuffer>): string =>
  piecesOf(body)
    .map(({ text, isMark }) => (isMark ? `[${text}]` : text))
    .join("");

test("plain text of any language stays as it is", () => {
  const text = "ünïcödé 日本語 مرحبا 👍 <script>alert(1)</script>\n\tend";
  expect(shown(encode(text))).toBe(text);
});

test("control characters become marks, line feed and tab do not", () => {
  expect(shown(encode("a\x00b\x1b[31m\r\n\tc\x7f\x85"))).toBe(
    "a[\\x00]b[\\x1b][31m[\\r]\n\tc[\\x7fU+0085]",
  );
});

test("characters that turn the direction of the text become marks", () => {
  expect(shown(encode("\u202Egnp.exe\u202C\u2066x\u2069"))).toBe(
    "[U+202E]gnp.exe[U+202CU+2066]x[U+2069]",
  );
});

test("invisible characters become marks", () => {
  expect(shown(encode("a\u200Bb\uFEFFc\u2028d\u00ADe\u{E0041}"))).toBe(
    "a[U+200B]b[U+FEFF]c[U+2028]d[U+00AD]e[U+E0041]",
  );
});

test("a byte order mark at the beginning is shown, too", () => {
  expect(shown(encode("\uFEFFx"))).toBe("[U+FEFF]x");
});

test("each byte that is not UTF-8 becomes a mark of its own value", () => {
  expect(shown(Uint8Array.of(0x41, 0xff, 0xfe, 0xc3, 0x28, 0xe2, 0x82))).toBe(
    "A[\\xff\\xfe\\xc3]([\\xe2\\x82]",
  );
});

test("overlong forms, surrogates and what is beyond Unicode are not UTF-8", () => {
  expect(shown(Uint8Array.of(0xc0, 0xaf))).toBe("[\\xc0\\xaf]");
  expect(shown(Uint8Array.of(0xed, 0xa0, 0x80))).toBe("[\\xed\\xa0\\x80]");
  expect(shown(Uint8Array.of(0xf4, 0x90, 0x80, 0x80))).toBe("[\\xf4\\x90\\x80\\x80]");
});

test("what is not a mark is valid UTF-8 exactly where the decoder says so", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (raw) => {
      const body = Uint8Array.from(raw);
      const isValid = !piecesOf(body).some(({ text, isMark }) => isMark && /\\x[89a-f]/.test(text));
      let decodes = true;
      try {
        new TextDecoder("utf-8", { fatal: true }).decode(body);
      } catch {
        decodes = false;
      }
      expect(isValid).toBe(decodes);
    }),
  );
});

test("no piece that is not a mark has a control, format or unassigned character", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const { text: shownText } of piecesOf(encode(text)).filter(({ isMark }) => !isMark)) {
        expect(shownText.replaceAll(/[\n\t]/g, "")).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      }
    }),
  );
});

test("in one line a line feed is a mark", () => {
  expect(piecesInOneLine(encode("a\nb"))).toEqual([
    { text: "a", isMark: false },
    { text: "\\n", isMark: true },
    { text: "b", isMark: false },
  ]);
});

test("a beginning never ends in half a character", () => {
  const text = encode("aé日👍");
  for (let most = 0; most <= text.length; most++) {
    const start = beginningOf(text, most, true);
    expect(start.length).toBeLessThanOrEqual(most);
    expect(shown(start)).not.toContain("[");
  }
});

test("a text that was cut elsewhere does not end in half a character either", () => {
  const cut = encode("x👍").subarray(0, 3);
  expect(shown(beginningOf(cut, 100, false))).toBe("x");
  expect(shown(beginningOf(cut, 100, true))).toBe("x[\\xf0\\x9f]");
});

test("mostly text is told from mostly bytes", () => {
  expect(isMostlyText(encode("a line with \x1b one escape"))).toBe(true);
  expect(isMostlyText(Uint8Array.from({ length: 256 }, (_, index) => index))).toBe(false);
});

test("hexadecimal rows have the offset, the bytes and the characters", () => {
  expect(hexRows(Uint8Array.of(0x41, 0x0a, 0xff, 0x3c, 0x42), 4)).toBe(
    "000000  41 0a ff 3c  A··<\n000004  42           B",
  );
});
