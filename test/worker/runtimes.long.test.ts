/* The queue as a program on Node, Deno and Bun, from the sources and as the package that npm
 * installs, and the package's types.
 */
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ROUND = fileURLToPath(new URL("round.ts", import.meta.url));
const NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];
const TIMEOUT_MS = 60_000;
/** 0 squared + ... + 199 squared, and what else the program finds. */
const FOUND = { sum: 2_646_700, again: "already-there", isSame: true, last: 39_601, workers: 1 };

/** What a program printed, which has ended by itself. */
async function printed(runtime: RuntimeName, cwd: string, ...args: string[]): Promise<unknown> {
  const [command = "", ...flags] = RUNTIMES[runtime];
  const data = await mkdtemp(join(tmpdir(), "homemaker-round-"));
  try {
    const all = [...flags, ...args.map((arg) => (arg === "DATA" ? data : arg))];
    const { stdout } = await execa(command, all, { cwd, timeout: TIMEOUT_MS });
    return JSON.parse(stdout);
  } finally {
    await rm(data, { recursive: true });
  }
}

test.each(NAMES)("a queue works on %s, from the sources", async (runtime) => {
  expect(await printed(runtime, ROOT, ROUND, "DATA")).toEqual(FOUND);
});

describe("the package", () => {
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "homemaker-package-"));
    const packed = await execa("npm", ["pack", "--pack-destination", directory], { cwd: ROOT });
    const archive = packed.stdout.trim().split("\n").at(-1) ?? "";
    await writeFile(join(directory, "package.json"), '{"type":"module","private":true}');
    const flags = ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${archive}`];
    await execa("npm", flags, { cwd: directory });
  }, 180_000);
  afterAll(() => rm(directory, { recursive: true }));

  test.each(NAMES)("works on %s where it was installed", async (runtime) => {
    const emitted = join(directory, "round.js");
    await writeFile(emitted, stripTypeScriptTypes(await readFile(ROUND, "utf8")));
    expect(await printed(runtime, directory, emitted, "DATA", "homemaker")).toEqual(FOUND);
  });

  test("has types, by which what is right compiles and what is wrong does not", async () => {
    await writeFile(
      join(directory, "typed.ts"),
      `import { defineJob, openQueue, unchecked, type Enqueued, type JobQueue } from "homemaker";
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
    );
    await symlink(join(ROOT, "node_modules/@types"), join(directory, "node_modules/@types"));
    const flags = ["--noEmit", "--strict", "--module", "nodenext", "--target", "esnext"];
    const run = execa("tsc", [...flags, "typed.ts"], {
      cwd: directory,
      preferLocal: true,
      localDir: ROOT,
      reject: false,
    });
    expect((await run).stdout).toBe("");
  });
});
