import { chmod, chown, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { statSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { VERSION } from "../../src/version.ts";
import { ask, connectTo, runCommand, serveCommand } from "./command.ts";

const FREE = ["-p", "0", "--threads", "1", "--shards", "1"] as const;
const IS_ROOT = process.getuid?.() === 0;
/** A user who owns nothing; the number of `nobody` on Linux. */
const NOBODY = 65534;

/** Whether any user may read the files of this clone, as one who is given with -u must. */
function mayBeRead(path: string): boolean {
  const isOpen = (statSync(path).mode & 0o005) === 0o005;
  return isOpen && (path === "/" || mayBeRead(dirname(path)));
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "homemaker-cli-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("homemaker, serving", () => {
  it("says on standard output what it is, where it listens and how large it is, and nothing on standard error", async () => {
    await using server = await serveCommand(["-p", "0", "--threads", "2", "--shards", "4"]);
    const [line] = server.readyLines;
    expect(line).toMatch(/ listening on 127\.0\.0\.1:[1-9]\d* \(2 threads, 4 shards\)$/);
    expect(line?.startsWith(`homemaker ${VERSION} `)).toBe(true);
    expect(server.stderr()).toBe("");
  });

  it("answers on every address that it names", async () => {
    const path = `unix:${join(folder, "several.sock")}`;
    const listen = ["-l", "127.0.0.1", "-l", "localhost:0", "-l", path];
    await using server = await serveCommand([...FREE, ...listen], { count: 3 });
    expect(server.addresses[2]).toBe(path);
    for (const address of server.addresses) {
      const socket = await connectTo(address);
      expect(await ask(socket, "list-tube-used\r\n")).toBe("USING default");
      socket.destroy();
    }
  });

  it("takes its options from the environment", async () => {
    const env = {
      HOMEMAKER_PORT: "0",
      HOMEMAKER_THREADS: "1",
      HOMEMAKER_SHARDS: "2",
      HOMEMAKER_MAX_JOB_SIZE: "3",
    };
    await using server = await serveCommand([], { env });
    expect(server.readyLines[0]).toMatch(/\(1 thread, 2 shards\)$/);
    const socket = await connectTo(server.addresses[0] ?? "");
    expect(await ask(socket, "put 0 0 1 4\r\nabcd\r\n")).toBe("JOB_TOO_BIG");
    expect(await ask(socket, "put 0 0 1 3\r\nabc\r\n")).toBe("INSERTED 1");
    socket.destroy();
  });

  it("warns about what has no effect, and about a job size above the cap, and serves", async () => {
    await using server = await serveCommand([...FREE, "-c", "-n", "-z", "2g"]);
    expect(server.stderr().split("\n")).toEqual([
      "homemaker: -c has no effect and may be left out",
      "homemaker: -n has no effect and may be left out",
      "homemaker: maximum job size was set to 1073741824",
      "",
    ]);
  });

  it.each(["SIGTERM", "SIGINT"] as const)(
    "exits with 0 on %s, with clients connected",
    async (signal) => {
      await using server = await serveCommand(["-p", "0", "--threads", "2", "--shards", "2"]);
      const idle = await connectTo(server.addresses[0] ?? "");
      const waiting = await connectTo(server.addresses[0] ?? "");
      expect(await ask(waiting, "use a\r\n")).toBe("USING a");
      waiting.write("reserve\r\n");
      const closed = [once(idle, "close"), once(waiting, "close")];
      idle.resume();
      waiting.resume();
      server.signal(signal);
      expect(await server.ended).toMatchObject({ code: 0 });
      await Promise.all(closed);
    },
  );

  it("takes no more jobs after SIGUSR1, for good, and opens no inspector", async () => {
    await using server = await serveCommand([...FREE]);
    const socket = await connectTo(server.addresses[0] ?? "");
    const put = "put 0 0 1 1\r\na\r\n";
    expect(await ask(socket, put)).toBe("INSERTED 1");
    server.signal("SIGUSR1");
    const deadline = Date.now() + 10_000;
    let reply = "";
    while (reply !== "DRAINING" && Date.now() < deadline) reply = await ask(socket, put);
    expect(reply).toBe("DRAINING");
    server.signal("SIGUSR1");
    for (let i = 0; i < 20; i++) expect(await ask(socket, put)).toBe("DRAINING");
    expect(await ask(socket, "delete 1\r\n")).toBe("DELETED");
    server.signal("SIGTERM");
    expect(await server.ended).toMatchObject({ code: 0 });
    expect(server.stderr()).not.toMatch(/debugger|inspector/i);
    socket.destroy();
  });
});

describe("homemaker, when it cannot serve, ends with 1 and one line", () => {
  it("because another program listens on the port", async () => {
    await using taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const ending = await runCommand(["-p", String(port)]);
    expect(ending).toMatchObject({ code: 1, stdout: "" });
    expect(ending.stderr).toMatch(
      new RegExp(`^homemaker: [^\\n]*127\\.0\\.0\\.1:${port}[^\\n]*in use[^\\n]*$`),
    );
  });

  it("because another homemaker listens on the port, with several threads each", async () => {
    await using server = await serveCommand(["-p", "0", "--threads", "2"]);
    const port = server.addresses[0]?.split(":").at(-1) ?? "";
    const ending = await runCommand(["-p", port, "--threads", "2"]);
    expect(ending).toMatchObject({ code: 1, stdout: "" });
    expect(ending.stderr).toMatch(/^homemaker: [^\n]*in use[^\n]*$/);
  });

  it("because it has no permission", async () => {
    const closed = await mkdtemp(join(folder, "closed-"));
    await chmod(closed, 0o555);
    const path = join(closed, "a.sock");
    const ending = await runCommand([...FREE, "-l", `unix:${path}`], { obeysModes: true });
    expect(ending).toMatchObject({ code: 1, stdout: "" });
    expect(ending.stderr).toMatch(/^homemaker: [^\n]*permission[^\n]*$/);
    expect(ending.stderr).toContain(path);
  });

  it.each([
    ["a host that does not exist", ["-l", "host.invalid"], "host.invalid"],
    ["an address of another machine", ["-l", "192.0.2.1"], "192.0.2.1"],
    ["a folder that does not exist", ["-l", "unix:/nowhere/a.sock"], "no directory /nowhere"],
    ["a folder that is a file", ["-l", "unix:/etc/passwd/a.sock"], "is not a directory"],
    ["a user who does not exist", ["-u", "nobody-of-that-name"], "nobody-of-that-name"],
  ])("because it was given %s", async (_, argv, named) => {
    const ending = await runCommand([...FREE, ...argv]);
    expect(ending).toMatchObject({ code: 1, stdout: "" });
    expect(ending.stderr).toMatch(/^homemaker: [^\n]+$/);
    expect(ending.stderr).toContain(named);
  });

  it("because a file that is no socket is in the way, which it leaves alone", async () => {
    const path = join(folder, "precious.txt");
    await writeFile(path, "precious");
    const ending = await runCommand([...FREE, "-l", `unix:${path}`]);
    expect(ending).toMatchObject({ code: 1, stdout: "" });
    expect(ending.stderr).toMatch(/^homemaker: [^\n]+$/);
    expect(await readFile(path, "utf8")).toBe("precious");
  });
});

/**
 * What only root can do is tested when root runs the tests, and that nobody else can do it when
 * somebody else does.
 */
const OF_USER = IS_ROOT ? "becomes that user, in all threads" : "says that only root may do that";

/** What is wrong with a directory, for a user who is not root. */
const UNFIT: readonly (readonly [string, (root: string) => string, RegExp])[] = [
  ["may not be read", (root) => root, /: no permission \(EACCES\) for user nobody$/],
  ["may not be made", (root) => join(root, "data"), /: no permission \(EACCES\) for user nobody$/],
  ["is a file", (root) => `${root}.file`, /: there is a file of that name \(EEXIST\)$/],
  [
    "lies in a file",
    (root) => `${root}.file/data`,
    /: a part of the path is not a directory \(ENOTDIR\)$/,
  ],
];

it("ends with 1 and one line where no directory can be made for want of an entry", async () => {
  const ending = await runCommand([...FREE, "-b", "/proc/homemaker/data"]);
  expect(ending).toMatchObject({ code: 1, stdout: "" });
  expect(ending.stderr).toMatch(/^homemaker: \/proc\/homemaker\/data: [^\n]+\(ENOENT\)$/);
});

const BECOMES_NOBODY = IS_ROOT && mayBeRead(import.meta.dirname);

describe.runIf(BECOMES_NOBODY)("homemaker -u nobody, with a data directory that", () => {
  it.each(UNFIT)("%s, ends with 1 and one line", async (_, pathOf, why) => {
    const root = await mkdtemp(join(folder, "of-root-"));
    await writeFile(`${root}.file`, "");
    await chmod(folder, 0o755);
    const ending = await runCommand([...FREE, "-u", "nobody", "-b", pathOf(root)]);
    expect(ending).toMatchObject({ code: 1, stdout: "" });
    expect(ending.stderr).toMatch(/^homemaker: [^\n]+$/);
    expect(ending.stderr).toMatch(why);
    expect(ending.stderr).toContain(pathOf(root));
    expect(ending.stderr).not.toMatch(/Error|scandir|mkdir|open '/);
  });

  it("has files of another user, ends with 1 and names the file", async () => {
    const data = await mkdtemp(join(folder, "of-nobody-"));
    const first = await serveCommand([...FREE, "-b", data, "--segment-size", "1MiB"]);
    first.signal("SIGTERM");
    await first.ended;
    await chown(data, NOBODY, NOBODY);
    await chmod(folder, 0o755);
    const { code, stderr } = await runCommand([...FREE, "-u", "nobody", "-b", data]);
    const lines = stderr.split("\n").filter((line) => !line.startsWith("{"));
    expect([code, lines]).toEqual([
      1,
      [expect.stringMatching(/: no permission \(EACCES\) for user nobody$/)],
    ]);
    expect(lines[0]).toContain(`${data}/`);
  });
});

describe("homemaker -u", () => {
  it(OF_USER, () => (IS_ROOT ? expectNobody() : expectRefusal()));
  it.runIf(IS_ROOT)(
    "listens where only root may before that, and elsewhere after",
    expectListensBefore,
  );
});

async function expectNobody(): Promise<void> {
  await using server = await serveCommand(["-p", "0", "--threads", "2", "-u", "nobody"]);
  const tasks = await readdir(`/proc/${server.pid}/task`);
  const ids = tasks.map((task) => userIdsOf(`/proc/${server.pid}/task/${task}/status`));
  const nobody = Array.from({ length: 4 }, () => String(NOBODY));
  expect(await Promise.all(ids)).toEqual(tasks.map(() => nobody));
  const socket = await connectTo(server.addresses[0] ?? "");
  expect(await ask(socket, "put 0 0 1 1\r\na\r\n")).toBe("INSERTED 1");
  socket.destroy();
}

/** Nobody else's address, with a port that only root may listen on. */
const PRIVILEGED = "127.77.13.6:811";

async function expectListensBefore(): Promise<void> {
  const path = `unix:${join(await mkdtemp(join(folder, "of-root-")), "a.sock")}`;
  const listen = ["-l", PRIVILEGED, "-l", path, "-l", "127.0.0.1"];
  await using server = await serveCommand([...FREE, "-u", "nobody", ...listen], { count: 3 });
  expect(server.addresses.slice(0, 2)).toEqual([PRIVILEGED, path]);
  for (const address of [PRIVILEGED, server.addresses[2] ?? ""]) {
    const socket = await connectTo(address);
    expect(await ask(socket, "list-tube-used\r\n")).toBe("USING default");
    socket.destroy();
  }
}

async function expectRefusal(): Promise<void> {
  const ending = await runCommand([...FREE, "-u", "root"]);
  const stderr = "homemaker: no permission to become user root";
  expect(ending).toEqual({ code: 1, stdout: "", stderr });
}

/** Real, effective, saved and file system user. */
async function userIdsOf(status: string): Promise<string[]> {
  const line = /^Uid:\s+(.*)$/m.exec(await readFile(status, "utf8"));
  return line?.[1]?.split(/\s+/) ?? [];
}
