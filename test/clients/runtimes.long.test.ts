/* Client libraries from npm do a full job cycle against Homemaker on Deno and on Bun. */
import { describe } from "vitest";
import { startHomemaker } from "../support/homemaker.ts";
import { tagsOn } from "../support/matrix.ts";
import { OTHER_RUNTIMES, RUNTIMES } from "../support/runtimes.ts";
import { serveLibraries } from "./serve-libraries.ts";

for (const runtime of OTHER_RUNTIMES) {
  describe(`homemaker on ${runtime}`, { tags: tagsOn(runtime) }, () => {
    serveLibraries(() => startHomemaker({ runtime: RUNTIMES[runtime], threads: 2, shards: 4 }));
  });
}
