/* Where a server may send a client, by the words of both addresses. */
import { describe, expect, test } from "vitest";
import { maySend } from "../../src/client/reach.ts";

const HERE = [
  "unix:/run/homemaker.sock",
  "127.0.0.1:11300",
  "127.9.8.7:11300",
  "127.1:11300",
  "0x7f000001:11300",
  "2130706433:11300",
  "0.0.0.0:11300",
  "localhost:11300",
  "LOCALHOST.:11300",
  "queue.localhost:11300",
  "[::1]:11300",
  "[0:0:0:0:0:0:0:1]:11300",
  "[::1%lo]:11300",
  "[::]:11300",
  "[::ffff:127.0.0.1]:11300",
  "[::ffff:0.0.0.0]:11300",
  "ws://127.0.0.1:11302",
];
const ELSEWHERE = [
  "queue-b:11300",
  "10.0.0.7:11300",
  "128.0.0.1:11300",
  "localhost.example.org:11300",
  "127.example.org:11300",
  "[2001:db8::1]:11300",
  "[fe80::7f00:1%eth0]:11300",
  "[::ffff:10.0.0.7]:11300",
  "ws://queue-b:11302/",
];
const ENCRYPTED = ["tls://queue-b:11301", "TLS://10.0.0.7:11301", "wss://queue-b:11303/"];
const ENCRYPTED_HERE = ["tls://127.0.0.1:11301", "wss://[::1]:11303"];

/** The pairs that may be, each by its two addresses. */
function sent(from: readonly string[], to: readonly string[], hasToken: boolean): unknown {
  const ways = from.flatMap((one) => to.map((other) => [one, other] as const));
  const allowed = ways.filter(([one, other]) => maySend(one, other, hasToken));
  if (allowed.length === 0) return "none";
  return allowed.length === ways.length ? "all" : allowed;
}

describe.each([
  ["with a token", true],
  ["without a token", false],
])("%s", (_, hasToken) => {
  test("a client goes to its own machine from nowhere else", () => {
    const places = [...HERE, ...ENCRYPTED_HERE];
    expect(sent(ELSEWHERE, places, hasToken)).toBe("none");
    expect(sent(ENCRYPTED, places, hasToken)).toBe("none");
    expect(sent(HERE, places, hasToken)).toBe("all");
  });

  test("it goes from TLS to TLS alone", () => {
    expect(sent([...ENCRYPTED, ...ENCRYPTED_HERE], ELSEWHERE, hasToken)).toBe("none");
    expect(sent(ENCRYPTED_HERE, HERE, hasToken)).toBe("none");
    expect(sent([...ENCRYPTED, ...ENCRYPTED_HERE], ENCRYPTED, hasToken)).toBe("all");
  });

  test("it goes from other machines to others, and from everywhere by TLS", () => {
    expect(sent(ELSEWHERE, ELSEWHERE, hasToken)).toBe("all");
    expect(sent([...ELSEWHERE, ...HERE], ENCRYPTED, hasToken)).toBe("all");
  });

  test("it goes from its own machine to another one in the clear if nothing is secret", () => {
    expect(sent(HERE, ELSEWHERE, hasToken)).toBe(hasToken ? "none" : "all");
  });

  test("it goes nowhere that is no address, nor from there", () => {
    const none = ["in this process", "", "a:99999", "1.2.3.4.5:1"];
    expect(sent(none, [...HERE, ...ELSEWHERE, ...ENCRYPTED, ...none], hasToken)).toBe("none");
    expect(sent([...HERE, ...ELSEWHERE, ...ENCRYPTED], none, hasToken)).toBe("none");
  });
});
