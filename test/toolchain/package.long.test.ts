/* The package that npm installs: its command, its client, its queue and its queue for tests on
 * Node, Deno and Bun, and its types.
 *
 * It is packed once, and once more to see that it comes out the same: packing makes dist/ anew.
 * Older Nodes are npm's packages of one program each, installed beside it; the project itself needs
 * none of them.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { execa } from "execa";
import { publint } from "publint";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addressOf, inDirectory } from "../client/places.ts";
import * as client from "../client/round-found.ts";
import { codeBlocks, readPage, section } from "../docs/page.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { ROOT, RUNTIME_NAMES, RUNTIMES } from "../support/runtimes.ts";
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

const INSTALL = ["install", "--prefer-offline", "--no-audit", "--no-fund"];
const TYPESCRIPT = section(readPage("README.md"), "From TypeScript");
const [MAILS = ""] = codeBlocks(TYPESCRIPT, "ts");
const [PRINTED = ""] = codeBlocks(TYPESCRIPT, "text");

/** The oldest Node that it runs on, and the one between that and the project's own. */
const OLDER_NODES = { "Node 22": "22.18.0", "Node 24": "24.22.3" } as const;
/** One that it does not run on. */
const TOO_OLD = "20.20.2";
type OlderNode = keyof typeof OLDER_NODES;
const EVERYWHERE = [...RUNTIME_NAMES, ...(Object.keys(OLDER_NODES) as readonly OlderNode[])];

/** Where it is installed. */
const COMMAND = "node_modules/homemaker/dist/lib/main.js";

let directory = "";
/** What `npm init` makes, in there. */
let project = "";
let archive = "";
let server: ServerProcess;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "homemaker-package-"));
  archive = await packedInto(directory);
  await writeFile(
    join(directory, "package.json"),
    '{"name":"user","version":"1.0.0","type":"module","private":true}',
  );
  await execa("npm", [...INSTALL, archive], { cwd: directory });
  project = await mkdtemp(join(directory, "project-"));
  await execa("npm", ["init", "--yes"], { cwd: project });
  await installNodes([...Object.values(OLDER_NODES), TOO_OLD]);
  await symlink(join(ROOT, "node_modules/@types"), join(directory, "node_modules/@types"));
  server = await startHomemaker();
}, PACKED_MS);
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

/** Has these versions in a folder of their own. */
async function installNodes(versions: readonly string[]): Promise<void> {
  const nodes = join(directory, "nodes");
  await mkdir(nodes);
  await writeFile(join(nodes, "package.json"), '{"private":true}');
  const named = `node-${process.platform}-${process.arch}`;
  const wanted = versions.map((version) => `node-${version}@npm:${named}@${version}`);
  await execa("npm", [...INSTALL, ...wanted], { cwd: nodes });
}

/** The command line of one of them. */
function nodeOf(version: string): string {
  return join(directory, `nodes/node_modules/node-${version}/bin/node`);
}

function commandOf(name: (typeof EVERYWHERE)[number]): readonly [string, ...string[]] {
  return name in OLDER_NODES
    ? [nodeOf(OLDER_NODES[name as OlderNode])]
    : RUNTIMES[name as RuntimeName];
}

/** The program, changed as README says that it has to be for a Node that knows less. */
function mailsForNode22(): string {
  const advice =
    /Node 22 does not know `(.+?)`:\swrite `(.+?)` there, and end with\s`(.+?)` and `(.+?)`/;
  const [, unknown = "", instead = "", ...ends] = advice.exec(TYPESCRIPT) ?? [];
  return [MAILS.replaceAll(unknown, instead), ...ends].join("\n");
}

/** Packs; returns the path of the archive. */
async function packedInto(folder: string): Promise<string> {
  const packed = await execa("npm", ["pack", "--pack-destination", folder], { cwd: ROOT });
  return join(folder, packed.stdout.trim().split("\n").at(-1) ?? "");
}

/** What the program at `path` prints where the package is installed, as JSON. */
async function printedThere(
  runtime: (typeof EVERYWHERE)[number],
  path: string,
  ...args: string[]
): Promise<unknown> {
  const emitted = join(directory, "round.js");
  await writeFile(emitted, stripTypeScriptTypes(await readFile(path, "utf8")));
  const [command, ...flags] = commandOf(runtime);
  const { stdout } = await execa(command, [...flags, emitted, ...args], { cwd: directory });
  return JSON.parse(stdout);
}

test.each(EVERYWHERE)("its client works on %s", async (runtime) => {
  const found = await printedThere(runtime, client.ROUND, addressOf(server), "homemaker/client");
  expect(found).toEqual(client.FOUND);
});

