/* Deno's permissions: what docs/runtimes.md says that is enough, is; and what is missing is told in
 * one line that names the flag.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, describe, expect, test } from "vitest";
import { codeBlocks, readPage } from "../docs/page.ts";
import { askAt } from "../http/http-port.ts";
import { COMMAND } from "../support/command.ts";
import { Conversation } from "../support/conversation.ts";
import { ROOT, RUNTIMES } from "../support/runtimes.ts";
import { ServerProcess } from "../support/server-process.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { freePort } from "./contest.ts";

const [DENO] = RUNTIMES.deno;
const CLIENT = fileURLToPath(new URL("permitted-client.ts", import.meta.url));
const QUEUE = fileURLToPath(new URL("permitted-queue.ts", import.meta.url));
const data = mkdtempSync(join(tmpdir(), "homemaker-permitted-"));
afterAll(() => rmSync(data, { recursive: true }));

/** Where the packages lie here: the command, what it loads, and what the program of a test is. */
const PACKAGES = [dirname(COMMAND), ...["build", "node_modules", "package.json"].map(below)];
const SOURCES = ["src", "assembly", "test"].map(below);
const PORT = await freePort();
const HTTP_PORT = await freePort();

function below(name: string): string {
  return `${ROOT}${name}`;
}

/** The flags of the page's first or second command, with what stands for them here. */
function documented(index: 0 | 1): readonly string[] {
  const command = codeBlocks(readPage("docs/runtimes.md"), "sh")[index] ?? "";
  return [...command.matchAll(/--(?:no-prompt|allow-)\S*/g)].map(([flag]) =>
    flag
      .replaceAll("'", "")
      .replace("node_modules", PACKAGES.join(","))
      .replace(/(?<==|,)jobs$/, data)
      .replaceAll("11300", String(PORT))
      .replaceAll("11301", String(HTTP_PORT)),
  );
}

const FLAGS = documented(0);
const FLAGS_OF_DATA = documented(1);

function start(flags: readonly string[], args: readonly string[]): Promise<ServerProcess> {
  return ServerProcess.start({
    command: DENO,
    arguments: ["run", ...flags, COMMAND, "-p", String(PORT), "--threads", "2", ...args],
    address: (output) =>
      output.includes("listening on") ? { host: "127.0.0.1", port: PORT } : undefined,
    patienceMs: 60_000,
  });
}

async function works(server: ServerProcess): Promise<void> {
  const talk = await Conversation.with(server);
  const [inserted, reserved] = [
    await talk.line("put 0 0 60 5", Buffer.from("hello")),
    await talk.line("reserve"),
  ];
  expect([inserted, reserved]).toEqual(["INSERTED 1", "RESERVED 1 5"]);
  talk.hangUp();
}

describe("Deno", { tags: ["deno"] }, () => {
  test("that is given the flags of the page serves jobs and HTTP", async () => {
    expect(FLAGS).toHaveLength(5);
    const server = await start(FLAGS, ["--http-port", String(HTTP_PORT)]);
    await works(server);
    for (const path of ["/", "/metrics", "/readyz", "/api/v1/overview"]) {
      expect((await askAt(HTTP_PORT, path)).status).toBe(200);
    }
    await server.stop();
  });

  test("that is given those of the page for a journal keeps jobs, and comes back", async () => {
    expect(FLAGS_OF_DATA).toHaveLength(6);
    const args = ["--data", data, "--segment-size", "1MiB"];
    const server = await start(FLAGS_OF_DATA, args);
    await works(server);
    await server.stop();
    const again = await start(FLAGS_OF_DATA, args);
    const talk = await Conversation.with(again);
    expect(await talk.line("peek 1")).toBe("FOUND 1 5");
    talk.hangUp();
    await again.stop();
  });

  test.each(["--allow-read", "--allow-env", "--allow-sys", "--allow-net"])(
    "that lacks %s ends with one line that names it",
    async (lacking) => {
      const flags = FLAGS.filter((flag) => !flag.startsWith(lacking));
      const { exitCode, stderr } = await execa(DENO, ["run", ...flags, COMMAND, "-p", `${PORT}`], {
        reject: false,
      });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^homemaker: .*Requires \w+ access to .*$/);
      expect(stderr).toContain(`run again with the ${lacking} flag`);
    },
  );

  test("that may not write its directory, or has a list of addresses beside it, says so", async () => {
    for (const [flags, lacking] of [
      [FLAGS_OF_DATA.filter((flag) => !flag.startsWith("--allow-write")), "--allow-write"],
      [
        FLAGS_OF_DATA.map((flag) => (flag === "--allow-net" ? `${flag}=127.0.0.1` : flag)),
        "--allow-net",
      ],
    ] as const) {
      const args = ["run", ...flags, COMMAND, "-p", `${PORT}`, "--data", data];
      const { exitCode, stderr } = await execa(DENO, args, { reject: false });
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^homemaker: .*Requires \w+ access to .*$/);
      expect(stderr).toContain(`run again with the ${lacking} flag`);
    }
  });

  test("runs the client alone with its server's address, and of a Unix socket with its path", async () => {
    const path = join(data, "socket");
    const server = await startHomemaker({ threads: 1, flags: ["-l", `unix:${path}`] });
    if ("path" in server.address) throw new Error("it listens on TCP, too");
    const place = `127.0.0.1:${server.address.port}`;
    const ran = (target: string, ...flags: readonly string[]) =>
      execa(DENO, ["run", "--no-prompt", ...flags, CLIENT, target], { cwd: ROOT, reject: false });
    const files = [`--allow-read=${path}`, `--allow-write=${path}`];
    const [tcp, unix, fewer, none] = await Promise.all([
      ran(place, `--allow-net=${place}`),
      ran(`unix:${path}`, ...files, `--allow-net=unix:${path}`),
      ran(`unix:${path}`, `--allow-net=unix:${path}`),
      ran(place),
    ]);
    await server.stop();
    expect([tcp, unix].map(({ stdout }) => stdout)).toEqual(["hello", "hello"]);
    expect(fewer.stderr).toContain("--allow-read");
    expect(none.stderr).toContain("--allow-net");
  });

  test("runs a queue in memory, in a directory and over a server, with what these take", async () => {
    const read = `--allow-read=${[...PACKAGES, ...SOURCES].join(",")}`;
    const sys = FLAGS.find((flag) => flag.startsWith("--allow-sys")) ?? "";
    const ran = (target: string, ...more: readonly string[]) =>
      execa(DENO, ["run", "--no-prompt", read, sys, ...more, QUEUE, target], { cwd: ROOT });
    const directory = join(data, "queue");
    const [memory, kept] = await Promise.all([
      ran("memory"),
      ran(
        directory,
        `--allow-read=${[...PACKAGES, ...SOURCES, data].join(",")}`,
        `--allow-write=${data}`,
        "--allow-net",
      ),
    ]);
    const server = await startHomemaker({ threads: 1 });
    if ("path" in server.address) throw new Error("it listens on TCP");
    const place = `127.0.0.1:${server.address.port}`;
    const served = await ran(`homemaker://${place}`, `--allow-net=${place}`);
    await server.stop();
    expect([memory, kept, served].map(({ stdout }) => stdout)).toEqual(Array(3).fill("it ran"));
  });
});
