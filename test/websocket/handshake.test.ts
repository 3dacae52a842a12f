/* Who is let in, and what the others are told. */
import { describe, expect, test } from "vitest";
import { upgradeRequest } from "./frames.ts";
import { Guest } from "./guest.ts";

/** What a connection that says this is told; "" if nothing yet. */
function told(request: string, guest = new Guest()): { first: string; isClosed: boolean } {
  guest.say(Buffer.from(request, "latin1"));
  const [first = ""] = guest.takeText().split("\r\n");
  return { first, isClosed: guest.isClosed };
}

const ASKED = upgradeRequest();
const IN = { first: "HTTP/1.1 101 Switching Protocols", isClosed: false };
const BAD = { first: "HTTP/1.1 400 Bad Request", isClosed: true };
const UPGRADE = { first: "HTTP/1.1 426 Upgrade Required", isClosed: true };
const FORBIDDEN = { first: "HTTP/1.1 403 Forbidden", isClosed: true };

test("the answer has what RFC 6455 computes from its example key", () => {
  const guest = new Guest();
  guest.say(Buffer.from(ASKED));
  expect(guest.takeText()).toBe(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
  );
});

test("a request may come byte by byte, with its first frames behind it", () => {
  const guest = new Guest();
  const frame = Buffer.from("\x89\x80\0\0\0\0", "latin1");
  const bytes = Buffer.concat([Buffer.from(ASKED), frame]);
  guest.say(bytes, ...Array.from(bytes, () => 1));
  expect(guest.takeText()).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\n\x8a\0$/);
  const other = new Guest();
  other.say(bytes);
  expect(other.takeText()).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\n\x8a\0$/);
});

test("the letters of names and words may be large or small, and lists have other words too", () => {
  const shouted = ASKED.replace("Upgrade: websocket", "UPGRADE: h2c, WebSocket")
    .replace("Connection: keep-alive, Upgrade", "connection:UPGRADE")
    .replace("Host:", "hOST:");
  expect(told(shouted)).toEqual(IN);
});

test("blanks around a value and in it mean nothing, however many", () => {
  const blanks = " ".repeat(7000);
  expect(told(upgradeRequest(`X:${blanks}a${blanks}b`))).toEqual(IN);
  expect(told(ASKED.replace("Host: ", "Host:\t ").replace("Version: 13", "Version:13 "))).toEqual(
    IN,
  );
});

