/* A server takes over the Unix socket that another one left behind (upstream's unix_auto_removal).
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { startOnUnixSocket } from "./targets/homemaker.ts";
import { connectWire } from "./targets/processes.ts";
import { converse } from "./stage.ts";

const PATIENCE_MS = 10_000;

async function answer(server: ServerProcess): Promise<string> {
  const wire = await connectWire(server);
  const { line } = await converse(wire, "list-tube-used\r\n", PATIENCE_MS);
  wire.close();
  return line;
}

const REPLACES = "replaces a socket that a killed server left behind";
test(`beanstalkd ${REPLACES}`, { tags: ["beanstalkd"] }, () =>
  expectReplacement((path) => startBeanstalkd({ path })),
);
test(`homemaker ${REPLACES}`, () => expectReplacement(startOnUnixSocket));

async function expectReplacement(start: (path: string) => Promise<ServerProcess>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "unix-socket-"));
  const path = join(directory, "socket");
  const first = await start(path);
  try {
    expect(await answer(first)).toBe("USING default");
    await first.stop();
    const second = await start(path);
    expect(await answer(second)).toBe("USING default");
    await second.stop();
  } finally {
    await first.stop();
    await rm(directory, { recursive: true });
  }
}
