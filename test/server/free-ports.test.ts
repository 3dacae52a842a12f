/*
 * A port that the system chose for a server is not chosen for the next one before the first one
 * listens on it.
 *
 * @module-tag mounts
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { right } from "../support/programs.ts";

const SEEKER = fileURLToPath(new URL("./free-ports.ts", import.meta.url));
const FIRST = 40_000;
const COUNT = 8;

test("servers that start at once with port 0 get ports of their own, to the last one", () => {
  right("mounts");
  const range = [FIRST, FIRST + COUNT - 1, COUNT].map(String);
  const printed = execFileSync("unshare", ["-n", process.execPath, SEEKER, ...range]);
  const ports = (JSON.parse(printed.toString()) as number[]).toSorted((a, b) => a - b);
  expect(ports).toEqual(Array.from({ length: COUNT }, (_, index) => FIRST + index));
});
