/* Replies read from the bytes of a server, however they are cut, and what is no reply refused. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BadReplyError } from "../../src/protocol/reply-line.ts";
import { ReplyFraming, ReplyReader, ReplyTooBigError } from "../../src/protocol/reply-reader.ts";
import type { Reply } from "../../src/protocol/reply-reader.ts";
import { REPLIES } from "../../src/protocol/replies.ts";
import type { ReplyRow } from "../../src/protocol/replies.ts";
import { propertiesOf } from "../support/properties.ts";
import { bytesOf } from "./lines.ts";

const assert = propertiesOf("protocol");
const LARGEST = Number.MAX_SAFE_INTEGER;
const NOTHING_ELSE = Infinity;

/** The replies in the text, fed in pieces of `piece` bytes. */
function repliesIn(text: string, piece = text.length, rows?: readonly ReplyRow[]): Reply[] {
  const replies: Reply[] = [];
  const reader = new ReplyReader((reply) => replies.push(reply), NOTHING_ELSE, rows);
  const bytes = bytesOf(text);
  for (let at = 0; at < bytes.length; at += piece) reader.take(bytes.slice(at, at + piece));
  return replies;
}

/** A reply as the line and body that it came as. */
function textOf({ line, bodyBytes, body, replies = [] }: Reply): string {
  const rest = bodyBytes === undefined ? "" : `${latin1(body)}\r\n`;
  return `${line}\r\n${rest}${replies.map(textOf).join("")}`;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

const numbers = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(0, LARGEST));
const names = fc.stringMatching(/^[A-Za-z0-9+/;.$_()][A-Za-z0-9+/;.$_()-]{0,199}$/);
const bodies = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map(latin1),
  fc.constantFrom("", "\r\n", "\r", "DELETED\r\n", "RESERVED 1 5\r\n", "\n\r\n\r"),
);

/** Replies that may belong to another one. */
const SINGLE: readonly ReplyRow[] = REPLIES.filter(
  (row: ReplyRow) => row.gathers !== true && row.isPush !== true,
);
const wholeLines = fc.constantFrom("NOT_FOUND", "TUBE_FULL jobs 3", "INSERTED 7 READY");

/** What a placeholder may stand for. */
function argumentOf(placeholder: string): fc.Arbitrary<string> {
  if (placeholder === "<reply>") return wholeLines;
  return placeholder === "<tube>" ? names : numbers.map(String);
}

/** A reply of the form, as text. */
function replyOf({ form, gathers }: ReplyRow): fc.Arbitrary<string> {
  const [word = "", ...placeholders] = form.split(" ");
  if (gathers === true) {
    const parts = fc.array(fc.constantFrom(...SINGLE).chain(replyOf), { maxLength: 4 });
    return parts.map((replies) => `${word} ${replies.length}\r\n${replies.join("")}`);
  }
  const args = placeholders.map(argumentOf);
  return fc.tuple(fc.tuple(...args), bodies).map(([words, body]) => {
    if (placeholders.at(-1) !== "<bytes>") return `${[word, ...words].join(" ")}\r\n`;
    return `${[word, ...words.slice(0, -1), body.length].join(" ")}\r\n${body}\r\n`;
  });
}

describe.each(REPLIES.map((row) => [row.form, row] as const))("%s", (form, row) => {
  test("is read whole and cut at every byte", () => {
    assert(
      fc.property(replyOf(row), (text) => {
        const [whole, ...more] = repliesIn(text);
        expect(more).toEqual([]);
        if (whole === undefined) throw new Error("no reply was read");
        expect(whole.form).toBe(form);
        expect(textOf(whole)).toBe(text);
        expect([whole.word, ...whole.args].join(" ")).toBe(whole.line);
        expect(repliesIn(text, 1)).toEqual([whole]);
        for (let cut = 1; cut < text.length; cut++) {
          const replies: Reply[] = [];
          const reader = new ReplyReader((reply) => replies.push(reply), NOTHING_ELSE);
          reader.take(bytesOf(text.slice(0, cut)));
          expect(replies).toEqual([]);
          reader.take(bytesOf(text.slice(cut)));
          expect(replies).toEqual([whole]);
        }
      }),
      { numRuns: 20 },
    );
  });
});