describe("what is no request for a WebSocket", () => {
  test.each([
    ["another protocol", "put 0 0 60 5\r\n", BAD],
    ["a line that is no request", ASKED.replace("GET / HTTP/1.1", "GET /"), BAD],
    ["HTTP/1.0", ASKED.replace("HTTP/1.1", "HTTP/1.0"), BAD],
    ["a line that is no header", ASKED.replace("Host: ", "Host "), BAD],
    ["a folded line", ASKED.replace("Host:", "X: 1\r\n 2\r\nHost:"), BAD],
    ["a control character in a header", upgradeRequest("X: a\0b"), BAD],
    ["a bare line feed in a header", upgradeRequest("X: a\nOrigin: https://app.example.org"), BAD],
    ["many blanks before a bare line feed", upgradeRequest(`X:${" ".repeat(15_000)}\n`), BAD],
    ["no Host", ASKED.replace(/Host: .*\r\n/, ""), BAD],
    ["two Hosts", upgradeRequest("Host: other"), BAD],
    ["a Host that is none", ASKED.replace("127.0.0.1:11302", "http://x/y"), BAD],
    ["no Connection: Upgrade", ASKED.replace("keep-alive, Upgrade", "keep-alive"), BAD],
    ["no key", ASKED.replace(/Sec-WebSocket-Key: .*\r\n/, ""), BAD],
    ["two keys", upgradeRequest("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), BAD],
    ["a key of 15 bytes", ASKED.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j"), BAD],
    ["a plain request of HTTP", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", UPGRADE],
    ["another method", ASKED.replace("GET", "POST"), UPGRADE],
    ["another version", ASKED.replace("Version: 13", "Version: 8"), UPGRADE],
    ["a head without an end", `GET / HTTP/1.1\r\nX: ${"x".repeat(17_000)}`, BAD],
    ["an end that comes too late", upgradeRequest(`X: ${"x".repeat(17_000)}`), BAD],
  ] as const)("%s is told so", (_, request, answer) => {
    const guest = new Guest();
    expect(told(request, guest)).toEqual(answer);
    expect({ session: guest.session, told: guest.told }).toEqual({ session: undefined, told: [] });
  });

  test("somebody with a version that is not known hears of the one that is", () => {
    const guest = new Guest();
    guest.say(Buffer.from(ASKED.replace("Version: 13", "Version: 8")));
    expect(guest.takeText()).toContain("\r\nSec-WebSocket-Version: 13\r\n");
  });

  test("a long head in small pieces is refused when it is too long, not later", () => {
    const guest = new Guest();
    guest.say(Buffer.from("GET / HTTP/1.1\r\n"));
    for (let piece = 0; piece < 15; piece++) {
      guest.say(Buffer.from(`X: ${"x".repeat(1020)}\r\n`));
      expect(guest.isClosed).toBe(false);
    }
    guest.say(Buffer.from(`X: ${"x".repeat(1020)}\r\n`));
    expect(guest.takeText()).toContain("the request is too long");
    expect(guest.isClosed).toBe(true);
  });
});

describe("pages", () => {
  test.each([
    ["that were named may come in", [], "https://app.example.org", IN],
    ["that were named in other letters may", [], "HTTPS://APP.example.org", IN],
    ["of another port may not", [], "https://app.example.org:8443", FORBIDDEN],
    ["of another scheme may not", [], "http://app.example.org", FORBIDDEN],
    [
      "that say the server's own name may not: that proves nothing",
      [],
      "http://127.0.0.1:11302",
      FORBIDDEN,
    ],
    ["without an origin of their own may not", [], "null", FORBIDDEN],
    ["may all come in where the operator says so", ["*"], "http://anywhere.example", IN],
  ] as const)("%s", (_, origins, origin, answer) => {
    const guest = new Guest(origins.length > 0 ? { options: { wsOrigins: origins } } : {});
    expect(told(upgradeRequest(`Origin: ${origin}`), guest)).toEqual(answer);
  });

  test("that say two origins may not", () => {
    const named = "Origin: https://app.example.org";
    expect(told(upgradeRequest(named, named))).toEqual(FORBIDDEN);
  });
});

test("no extension is agreed on, and no protocol but the one that there is", () => {
  const guest = new Guest();
  guest.say(
    Buffer.from(
      upgradeRequest(
        "Sec-WebSocket-Extensions: permessage-deflate",
        "Sec-WebSocket-Protocol: mqtt",
      ),
    ),
  );
  expect(guest.takeText()).not.toMatch(/extensions|protocol:/i);
  const other = new Guest();
  other.say(Buffer.from(upgradeRequest("Sec-WebSocket-Protocol: mqtt, homemaker")));
  expect(other.takeText()).toContain("\r\nSec-WebSocket-Protocol: homemaker\r\n");
});

describe("where the server asks for tokens, somebody", () => {
  const knows = (token: string): boolean => token === "hm_x";
  const UNAUTHORIZED = 401;
  const greeting = (guest: Guest, ...headers: readonly string[]): number => {
    guest.say(Buffer.from(upgradeRequest(...headers)));
    return Number(guest.takeText().slice("HTTP/1.1 ".length).slice(0, 3));
  };

  test("who brings the right one comes in with it", () => {
    const guest = new Guest({ knows });
    expect(greeting(guest, "Authorization: Bearer hm_x")).toBe(101);
    expect(guest.shown).toBe("hm_x");
  });

  test("who brings none comes in without, and may show one later", () => {
    const guest = new Guest({ knows });
    expect(greeting(guest)).toBe(101);
    expect(guest.shown).toBeUndefined();
  });

  test.each([
    ["a wrong one", ["Authorization: Bearer hm_y"]],
    ["none behind the word", ["Authorization: Bearer "]],
    ["another word before it", ["Authorization: Basic hm_x"]],
    ["more behind it", ["Authorization: Bearer hm_x hm_x"]],
    ["two", ["Authorization: Bearer hm_x", "Authorization: Bearer hm_x"]],
    ["bytes that are no text", ["Authorization: Bearer \x80\xff"]],
  ])("who brings %s does not", (_, headers) => {
    const guest = new Guest({ knows });
    expect(greeting(guest, ...headers)).toBe(UNAUTHORIZED);
    expect(guest.session).toBeUndefined();
    expect(guest.isClosed).toBe(true);
  });
});

test("where the server asks for no tokens, nobody looks at one", () => {
  const guest = Guest.welcome({}, "Authorization: Basic anything");
  expect(guest.told).toEqual([]);
});
