/* A copied line does in a shell what it says and nothing else, whatever the body is. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { copyCommands, queueAddress } from "../../src/dashboard/copy-commands.ts";
import type { QueueAddress } from "../../src/http/api.ts";
import type { JobAnswer } from "../../src/http/api-jobs.ts";

function jobOf(body: Uint8Array, tube = "mail"): JobAnswer {
  return {
    id: 17,
    tube,
    state: "buried",
    pri: 5,
    putAt: 0,
    ageSeconds: 1,
    delaySeconds: 2,
    ttrSeconds: 60,
    leftSeconds: 0,
    heldSeconds: 0,
    bytes: body.length,
    reserves: 1,
    timeouts: 0,
    releases: 0,
    buries: 1,
    kicks: 0,
    holder: null,
    failureCount: 0,
    progress: null,
    failures: [],
    isCancelled: false,
    tags: [],
    body: { base64: "", isWhole: true },
  };
}

const USUAL: QueueAddress = { kind: "tcp", host: "127.0.0.1", port: 11300 };

function lineOf(label: string, body: Uint8Array, tube?: string, address = USUAL): string {
  const commands = copyCommands(jobOf(body, tube), body, address);
  return commands.find((one) => one.label === label)?.line ?? "";
}

/** What the part of the line before its pipe prints, in the shell of the system. */
function printed(line: string): Buffer {
  return execFileSync("/bin/sh", ["-c", line.slice(0, line.lastIndexOf(" | "))]);
}

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, index) => index);
const HOSTILE = [
  EVERY_BYTE,
  Buffer.from("'; touch /tmp/owned; echo '"),
  Buffer.from("$(id) `id` %s %n \\n !! \n rm -rf ~\r\n"),
  Buffer.from("-n 123\\101"),
  Buffer.from(""),
];

test("the shell prints exactly the bytes of the body", () => {
  for (const body of HOSTILE) {
    expect(printed(lineOf("Copy put command", body))).toEqual(Buffer.from(body));
  }
});

test("no line has a line feed or a control character", () => {
  for (const body of HOSTILE) {
    for (const { line } of copyCommands(jobOf(body), body, USUAL))
      expect(line).toMatch(/^[\x20-\x7e]+$/);
  }
});

test("the line for the protocol is what a client would send", () => {
  const line = lineOf("Copy put in the protocol", EVERY_BYTE);
  const expected = [
    Buffer.from("use mail\r\nput 5 2 60 256\r\n"),
    EVERY_BYTE,
    Buffer.from("\r\nquit\r\n"),
  ];
  expect(printed(line)).toEqual(Buffer.concat(expected));
});

test("a tube's name with signs of the shell is quoted", () => {
  const line = lineOf("Copy put command", Buffer.from("x"), "a;b$(c)");
  expect(line).toContain("homemaker put 'a;b$(c)' --pri 5 --delay 2 --ttr 60");
});

test("a body that is not whole is read from the server again", () => {
  const job = { ...jobOf(EVERY_BYTE), body: { base64: "", isWhole: false } };
  expect(copyCommands(job, EVERY_BYTE, USUAL)[0]?.line).toBe(
    "homemaker peek 17 | homemaker put mail --pri 5 --delay 2 --ttr 60",
  );
});

test("every line means the server that the page is of", () => {
  const body = Buffer.from("x");
  const kick = (address: QueueAddress): string =>
    lineOf("Copy kick command", body, "mail", address);
  const wire = (address: QueueAddress): string =>
    lineOf("Copy put in the protocol", body, "mail", address).split(" | ")[1] ?? "";
  const six: QueueAddress = { kind: "tcp", host: "::1", port: 11400 };
  const path: QueueAddress = { kind: "unix", path: "/run/my queue.sock" };
  expect(kick(USUAL)).toBe("homemaker kick-job 17");
  expect(wire(USUAL)).toBe("nc 127.0.0.1 11300");
  expect(kick(six)).toBe("homemaker kick-job 17 -a '[::1]:11400'");
  expect(wire(six)).toBe("nc ::1 11400");
  expect(kick(path)).toBe("homemaker kick-job 17 -a 'unix:/run/my queue.sock'");
  expect(wire(path)).toBe("nc -U '/run/my queue.sock'");
});

test("a server whose address is of a kind that nc does not know is meant by the shell's commands", () => {
  const other: QueueAddress = { kind: "other", words: "pigeon:loft 3" };
  const commands = copyCommands(jobOf(EVERY_BYTE), EVERY_BYTE, queueAddress([other], "a.example"));
  expect(commands.map(({ label }) => label)).not.toContain("Copy put in the protocol");
  expect(commands.at(-1)?.line).toBe("homemaker delete 17 -a 'pigeon:loft 3'");
});

test("a server that listens everywhere is reached where its page was", () => {
  const path: QueueAddress = { kind: "unix", path: "/run/hm.sock" };
  const everywhere: QueueAddress = { kind: "tcp", host: "0.0.0.0", port: 11400 };
  expect(queueAddress([path, everywhere], "queue.example.net")).toEqual({
    kind: "tcp",
    host: "queue.example.net",
    port: 11400,
  });
  expect(queueAddress([{ ...everywhere, host: "::" }], "[::1]")).toMatchObject({ host: "::1" });
  expect(queueAddress([path], "queue.example.net")).toEqual(path);
  expect(queueAddress([], "queue.example.net")).toEqual(USUAL);
});