describe("a stream of replies", () => {
  const streams = fc.array(fc.constantFrom(...REPLIES).chain(replyOf), { maxLength: 30 });

  test("is the same replies, in pieces of whatever size", () => {
    assert(
      fc.property(streams, fc.array(fc.integer({ min: 1, max: 60 })), (texts, pieces) => {
        const read: string[] = [];
        const reader = new ReplyReader((reply) => read.push(textOf(reply)), NOTHING_ELSE);
        const bytes = bytesOf(texts.join(""));
        let at = 0;
        for (const piece of [...pieces, bytes.length]) {
          reader.take(bytes.slice(at, at + piece));
          at += piece;
        }
        expect(read).toEqual(texts);
      }),
    );
  });

  test("keeps bodies when the memory that they came in is written again", () => {
    const replies: Reply[] = [];
    const reader = new ReplyReader((reply) => replies.push(reply), NOTHING_ELSE);
    const bytes = bytesOf("RESERVED 1 5\r\nhello\r\n");
    reader.take(bytes);
    bytes.fill(0);
    expect(replies.map(textOf)).toEqual(["RESERVED 1 5\r\nhello\r\n"]);
  });

  test("may bring long bodies in many pieces", () => {
    const body = "0123456789abcdef".repeat(20_000);
    const text = `OK ${body.length}\r\n${body}\r\nDELETED\r\n`;
    for (const piece of [7001, 65_536, text.length]) {
      expect(repliesIn(text, piece).map(textOf).join("")).toBe(text);
    }
  });
});

describe("an announced body", () => {
  test("takes memory as its bytes arrive", () => {
    // With memory for all that is announced this would end with a RangeError.
    expect(repliesIn(`OK ${LARGEST}\r\nonly this`)).toEqual([]);
  });

  test("may be as long as whoever reads says, and no longer", () => {
    const lengths: number[] = [];
    const reader = new ReplyReader(({ body }) => lengths.push(body.length), 5);
    reader.take(bytesOf("OK 5\r\nhello\r\n"));
    expect(() => reader.take(bytesOf("DELETED\r\nRESERVED 12 6\r\n"))).toThrow(
      expect.objectContaining({
        constructor: ReplyTooBigError,
        code: "HM_REPLY_TOO_BIG",
        message: 'the server announced "RESERVED 12 6": at most 5 bytes are taken',
      }),
    );
    expect(lengths).toEqual([5, 0]);
  });
});

describe("what is no reply is refused:", () => {
  test.each([
    ["an empty line", "\r\n"],
    ["a word of another protocol", "HTTP/1.1 400 Bad Request\r\n"],
    ["a word in small letters", "deleted\r\n"],
    ["a word and more", "DELETED 5\r\n"],
    ["a word with a space behind it", "DELETED \r\n"],
    ["too few words", "RESERVED 5\r\n"],
    ["too many words", "INSERTED 5 READY 6 7\r\n"],
    ["two spaces", "INSERTED  5\r\n"],
    ["a number that is none", "INSERTED five\r\n"],
    ["a sign", "KICKED -1\r\n"],
    ["a number past 2^53 - 1", `INSERTED ${LARGEST + 1}\r\n`],
    ["a number without digits", "OK \r\n"],
    ["a control byte", "USING a\tb\r\n"],
    ["a byte that is no ASCII", "USING a\u00e9\r\n"],
    ["a name that is too long", `USING ${"n".repeat(201)}\r\n`],
    ["an LF without a CR", "DELETED\n"],
    ["an LF with another byte before it", "DELETEDX\n"],
    ["an LF alone", "\n"],
    ["a CR within a line", "DELETED\r\r\n"],
    ["a body that is longer than announced", "OK 2\r\nabc\r\n"],
    ["a body that is ended by an LF", "OK 2\r\nab\n"],
    ["a body that is ended by a CR and more", "OK 2\r\nab\rX"],
    ["a line without an end", "X".repeat(300)],
    ["a line that is too long, though it ends", `${"X".repeat(300)}\r\n`],
  ])("%s", (_, text) => {
    for (let piece = 1; piece <= text.length; piece++) {
      const read = (): unknown => repliesIn(`KICKED\r\n${text}`, piece);
      expect(read).toThrow(BadReplyError);
      expect(read).toThrow(expect.objectContaining({ code: "HM_BAD_REPLY" }));
    }
  });

  test("and what came before it has been handed on", () => {
    const read: string[] = [];
    const reader = new ReplyReader(({ line }) => read.push(line), NOTHING_ELSE);
    const bytes = bytesOf("KICKED\r\nBURIED 7\r\nnonsense\r\nKICKED\r\n");
    expect(() => reader.take(bytes)).toThrow('the server sent "nonsense", which is no reply');
    expect(read).toEqual(["KICKED", "BURIED 7"]);
  });

  test("bytes without any order", () => {
    assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
        const read: Reply[] = [];
        const reader = new ReplyReader((reply) => read.push(reply), NOTHING_ELSE);
        try {
          reader.take(Uint8Array.of(...bytes, 13, 10));
        } catch (error) {
          expect(error).toBeInstanceOf(BadReplyError);
          return;
        }
        expect.unreachable(`${bytes.join()} was taken for a reply`);
      }),
    );
  });
});

