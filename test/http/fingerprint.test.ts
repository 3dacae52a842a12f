/* What failure messages have in common: the same but for numbers and ids. */
import { describe, expect, it } from "vitest";
import { commonPart, groupKey } from "../../src/http/fingerprint.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");
const key = (text: string, tube = "mail"): string => groupKey(tube, commonPart(bytes(text)));

describe("messages are of one group", () => {
  it.each([
    ["connect ETIMEDOUT 10.0.3.17:5432", "connect ETIMEDOUT 192.168.100.1:80"],
    ["order 9 of 10 failed", "order 12345 of 100000 failed"],
    ["job 6fa459ea-ee8a-3ca4-894e-db77e160355e", "job 16fd2706-8baf-433b-82da-8c7fada847da"],
    ["at 0xdeadBEEF", "at 0x7f"],
    ["worker7", "worker12"],
    ["deadbeef-dead-beef-dead-beefdeadbeef!", "6fa459ea-ee8a-3ca4-894e-db77e160355e!"],
    [
      "commit 4d967a30111bf29f0eba01c448b375c1629b2fed",
      "commit 0000000000000000000000000000000000000001",
    ],
    ["user 01HQ3XK5ZJ8W4Y7N2M9P6R1T0V", "user 7ZZZZZZZZZ5ZZZZZZZZZZZZZZZ"],
    [
      `${"x".repeat(400)} 1 ${"y".repeat(4000)}`,
      `${"x".repeat(400)} 123456789 ${"y".repeat(4000)}`,
    ],
  ])("%s", (one, other) => {
    expect(key(one)).toBe(key(other));
  });
});

describe("messages are of two groups", () => {
  it.each([
    ["connect ETIMEDOUT 10.0.0.1", "connect ECONNREFUSED 10.0.0.1"],
    ["no such user", "no such User"],
    ["cannot read 'name'", "cannot read 'size'"],
    ["\xff", "\xfe"],
    ["", " "],
    ["defaced", "effaced"],
    ["0xyz", "0xzy"],
    ["6fa459ea-ee8a-3ca4-894e-db77e160355", "16fd2706-8baf-433b-82da-8c7fada"],
    ["twelve-letters", "eleven-letters"],
  ])("%s", (one, other) => {
    expect(key(one)).not.toBe(key(other));
  });

  it("when they are of two tubes", () => {
    expect(key("x", "mail")).not.toBe(key("x", "post"));
  });
});

it("the key is 16 hexadecimal digits, and short however long the message is", () => {
  expect(key("")).toMatch(/^[0-9a-f]{16}$/);
  expect(commonPart(bytes("1a ".repeat(60_000))).length).toBe(512);
});
