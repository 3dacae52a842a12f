/* The server's process: threads, clients that leave or do not read, its end, its addresses, files
 * and user.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ANY_PORT, EchoClient, EchoProcess, untilServed } from "./echo/process.ts";
import { until } from "../support/until.ts";
import { serveOn } from "./on-a-runtime.ts";

const folder = mkdtempSync(join(tmpdir(), "homemaker-"));
afterAll(() => rmSync(folder, { recursive: true }));
let paths = 0;
const freshPath = (): string => join(folder, String(++paths));

const unixAt = (path: string) => ({ kind: "unix", path }) as const;

serveOn("node");

describe("a client", () => {
  it("that does not read is not read from, and gets everything once it reads", async () => {
    const server = await EchoProcess.listening({ threads: 1 });
    const client = await server.connect();
    client.socket.pause();
    client.say("flood 30000000");
    client.say("behind");
    client.socket.resume();
    await until("everything has come", () => client.receivedBytes === 30_000_008);
    await server.kill();
  });

  it("that comes and goes is told of when that was asked for", async () => {
    const server = await EchoProcess.listening({ threads: 1, verbosity: 1 });
    const client = await server.connect();
    await client.ask("hello");
    client.socket.destroy();
    await until("its end is told", () => server.errors.includes("a connection is closed"));
    expect(server.errors).toContain("accepted a connection");
    expect(server.errors).toContain("bound to 127.0.0.1:");
    await server.kill();
  });

  it("that has finished sending still gets its replies", async () => {
    const server = await EchoProcess.listening({ threads: 1 });
    const client = await server.connect();
    client.socket.end("one\r\ntwo\r\n");
    await until("the server closes", () => client.isEnded);
    expect(client.received).toBe("one\r\ntwo\r\nbye\r\n");
    await server.kill();
  });

  it("that is closed by the server gets first what was written", async () => {
    const server = await EchoProcess.listening({ threads: 1 });
    const client = await server.connect();
    client.say("flood 5000000");
    await until("something comes", () => client.receivedBytes > 0);
    client.say("quit");
    await until("the server closes", () => client.isEnded);
    expect(client.receivedBytes).toBe(5_000_000);
    await server.kill();
  });
});

describe.concurrent("the end of a server", () => {
  it("is not put off by a client that never reads", async () => {
    const server = await EchoProcess.listening({ threads: 1 });
    const client = await server.connect();
    client.socket.pause();
    client.say("flood 30000000");
    await until("the server is at it", () => client.socket.bytesWritten > 0);
    server.signal("SIGTERM");
    await server.ended();
    expect(server.ending).toBe(0);
  });

  it("is not put off by a thread that hangs, nor hurried by the same request arriving twice", async () => {
    const server = await EchoProcess.listening({ threads: 1 });
    const client = await server.connect();
    expect(await client.ask("hang")).toBe("hangs");
    server.signal("SIGTERM");
    server.signal("SIGINT");
    await server.ended();
    expect(server.ending).toBe("SIGKILL");
    expect(server.errors).not.toContain("told to stop twice");
    expect(server.errors).toContain("homemaker: an I/O thread did not stop in time");
  });

  it("comes at once with a signal to stop that is another request", async () => {
    const server = await EchoProcess.listening({ threads: 1 });
    const client = await server.connect();
    expect(await client.ask("hang")).toBe("hangs");
    server.signal("SIGTERM");
    await until("it stops", () => server.errors.includes("stopping"));
    await until("it has enough of signals", () => {
      server.signal("SIGINT");
      return server.errors.includes("twice");
    });
    await server.ended();
    expect(server.ending).toBe("SIGKILL");
    expect(server.errors).toContain("homemaker: told to stop twice, ending at once");
  });
});

describe("an address", () => {
  it("that any server has is not shared with it", async () => {
    const first = await EchoProcess.listening({ threads: 2 });
    const second = new EchoProcess({
      threads: 2,
      listen: [{ kind: "tcp", host: "127.0.0.1", port: first.port }],
    });
    await second.ended();
    expect(second.errors).toBe(
      `homemaker: cannot listen on 127.0.0.1:${first.port}: the port is in use by another process\n`,
    );
    expect(second.ending).toBe(1);
    await first.kill();
  });

  it("that cannot be is refused with one line", async () => {
    const server = new EchoProcess({ listen: [{ kind: "tcp", host: "192.0.2.1", port: 0 }] });
    await server.ended();
    expect(server.errors).toBe(
      "homemaker: cannot listen on 192.0.2.1:0: this machine has no such address\n",
    );
    expect(server.ending).toBe(1);
  });

  it("may be one of several, each with a line of its own", async () => {
    const server = await EchoProcess.listening({ threads: 2, listen: [ANY_PORT, ANY_PORT] });
    const shape = /^homemaker \d+\.\d+\.\d+ listening on 127\.0\.0\.1:\d+ \(2 threads, 1 shard\)$/;
    expect(server.readyLines).toEqual([expect.stringMatching(shape), expect.stringMatching(shape)]);
    await server.kill();
  });
});

describe("a Unix socket", () => {
  it("that a killed server left is replaced with a warning", async () => {
    const path = freshPath();
    const listen = [unixAt(path)];
    const killed = await EchoProcess.listening({ listen });
    await killed.kill();
    const server = await EchoProcess.listening({ listen });
    const client = await EchoClient.connect({ path });
    expect(await client.ask("hello")).toBe("hello");
    await until("it warns", () => server.errors.includes("replacing the socket"));
    await server.kill();
  });

  it("that somebody answers on is left alone", async () => {
    const path = freshPath();
    const other = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => other.listen({ path }, resolve));
    const server = new EchoProcess({ listen: [unixAt(path)] });
    await server.ended();
    expect([server.ending, server.errors]).toEqual([
      1,
      `homemaker: cannot listen on unix:${path}: the socket is in use by another process\n`,
    ]);
    await new Promise((resolve) => other.close(resolve));
  });

  it("does not replace a file of another kind", async () => {
    const path = freshPath();
    writeFileSync(path, "precious");
    const server = new EchoProcess({ listen: [unixAt(path)] });
    await server.ended();
    expect([server.ending, server.errors, readFileSync(path, "utf8")]).toEqual([
      1,
      `homemaker: cannot listen on unix:${path}: there is a file that is not a socket\n`,
      "precious",
    ]);
  });
});

describe("the limit of open files", () => {
  it("lowers the limit of connections when it leaves no room for as many as asked for", async () => {
    const prefix = ["prlimit", "--nofile=140:140"];
    const server = await EchoProcess.listening({ threads: 1 }, undefined, prefix);
    await until("it says so", () => server.errors.includes("the limit of open files is too low"));
    await server.kill();
  });

  it("costs the connections beyond it when it is reached, not the server", async () => {
    const prefix = ["prlimit", "--nofile=300:300"];
    const server = await EchoProcess.listening({ threads: 1 }, undefined, prefix);
    const open = readdirSync(`/proc/${server.pid}/fd`).length;
    const { execa } = await import("execa");
    await execa("prlimit", ["--pid", String(server.pid), `--nofile=${open + 10}:300`]);
    const clients: EchoClient[] = [];
    for (let count = 0; count < 40; count++) clients.push(await server.connect());
    for (const client of clients) client.say("hello");
    const isSettled = (client: EchoClient): boolean =>
      client.received !== "" || client.isEnded || client.isClosed;
    await until("each has an answer or is closed", () => clients.every(isSettled));
    const served = clients.filter((client) => client.received !== "");
    expect(served.length).toBeGreaterThan(0);
    expect(served.length).toBeLessThan(clients.length);
    for (const client of served) client.socket.destroy();
    await untilServed(server);
    expect(server.errors.split("\n").length).toBeLessThan(10);
    await server.kill();
  });
});

describe("a user", () => {
  it("that does not exist is refused with one line", async () => {
    const server = new EchoProcess({ user: "no-such-user" });
    await server.ended();
    expect([server.ending, server.errors]).toEqual([
      1,
      "homemaker: there is no user no-such-user\n",
    ]);
  });

  it("becomes the owner of every thread of the process, if the process may do that", async () => {
    const server = new EchoProcess({ user: "nobody", threads: 2 });
    await until("it listens or ends", () => server.isGone || server.readyLines.length === 1);
    const outcome = server.isGone ? server.errors : someoneElseOwns(server.pid);
    const isRoot = process.getuid?.() === 0;
    expect(outcome).toBe(isRoot ? true : "homemaker: no permission to become user nobody\n");
    await server.kill();
  });
});

/** Whether root owns none of the threads of that process. */
function someoneElseOwns(pid: number): boolean {
  const tasks = readdirSync(`/proc/${pid}/task`);
  const statuses = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/status`, "utf8"));
  return statuses.every((status) => /^Uid:\t[1-9]/m.test(status));
}