describe("the longest line", () => {
  test("of every form can be read, and one byte more of it cannot", () => {
    const longest = `USING ${"n".repeat(200)}`;
    expect(repliesIn(`${longest}\r\n`, 1).map(({ line }) => line)).toEqual([longest]);
    expect(() => repliesIn(`${longest}n\r\n`)).toThrow(BadReplyError);
  });
});

describe("lines that come unasked", () => {
  const OTHER: ReplyRow = { form: "OVER <id> <end> <bytes>", isPush: true };

  test("are told by their first word, once the table has them", () => {
    const tube = "t".repeat(200);
    const lines = [
      "INSERTED 4",
      `JOB ${LARGEST} ${LARGEST} ${tube} 2`,
      "LOST 7",
      "OVER 7 finished 0",
      "DELETED",
    ];
    const text = lines.map((line) => `${line}\r\n`).join("");
    const sent = text.replace(`${tube} 2\r\n`, "$&hi\r\n").replace("finished 0\r\n", "$&\r\n");
    for (let piece = 1; piece <= sent.length; piece++) {
      const read = repliesIn(sent, piece, [...REPLIES, OTHER]);
      expect(read.map(({ line }) => line)).toEqual(lines);
      expect(read.map(({ isPush }) => isPush)).toEqual([false, true, true, true, false]);
      expect(read.map(({ body }) => latin1(body))).toEqual(["", "hi", "", "", ""]);
    }
  });

  test("are no replies as long as it has not", () => {
    expect(() => repliesIn("OVER 7 finished 0\r\n\r\n")).toThrow(BadReplyError);
  });
});

describe("the table", () => {
  test("has no two forms that a line could be both of", () => {
    const kinds = REPLIES.map(({ form }) => `${form.split(" ")[0]} ${form.split(" ").length}`);
    expect(new Set(kinds).size).toBe(kinds.length);
  });
});

describe("the framing alone", () => {
  test("tells of a line when it ends, and hands on the body in the pieces in which it came", () => {
    const told: string[] = [];
    const framing = new ReplyFraming({
      line: ({ line, bodyBytes }) => told.push(`${line} +${bodyBytes}`),
      body: (piece) => told.push(latin1(piece)),
      end: () => told.push("."),
    });
    for (const text of ["FOUND 7 5\r\nhe", "ll", "o\r", "\nDELETED\r\nOK 0\r\n\r\n"]) {
      framing.take(bytesOf(text));
    }
    expect(told).toEqual([
      "FOUND 7 5 +5",
      "he",
      "ll",
      "o",
      ".",
      "DELETED +undefined",
      ".",
      "OK 0 +0",
      ".",
    ]);
  });
});
