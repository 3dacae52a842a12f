/* The client as a program on Node, Deno and Bun, with Homemaker and with beanstalkd. As the package
 * that npm installs it is toolchain/package.long.test.ts's.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { tagsOn } from "../support/matrix.ts";
import { printedOn, ROOT, RUNTIME_NAMES } from "../support/runtimes.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { addressOf } from "./places.ts";
import { FOUND, ROUND } from "./round-found.ts";

/** The tests with one server. */
function worksWith(start: () => Promise<ServerProcess>, found: typeof FOUND): void {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await start();
    (await server.connect()).destroy();
  });
  afterAll(() => server.stop());

  for (const runtime of RUNTIME_NAMES) {
    test(`on ${runtime}, from the sources`, { tags: tagsOn(runtime) }, async () => {
      expect(await printedOn(runtime, ROOT, ROUND, addressOf(server))).toEqual(found);
    });
  }
}

describe("with Homemaker", () => {
  worksWith(startHomemaker, FOUND);
});

describe("with beanstalkd", { tags: ["beanstalkd"] }, () => {
  worksWith(startBeanstalkd, { ...FOUND, unsupported: "HM_NOT_SUPPORTED" });
});
