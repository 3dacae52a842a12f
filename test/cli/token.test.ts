/* `homemaker token`: what it prints is a token, and the line by which a server knows it. */
import { expect, test } from "vitest";
import { makeToken } from "../../src/cli/token.ts";
import { bookOf } from "../support/token-book.ts";
import { recorder } from "./recorder.ts";

test("a token is printed, and the line by which a server knows it", () => {
  const { runtime, printed } = recorder();
  const command = { kind: "token", name: "mailer", rights: ["put:mail.*", "look:*"] } as const;
  expect(makeToken(command, runtime)).toBe(0);
  expect(makeToken(command, runtime)).toBe(0);
  const [token = "", line = "", other = ""] = printed;
  expect(token).toMatch(/^hm_[A-Za-z0-9_-]{43}$/);
  expect(other).not.toBe(token);
  expect(line).toMatch(/^mailer sha256:[0-9a-f]{64} put:mail\.\* look:\*$/);
  expect(line).not.toContain(token);
  const bearer = bookOf(line).stranger();
  expect(bearer.show(Buffer.from(other))).toBe(false);
  expect(bearer.show(Buffer.from(token))).toBe(true);
  expect(bearer.grant?.has(["put"], "mail.a")).toBe(true);
  expect(bearer.grant?.has(["put"], "a")).toBe(false);
});
