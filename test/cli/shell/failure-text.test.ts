import { expect, it } from "vitest";
import { failureFields, failureLines } from "../../../src/cli/shell/failure-text.ts";
import { encodeFailure } from "../../../src/worker/serialized-error.ts";

const TEXT = new TextDecoder();
const FACTS = { attempt: 2, at: 1_700_000_000.123456, who: "10.0.0.7:51200", end: "timed-out" };

it("a failure is a line, and what was said stands below it", () => {
  const head = "2023-11-14T22:13:20.123Z  attempt 2  out of time  10.0.0.7:51200";
  expect(failureLines(FACTS)).toEqual([head]);
  expect(failureLines({ ...FACTS, message: "a\n\tb" })).toEqual([head, "    a", "    \tb"]);
  expect(failureLines({ ...FACTS, who: "" })).toEqual([head.slice(0, -"  10.0.0.7:51200".length)]);
});

it("an error that a worker of the library left is laid out, and only for people", () => {
  const cause = { name: "Error", message: "gone \x1b[2J", code: "E_GONE" };
  const error = { name: "TypeError", message: "no", stack: "TypeError: no\n    at run (a.js:1:2)" };
  const message = TEXT.decode(encodeFailure({ ...error, cause }));
  expect(failureLines({ ...FACTS, message }).slice(1)).toEqual([
    "    TypeError: no",
    "        at run (a.js:1:2)",
    "    Caused by: Error: gone \\x1b[2J",
    "        code: E_GONE",
  ]);
  expect(failureFields({ ...FACTS, message })["message"]).toBe(message);
});

it("bytes that are no text are shown as far as they are", () => {
  const base64 = Buffer.from("\xff\x1b[2J ok", "latin1").toString("base64");
  expect(failureLines({ ...FACTS, "message-base64": base64 })[1]).toBe("    \uFFFD\\x1b[2J ok");
  expect(failureFields({ ...FACTS, "message-base64": base64 })).toEqual({
    ...FACTS,
    messageBase64: base64,
  });
});

it("what a strange server answers tells a screen nothing", () => {
  expect(failureLines({ attempt: "\x1b", at: "\x07", who: "\x9b", end: "\x00" })).toEqual([
    "\\x07  attempt \\x1b  \\x00  \\x9b",
  ]);
});
