/* The package that npm installs: the client, the queue and the queue for tests of it as programs on
 * Node, Deno and Bun, and its types. It is packed once: packing makes dist/ anew.
 */
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addressOf, inDirectory } from "../client/places.ts";
import * as client from "../client/round-found.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { printedOn, ROOT, RUNTIME_NAMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import type { ServerProcess } from "../support/server-process.ts";
import * as testing from "../testing/round-found.ts";
import * as queue from "../worker/round-found.ts";

const PACKED_MS = 180_000;
/** Programs of which every line compiles, but for those that are said not to. */
const TYPED = {
  client: `
    import { connect, RefusedError, type Client, type Job } from "homemaker/client";
    const client: Client = await connect("127.0.0.1");
    const [first, second] = await client.batch((b) => [b.put("x"), b.use("y")]);
    const isNew: boolean = first.isNew;
    const tube: string = second;
    const job: Job | undefined = await client.reserveWithTimeout(0);
    // @ts-expect-error a priority is a number
    await client.put("x", { pri: "high" });
    // @ts-expect-error there is no such tag
    await client.put("x", { tags: { none: "x" } });
    export { isNew, tube, job, RefusedError };\n`,
  queue: `
    import { defineJob, openQueue, unchecked, type Enqueued, type JobQueue } from "homemaker";
    const add = defineJob("add", { payload: unchecked<number[]>(), result: unchecked<number>() });
    const queue: JobQueue = await openQueue({ memory: true, shards: 2 });
    const job: Enqueued<typeof add> = await queue.enqueue(add, [1, 2], { delay: "5m" });
    const sum: number = await queue.call(add, [1, 2]);
    // @ts-expect-error a payload is what its schema says
    await queue.enqueue(add, "1, 2");
    // @ts-expect-error a delay has a unit
    await queue.enqueue(add, [1], { delay: "5 minutes" });
    // @ts-expect-error there is no such queue
    await openQueue({ cloud: true });
    export { job, sum };\n`,
  testing: `
    import { defineJob, unchecked } from "homemaker";
    import { testQueue, type TestQueue } from "homemaker/testing";
    const add = defineJob("add", { payload: unchecked<number[]>(), result: unchecked<number>() });
    const queue: TestQueue = await testQueue({ now: new Date(0) });
    const first: number[] = (await queue.assertEnqueued(add, (n) => n.length > 1)).payload;
    // @ts-expect-error a payload is what its schema says
    await queue.assertEnqueued(add, "1, 2");
    // @ts-expect-error a step of time has a unit
    await queue.advance("5 minutes");
    export { first };\n`,
} as const;

let directory = "";
let server: ServerProcess;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "homemaker-package-"));
  const packed = await execa("npm", ["pack", "--pack-destination", directory], { cwd: ROOT });
  const archive = packed.stdout.trim().split("\n").at(-1) ?? "";
  await writeFile(join(directory, "package.json"), '{"type":"module","private":true}');
  const flags = ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${archive}`];
  await execa("npm", flags, { cwd: directory });
  await symlink(join(ROOT, "node_modules/@types"), join(directory, "node_modules/@types"));
  server = await startHomemaker();
}, PACKED_MS);
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

/** What the program at `path` prints where the package is installed. */
async function printedThere(
  runtime: RuntimeName,
  path: string,
  ...args: string[]
): Promise<unknown> {
  const emitted = join(directory, "round.js");
  await writeFile(emitted, stripTypeScriptTypes(await readFile(path, "utf8")));
  return printedOn(runtime, directory, emitted, ...args);
}

test.each(RUNTIME_NAMES)("its client works on %s", async (runtime) => {
  const found = await printedThere(runtime, client.ROUND, addressOf(server), "homemaker/client");
  expect(found).toEqual(client.FOUND);
});

test.each(RUNTIME_NAMES)("its queue works on %s", async (runtime) => {
  await inDirectory(async (data) => {
    expect(await printedThere(runtime, queue.ROUND, data, "homemaker")).toEqual(queue.FOUND);
  });
});

test.each(RUNTIME_NAMES)("its queue for tests works on %s", async (runtime) => {
  const entries = ["homemaker", "homemaker/testing"];
  expect(await printedThere(runtime, testing.ROUND, ...entries)).toEqual(testing.FOUND);
});

test.each(["client", "queue", "testing"] as const)(
  "its %s has types, by which what is right compiles and what is wrong does not",
  async (entry) => {
    await writeFile(join(directory, `${entry}.ts`), TYPED[entry]);
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "esnext"];
    const run = execa("tsc", [...flags, `${entry}.ts`], {
      cwd: directory,
      preferLocal: true,
      localDir: ROOT,
      reject: false,
    });
    expect((await run).stdout).toBe("");
  },
);
