/*
 * What failure messages are told apart by: the line of the exception, in whatever language, without
 * what differs from one job to the next.
 */
import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { fingerprintOf, groupKey } from "../../src/http/fingerprint.ts";
import { withoutVariableParts } from "../../src/http/variable-parts.ts";
import { propertiesOf } from "../support/properties.ts";
import { TRACES } from "./traces.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");
const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");
const commonOf = (text: string): string => fingerprintOf(bytes(text)).common;
const headlineOf = (text: string): string =>
  Buffer.from(fingerprintOf(bytes(text)).headline).toString();

describe.each(TRACES)("a failure of $name", ({ say, headline }) => {
  it("has the exception as its headline", () => {
    expect(headlineOf(say("PaymentError", "card declined"))).toBe(
      headline("PaymentError", "card declined"),
    );
  });

  it("is of the group of the same exception, elsewhere and with other values", () => {
    const one = say("PaymentError", "charge ch_8fK2x of ada@example.com failed after 250ms", 4);
    const other = say("PaymentError", "charge ch_0a7Pq of bob@mail.org failed after 1.2s", 4711);
    expect(commonOf(one)).toBe(commonOf(other));
  });

  it("is of another group than another exception, and than another message", () => {
    const common = commonOf(say("PaymentError", "card declined"));
    expect(commonOf(say("TimeoutError", "card declined"))).not.toBe(common);
    expect(commonOf(say("PaymentError", "card expired"))).not.toBe(common);
  });

  it("is told from others when its trace is as long as a message may be", () => {
    const long = (message: string): string => {
      const text = say("PaymentError", message).trimEnd();
      const lines = text.split("\n");
      if (lines.length < 3) return text;
      const frame = lines.length - (/PaymentError/.test(lines.at(-1) ?? "") ? 2 : 1);
      const middle = `${lines[frame] ?? ""}\n`.repeat(60_000 / (lines[frame]?.length ?? 1));
      return [
        ...lines.slice(0, frame),
        middle + (lines[frame] ?? ""),
        ...lines.slice(frame + 1),
      ].join("\n");
    };
    expect(commonOf(long("card declined"))).not.toBe(commonOf(long("card expired")));
  });
});

describe("messages are of one group", () => {
  it.each([
    ["connect ETIMEDOUT 10.0.3.17:5432", "connect ETIMEDOUT 192.168.100.1:80"],
    ["connect ETIMEDOUT 10.0.3.17", "connect ETIMEDOUT 2001:db8::17"],
    ["order 9 of 10 failed", "order 12345 of 100000 failed"],
    ["job 6fa459ea-ee8a-3ca4-894e-db77e160355e", "job 16fd2706-8baf-433b-82da-8c7fada847da"],
    ["at 0xdeadBEEF", "at 0x7f"],
    ["worker7", "worker12"],
    ["deadbeef-dead-beef-dead-beefdeadbeef!", "6fa459ea-ee8a-3ca4-894e-db77e160355e!"],
    [
      "commit 4d967a30111bf29f0eba01c448b375c1629b2fed",
      "commit 0000000000000000000000000000000000000001",
    ],
    ["commit 4d967a3 is gone", "commit 00bf29f is gone"],
    ["user 01HQ3XK5ZJ8W4Y7N2M9P6R1T0V", "user 7ZZZZZZZZZ5ZZZZZZZZZZZZZZZ"],
    ["HTTP 404 for order 17", "HTTP 404 for order 9042"],
    ["code 120458 is wrong", "code 8871 is wrong"],
    ["order A17 is gone", "order B9042 is gone"],
    ["order a1b2 is gone", "order x9z8 is gone"],
    ["customer cus_Nx8aK2 is gone", "customer cus_0pQ4zz7 is gone"],
    ["no mail for ada@example.com", "no mail for bob.b+news@mail.example.org"],
    ["no mail for <ada@example.com>", "no mail for <bob@localhost>"],
    ["cannot open /srv/a/1.png", "cannot open /var/lib/files/photo.jpeg"],
    ["cannot open /srv/a/1.png: no such file", "cannot open ~/b: no such file"],
    ["cannot open uploads/ada/photo.png", "cannot open uploads/bob/pets/cat.png"],
    ["cannot open C:\\files\\a.txt", "cannot open D:\\b.txt"],
    ["cannot read 'name'", "cannot read 'size of it'"],
    ['cannot read "name"', 'cannot read "it\'s"'],
    ["cannot read `name`", "cannot read `size`"],
    ["undefined method `foo' for nil", "undefined method `bar' for nil"],
    ["cannot read “name”", "cannot read “größe”"],
    ["KeyError: b'a'", "KeyError: b'\\x00b'"],
    ["Key (email)=(a@b.co) already exists.", "Key (email)=(somebody) already exists."],
    ["GET https://api.example.com/v1/users/17 failed", "GET https://api.example.com/a?b=c failed"],
    ["it is 2024-01-02T03:04:05.678Z now", "it is 2023-11-12 13:14:15 +0200 now"],
    ["since Tue, 02 Jan 2024 03:04:05 GMT", "since Mon, 11 Dec 2023 13:14:15 GMT"],
    ["gave up after 1m30s", "gave up after 250ms"],
    ["gave up after 1 second", "gave up after 30 seconds"],
    ["10MB are too much", "1.5 GiB are too much"],
    ["ids [1, 2, 3] are gone", "ids [17, 4] are gone"],
    ["com.example.Job@1a2b3c is gone", "com.example.Job@77aa00 is gone"],
    [
      `${"x".repeat(400)} 1 ${"y".repeat(14_000)}`,
      `${"x".repeat(400)} 123456789 ${"y".repeat(14_000)}`,
    ],
    ['{"error":"order 7 is gone","at":1}', '{"at":2,"error":"order 12 is gone"}'],
    ['"order 7 is gone"', '"order 12 is gone"'],
  ])("%s", (one, other) => {
    expect(commonOf(one)).toBe(commonOf(other));
  });
});

