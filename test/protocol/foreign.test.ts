import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/protocol/commands.ts";
import { looksLikeAnotherProtocol } from "../../src/protocol/foreign.ts";
import { bytesOf } from "./lines.ts";

/** Whether the line looks foreign when it stands between other bytes. */
function isForeign(line: string): boolean {
  const bytes = bytesOf(`ab${line}GET / `);
  return looksLikeAnotherProtocol(bytes, 2, 2 + line.length);
}

describe("another protocol", () => {
  test.each([
    "GET / HTTP/1.1",
    "HEAD / HTTP/1.0",
    "POST /jobs HTTP/1.1",
    "PUT / HTTP/1.1",
    "DELETE / HTTP/1.1",
    "CONNECT 127.0.0.1:11300 HTTP/1.1",
    "OPTIONS * HTTP/1.1",
    "TRACE / HTTP/1.1",
    "PATCH / HTTP/1.1",
    "PRI * HTTP/2.0",
    "GET ",
    "Host: 127.0.0.1:11300",
    "host: a",
    "HOST:a",
    "\x16\x03\x01\x02\x00\x01\x00",
    "\x16\x03",
  ])("is recognized in %j", (line) => {
    expect(isForeign(line)).toBe(true);
  });

  test("is not seen in any command", () => {
    for (const { verb } of COMMANDS) expect([verb, isForeign(`${verb} 1`)]).toEqual([verb, false]);
  });

  test.each([
    "",
    "G",
    "GET",
    "GETAWAY",
    "get / HTTP/1.1",
    "put 0 0 60 4",
    "STATS",
    "PRI",
    "PRIORITY",
    "Hostess",
    "host",
    "\x16",
    "\x16\x02",
    "\x03\x16\x03",
    "unknown",
  ])("is not seen in %j", (line) => {
    expect(isForeign(line)).toBe(false);
  });
});
