/* The client as a program on Node, Deno and Bun, with Homemaker and with beanstalkd, and as the
 * package that npm installs.
 */
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBeanstalkd } from "../support/beanstalkd.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { RUNTIMES } from "../support/runtimes.ts";
import type { RuntimeName } from "../support/runtimes.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { addressOf } from "./places.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const ROUND = fileURLToPath(new URL("round.ts", import.meta.url));
const NAMES = Object.keys(RUNTIMES) as readonly RuntimeName[];
const TIMEOUT_MS = 60_000;
const FOUND = {
  worked: 500,
  aborted: "AbortError",
  after: "after an abort",
  tooBig: "HM_JOB_TOO_BIG",
  isSame: true,
  late: "HM_TIMEOUT",
  missing: "HM_NOT_FOUND",
};
const SERVERS = {
  Homemaker: { start: () => startHomemaker(), unsupported: "HM_NOT_FOUND" },
  beanstalkd: { start: () => startBeanstalkd(), unsupported: "HM_NOT_SUPPORTED" },
} as const;

/** What a program printed, which has ended by itself. */
async function printed(runtime: RuntimeName, cwd: string, ...args: string[]): Promise<unknown> {
  const [command = "", ...flags] = RUNTIMES[runtime];
  const { stdout } = await execa(command, [...flags, ...args], { cwd, timeout: TIMEOUT_MS });
  return JSON.parse(stdout);
}

describe.each(["Homemaker", "beanstalkd"] as const)("with %s", (name) => {
  const { start, unsupported } = SERVERS[name];
  let server: ServerProcess;
  beforeAll(async () => {
    server = await start();
    (await server.connect()).destroy();
  });
  afterAll(() => server.stop());

  test.each(NAMES)("on %s, from the sources", async (runtime) => {
    expect(await printed(runtime, ROOT, ROUND, addressOf(server))).toEqual({
      ...FOUND,
      unsupported,
    });
  });
});

describe("the package", () => {
  let directory = "";
  let server: ServerProcess;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "homemaker-package-"));
    const packed = await execa("npm", ["pack", "--pack-destination", directory], { cwd: ROOT });
    const archive = packed.stdout.trim().split("\n").at(-1) ?? "";
    await writeFile(join(directory, "package.json"), '{"type":"module","private":true}');
    const flags = ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${archive}`];
    await execa("npm", flags, { cwd: directory });
    server = await startHomemaker();
  });
  afterAll(async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  });

  test.each(NAMES)("works on %s where it was installed", async (runtime) => {
    const emitted = join(directory, "round.js");
    await writeFile(emitted, stripTypeScriptTypes(await readFile(ROUND, "utf8")));
    const found = await printed(runtime, directory, emitted, addressOf(server), "homemaker/client");
    expect(found).toEqual({ ...FOUND, unsupported: "HM_NOT_FOUND" });
  });

  test("has types, by which what is right compiles and what is wrong does not", async () => {
    await writeFile(
      join(directory, "typed.ts"),
      `import { connect, RefusedError, type Client, type Job } from "homemaker/client";
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
