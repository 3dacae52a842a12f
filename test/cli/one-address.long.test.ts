/* Of servers that are started at one port at once one serves, on the other runtimes too. */
import { test } from "vitest";
import { OTHER_RUNTIMES, RUNTIMES } from "../support/runtimes.ts";
import { expectNoSharedPort } from "./contest.ts";

const TIMEOUT_MS = 120_000;

test.each(OTHER_RUNTIMES)(
  "servers started at once on %s never share a port",
  { timeout: TIMEOUT_MS },
  (name) => expectNoSharedPort(RUNTIMES[name]),
);
