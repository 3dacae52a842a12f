/* A copied line does in a shell what it says and nothing else, whatever the body is. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { copyCommands } from "../../src/dashboard/copy-commands.ts";
import type { JobAnswer } from "../../src/http/api.ts";

function jobOf(body: Uint8Array, tube = "mail"): JobAnswer {
  return {
    id: 17,
    tube,
    state: "buried",
    pri: 5,
    ageSeconds: 1,
    delaySeconds: 2,
    ttrSeconds: 60,
    leftSeconds: 0,
    bytes: body.length,
    reserves: 1,
    timeouts: 0,
    releases: 0,
    buries: 1,
    kicks: 0,
    holder: null,
    failures: [],
    body: { base64: "", isWhole: true },
  };
}

function lineOf(label: string, body: Uint8Array, tube?: string): string {
  return copyCommands(jobOf(body, tube), body).find((one) => one.label === label)?.line ?? "";
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
    expect(printed(lineOf("Put a copy of it", body))).toEqual(Buffer.from(body));
  }
});

test("no line has a line feed or a control character", () => {
  for (const body of HOSTILE) {
    for (const { line } of copyCommands(jobOf(body), body)) expect(line).toMatch(/^[\x20-\x7e]+$/);
  }
});

test("the line for the protocol is what a client would send", () => {
  const line = lineOf("The same, in the protocol", EVERY_BYTE);
  const expected = [
    Buffer.from("use mail\r\nput 5 2 60 256\r\n"),
    EVERY_BYTE,
    Buffer.from("\r\nquit\r\n"),
  ];
  expect(printed(line)).toEqual(Buffer.concat(expected));
});

test("a tube's name with signs of the shell is quoted", () => {
  const line = lineOf("Put a copy of it", Buffer.from("x"), "a;b$(c)");
  expect(line).toContain("homemaker put 'a;b$(c)' --pri 5 --delay 2 --ttr 60");
});

test("a body that is not whole is read from the server again", () => {
  const job = { ...jobOf(EVERY_BYTE), body: { base64: "", isWhole: false } };
  expect(copyCommands(job, EVERY_BYTE)[0]?.line).toBe(
    "homemaker peek 17 | homemaker put mail --pri 5 --delay 2 --ttr 60",
  );
});