describe("messages are of two groups", () => {
  it.each([
    ["connect ETIMEDOUT 10.0.0.1", "connect ECONNREFUSED 10.0.0.1"],
    ["no such user", "no such User"],
    ["HTTP 404 from upstream", "HTTP 500 from upstream"],
    ["Request failed with status code 404", "Request failed with status code 503"],
    ["exit code 1", "exit code 137"],
    ["[Errno 2] no file", "[Errno 13] no file"],
    ["x", "x y"],
    ["defaced", "effaced"],
    ["twelve-letters", "eleven-letters"],
    ["GET https://api.stripe.com/v1 failed", "GET https://api.github.com/v1 failed"],
    ["text/html is refused", "text/plain is refused"],
    ["App\\Mail\\Refused: no", "App\\Sms\\Refused: no"],
    ["Base64Error: no", "X509Error: no"],
    ["Http2SessionException: no", "Log4jConfigurationException: no"],
    ["can't write, won't read", "can't write, won't wait"],
    ["don't know", "don't care"],
    ["'the disk is full'", "'no route to host'"],
    ['{"error":"timeout"}', '{"error":"denied"}'],
    ['{"error":{"code":"E_TIME"}}', '{"error":{"code":"E_DENIED"}}'],
    ['{"status":"timeout"}', '{"status":"denied"}'],
    ['[{"message":"timeout"}]', '[{"message":"denied"}]'],
    ['the API said {"error":"timeout"}', 'the API said {"error":"denied"}'],
    ["backup failed\nno space left", "backup failed\nno route to host"],
    [`${"log line\n".repeat(7000)}no space left`, `${"log line\n".repeat(7000)}no route to host`],
    [
      `no space left\n${"log line\n".repeat(7000)}`,
      `no route to host\n${"log line\n".repeat(7000)}`,
    ],
  ])("%s", (one, other) => {
    expect(commonOf(one)).not.toBe(commonOf(other));
  });

  it("when they differ in bytes that are no text", () => {
    expect(fingerprintOf(latin1("\xff")).common).not.toBe(fingerprintOf(latin1("\xfe")).common);
  });

  it("when they are of two tubes", () => {
    expect(groupKey("mail", commonOf("x"))).not.toBe(groupKey("post", commonOf("x")));
  });
});

it("a headline keeps all bytes of its letters, and is cut where it is too long", () => {
  expect(headlineOf("  \u00e0 pr\u00e9sent, voil\u00e0 \n")).toBe(
    "\u00e0 pr\u00e9sent, voil\u00e0",
  );
  expect(headlineOf(`Error: ${"e".repeat(9000)}`)).toHaveLength(512);
});

it("the key is 16 hexadecimal digits, and what it is made of short, however long the message is", () => {
  expect(groupKey("mail", "")).toMatch(/^[0-9a-f]{16}$/);
  const { common, headline } = fingerprintOf(bytes("a:b ".repeat(30_000)));
  expect([common.length, headline.length]).toEqual([2048, 512]);
});

/** What the parts consist of, and what stands between them. */
const PIECES = [
  ...Array.from("aZ09#.,:;/\\'\"`@-_=()[]{}+ %\n~|"),
  "\xff",
  "\xe2\x80\x9c",
  "12",
  "ab1",
  "::1",
  "0x1f",
  "a@b.co",
  "/a/b",
  "C:\\a",
  "https://h/p",
  "10:20:30",
  "2024-01-02",
  " Jan 2",
  "1.5s",
  '"error":"x"',
  "6fa459ea-ee8a-3ca4-894e-db77e160355e",
  "bytes",
  "\xe2\x80\x9d",
];

test("what has lost its variable parts has none left", () => {
  const text = fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }).map((all) => all.join(""));
  propertiesOf("http")(
    fc.property(text, (one) => {
      const once = withoutVariableParts(one);
      expect(withoutVariableParts(once)).toBe(once);
    }),
    { numRuns: 20_000 },
  );
});

it.each([
  ["nested quotes", "'\"`".repeat(40_000)],
  ["open quotes", "a 'b".repeat(30_000)],
  ["at signs", "a@".repeat(60_000)],
  ["dots and slashes", "../".repeat(40_000)],
  ["colons", "a:".repeat(60_000)],
  ["brackets in JSON", "[".repeat(120_000)],
  ["digits and letters", "a1".repeat(60_000)],
  ["empty lines", "\n".repeat(120_000)],
  ["lines that look like frames", "  at x\n".repeat(17_000)],
  ["lines without an end", " \t".repeat(60_000)],
  ["causes", "Caused by:\n".repeat(10_000)],
  ["a message of Rust that never ends", "panicked at '".repeat(9000)],
  ["places of Ruby", "a:1:in 'b': ".repeat(10_000)],
])("no message takes long: %s", (_, text) => {
  const message = bytes(text);
  const began = process.cpuUsage().user;
  fingerprintOf(message);
  expect((process.cpuUsage().user - began) / 1000).toBeLessThan(500);
});
