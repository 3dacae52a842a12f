/* Of servers that are started at one port at once one serves, on the other runtimes too. */
import { test } from "vitest";
import { tagsOn } from "../support/matrix.ts";
import { OTHER_RUNTIMES, RUNTIMES } from "../support/runtimes.ts";
import { expectNoSharedPort } from "./contest.ts";

const TIMEOUT_MS = 120_000;

for (const name of OTHER_RUNTIMES) {
  test(
    `servers started at once on ${name} never share a port`,
    { timeout: TIMEOUT_MS, tags: tagsOn(name) },
    () => expectNoSharedPort(RUNTIMES[name]),
  );
}