test.each(EVERYWHERE)("its queue works on %s", async (runtime) => {
  await inDirectory(async (data) => {
    expect(await printedThere(runtime, queue.ROUND, data, "homemaker")).toEqual(queue.FOUND);
  });
});

test.each(EVERYWHERE)("its queue for tests works on %s", async (runtime) => {
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

test("the linters of packages find nothing in it", async () => {
  const bytes = new Uint8Array(await readFile(archive));
  const { messages } = await publint({ strict: true, pack: { tarball: bytes.buffer } });
  expect(messages).toEqual([]);
  const checked = await checkPackage(createPackageFromTarballData(bytes));
  const kinds = (checked.types === false ? [] : checked.problems).map(({ kind }) => kind);
  // It is of modules alone, which old resolvers do not find, and which `require` gets as such.
  const ofModulesAlone = new Set(["NoResolution", "CJSResolvesToESM"]);
  expect(checked.types).not.toBe(false);
  expect(kinds.filter((kind) => !ofModulesAlone.has(kind))).toEqual([]);
});

test("it comes out the same, byte for byte, when it is packed again", async () => {
  const again = await packedInto(await mkdtemp(join(directory, "again-")));
  const hashes = [archive, again].map(async (path) =>
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  );
  const [first, second] = await Promise.all(hashes);
  expect(second).toBe(first);
});

test("npm can list what is in it", async () => {
  const flags = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx", "--omit", "dev"];
  const { stdout } = await execa("npm", flags, { cwd: directory });
  const { components } = JSON.parse(stdout) as {
    readonly components: readonly { readonly name: string }[];
  };
  const names = components.map(({ name }) => name);
  const { dependencies } = JSON.parse(readPage("package.json")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  expect(names).toEqual(expect.arrayContaining(["homemaker", ...Object.keys(dependencies)]));
});

test("its client needs no other package", async () => {
  // Far from every folder of packages that it could find by looking upwards.
  const apart = await mkdtemp(join(tmpdir(), "homemaker-apart-"));
  try {
    const there = join(apart, "node_modules/homemaker");
    await mkdir(there, { recursive: true });
    await cp(join(directory, "node_modules/homemaker"), there, { recursive: true });
    const imported = (entry: string) => {
      const program = `console.log(typeof (await import("${entry}")).connect)`;
      const flags = ["--input-type=module", "--eval", program];
      return execa(RUNTIMES.node[0], flags, { cwd: apart, reject: false });
    };
    expect((await imported("homemaker/client")).stdout).toBe("function");
    // So that one could have been missing.
    expect((await imported("homemaker")).stderr).toContain("ERR_MODULE_NOT_FOUND");
  } finally {
    await rm(apart, { recursive: true });
  }
});

test.each(EVERYWHERE)("README's program runs in a project of npm's on %s", async (name) => {
  const [command, ...flags] = commandOf(name);
  const [, file = ""] = /the program as `(.+?)`/.exec(TYPESCRIPT) ?? [];
  await writeFile(join(project, file), name === "Node 22" ? mailsForNode22() : MAILS);
  const { stdout } = await execa(command, [...flags, file], { cwd: project });
  expect(`${stdout}\n`).toBe(PRINTED);
});

test.each(EVERYWHERE)("its command serves on %s, the dashboard as well", async (name) => {
  const [command, ...flags] = commandOf(name);
  const options = ["-l", "127.0.0.1", "-p", "0", "--threads", "1", "--http-port", "0"];
  const served = execa(command, [...flags, COMMAND, ...options], {
    cwd: directory,
    all: true,
    reject: false,
  });
  let url = "";
  for await (const line of served.iterable({ from: "all" })) {
    url = / dashboard on (\S+)/.exec(line)?.[1] ?? url;
    if (!line.includes(" listening on ")) continue;
    expect((await fetch(url)).status).toBe(200);
    served.kill("SIGTERM");
  }
  expect((await served).exitCode).toBe(0);
});

test("a Node that is too old is told so in one line, by the command and by what is imported", async () => {
  const told = `Node 22.18 or newer is needed, and this is Node ${TOO_OLD}`;
  const run = (...args: string[]) =>
    execa(nodeOf(TOO_OLD), args, { cwd: directory, all: true, reject: false });
  expect(await run(COMMAND)).toMatchObject({ exitCode: 1, all: `homemaker: ${told}` });
  const program = 'import("homemaker").catch(({ code, message }) => console.log(code, message))';
  const imported = await run("--eval", program);
  expect(imported.all).toBe(`HM_OLD_NODE homemaker: ${told}`);
});
