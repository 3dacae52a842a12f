import { describe, expect, it } from "vitest";
import { formatListenAddress, parseListenAddress } from "../../src/config/listen-address.ts";

describe("a listen address", () => {
  it.each([
    ["127.0.0.1", { kind: "tcp", host: "127.0.0.1" }],
    ["127.0.0.1:11400", { kind: "tcp", host: "127.0.0.1", port: 11400 }],
    ["localhost:0", { kind: "tcp", host: "localhost", port: 0 }],
    ["queue-1.example", { kind: "tcp", host: "queue-1.example" }],
    ["::", { kind: "tcp", host: "::" }],
    ["::1", { kind: "tcp", host: "::1" }],
    ["fe80::1%eth0", { kind: "tcp", host: "fe80::1%eth0" }],
    ["::ffff:127.0.0.1", { kind: "tcp", host: "::ffff:127.0.0.1" }],
    ["[::1]", { kind: "tcp", host: "::1" }],
    ["[::1]:65535", { kind: "tcp", host: "::1", port: 65535 }],
    ["unix:/run/homemaker.sock", { kind: "unix", path: "/run/homemaker.sock" }],
    ["unix:a b:c", { kind: "unix", path: "a b:c" }],
    ["ws://127.0.0.1:11302", { kind: "ws", host: "127.0.0.1", port: 11302 }],
    ["ws://[::1]:0/", { kind: "ws", host: "::1", port: 0 }],
  ])("may be %s", (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  it.each([
    "",
    " ",
    ":11300",
    "localhost:",
    "localhost:65536",
    "localhost:123456",
    "localhost:x",
    "localhost:-1",
    "a b",
    "[::1",
    "::1]",
    "[]",
    "[::1]x",
    "tcp://10.0.0.1:11300",
    "http://localhost",
    "unix:",
    "unix:/a\0b",
    "ws://",
    "ws://localhost",
    "ws://localhost:11302/queue",
    "wss://localhost",
    "tls://localhost",
    "tls://localhost:11301/",
    `unix:/${"x".repeat(107)}`,
  ])("may not be %j", (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  });

  it.each(["127.0.0.1", "localhost:11400", "[::1]:11300", "unix:/run/a.sock", "ws://[::1]:1"])(
    "is written as it was read: %s",
    (text) => {
      const address = parseListenAddress(text);
      expect(address && formatListenAddress(address)).toBe(text);
    },
  );

  it("is a Unix path of at most 107 bytes, counted in UTF-8", () => {
    expect(parseListenAddress(`unix:${"é".repeat(53)}`)).toBeDefined();
    expect(parseListenAddress(`unix:${"é".repeat(54)}`)).toBeUndefined();
  });
});
