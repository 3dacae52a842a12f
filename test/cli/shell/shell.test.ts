/*
 * The shell's commands as a user runs them, against Homemaker and, where it knows what they say,
 * against beanstalkd.
 */
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "../command.ts";
import type { Ending } from "../command.ts";
import { startBeanstalkd } from "../../support/beanstalkd.ts";
import { COMMAND } from "../../support/command.ts";
import { startHomemaker } from "../../support/homemaker.ts";
import type { ServerProcess } from "../../support/server-process.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

function addressOf({ address }: ServerProcess): string {
  return "path" in address ? `unix:${address.path}` : `${address.host}:${address.port}`;
}

/** Runs the command with `input` as its standard input. */
function runWithInput(argv: readonly string[], input: string, address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, HOMEMAKER_ADDRESS: address };
    const child = execFile(process.execPath, [COMMAND, ...argv], { env }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
    child.stdin?.end(input);
  });
}

describe("the shell's commands against Homemaker", () => {
  workWith(startHomemaker);
});
describe("the shell's commands against beanstalkd", { tags: ["beanstalkd"] }, () => {
  workWith(startBeanstalkd);
});

function workWith(start: () => Promise<ServerProcess>): void {
  let server: ServerProcess;
  let address = "";
  beforeAll(async () => {
    server = await start();
    address = addressOf(server);
  });
  afterAll(() => server.stop());

  const run = (line: string): Promise<Ending> =>
    runCommand(line.split(" "), { env: { HOMEMAKER_ADDRESS: address } });
  const stdout = async (line: string): Promise<string> => {
    const ending = await run(line);
    expect(ending).toMatchObject({ code: 0, stderr: "" });
    return ending.stdout;
  };

  it("put a job, look at it, take it, bury it, kick it and delete it", async () => {
    const id = Number(await stdout("put mails hello --pri 5"));
    expect(await stdout(`peek ${id}`)).toBe("hello");
    expect(JSON.parse(await stdout("peek --tube mails --json"))).toEqual({ id, body: "hello" });
    expect(await stdout("reserve mails --bury")).toBe("hello");
    expect(JSON.parse(await stdout(`stats --job ${id} --json`))).toMatchObject({
      state: "buried",
      pri: 5,
    });
    expect(await stdout("kick mails 10")).toMatch(/^kicked: +1$/);
    expect(await stdout("reserve mails")).toBe("hello"); // and back it goes
    expect(JSON.parse(await stdout("stats mails --json"))).toMatchObject({
      name: "mails",
      "current-jobs-ready": 1,
      "current-jobs-reserved": 0,
    });
    expect(await stdout("reserve mails --delete")).toBe("hello");
    expect(await run(`peek ${id}`)).toMatchObject({ code: 1, stdout: "" });
  });

  it("put what stands in standard input, whole or line by line", async () => {
    const ids = await runWithInput(["put", "in", "--lines"], "one\ntwo\r\n\nfour", address);
    expect(ids.trim().split("\n")).toHaveLength(4);
    const whole = Number(await runWithInput(["put", "in", "--pri", "0"], "a\nb\n", address));
    expect(await runWithInput(["peek", String(whole)], "", address)).toBe("a\nb\n");
    const bodies = await Promise.all(
      ids
        .trim()
        .split("\n")
        .map((id) => runWithInput(["peek", id], "", address)),
    );
    expect(bodies).toEqual(["one", "two", "", "four"]);
  });

  it("list the tubes in the order asked for", async () => {
    await stdout("put zz x --delay 100");
    const lines = (await stdout("tubes --sort delayed")).split("\n");
    expect(lines[0]).toMatch(/^name +ready +reserved +delayed/);
    expect(lines[1]).toMatch(/^zz +0 +0 +1 /);
    const names = (await stdout("tubes --json"))
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names).toEqual(names.toSorted());
    expect(names).toContain("zz");
  });

  it("pause a tube, and end that", async () => {
    await stdout("put pausing x");
    await stdout("pause pausing 1000");
    expect(await run("reserve pausing")).toMatchObject({
      code: 1,
      stderr: "homemaker: no job is ready",
    });
    expect(await stdout("pause pausing 0")).toBe("pause-ended: pausing");
    expect(JSON.parse(await stdout("stats --json"))).toMatchObject({ draining: false });
    expect(await stdout("reserve pausing --delete")).toBe("x");
  });

  it("go on where a job is missing, and say so", async () => {
    const id = Number(await stdout("put one x"));
    expect(await run(`delete 999999 ${id}`)).toEqual({
      code: 1,
      stdout: "deleted: 1",
      stderr: "homemaker: delete: there is no job 999999",
    });
  });

  it("say whether a job is not there, held by somebody, or in another state", async () => {
    const held = Number(await stdout("put held x"));
    const ready = Number(await stdout("put other x"));
    const worker = await server.connect();
    worker.write("watch held\r\nreserve\r\n");
    await once(worker, "data");
    await expect.poll(() => stdout(`stats --job ${held} --json`)).toContain('"reserved"');
    const why = async (line: string): Promise<string> => (await run(line)).stderr;
    expect(await why(`delete ${held}`)).toBe(`homemaker: delete: job ${held} is held by a worker`);
    expect(await why(`kick-job ${ready} ${held} 999999`)).toBe(
      `homemaker: kick-job: job ${ready} is ready; job ${held} is held by a worker; ` +
        "there is no job 999999",
    );
    expect(await why("peek 999999")).toBe("homemaker: there is no job 999999");
    expect(await why("stats --job 999999")).toBe("homemaker: there is no job 999999");
    expect(await why("stats nowhere")).toBe("homemaker: there is no tube nowhere");
    expect(await why("pause nowhere 1h")).toBe("homemaker: there is no tube nowhere");
    expect(await why("flush nowhere")).toBe("homemaker: there is no tube nowhere");
    expect(await run("kick nowhere 3")).toEqual({
      code: 1,
      stdout: "",
      stderr: "homemaker: there is no tube nowhere",
    });
    expect(await why("peek --tube nowhere")).toBe("homemaker: there is no tube nowhere");
    expect(await why("reserve nowhere")).toBe("homemaker: there is no tube nowhere");
    expect(await why("reserve nowhere neither")).toBe(
      "homemaker: there is no tube nowhere or neither",
    );
    expect(await why("reserve nowhere default")).toBe("homemaker: no job is ready");
    expect(await why("reserve nowhere --timeout 1")).toBe("homemaker: no job is ready");
    expect(await why("stats nowhere")).toBe("homemaker: there is no tube nowhere"); // none was made
    expect(await why("peek --tube other --state buried")).toBe(
      "homemaker: no job of the tube is buried",
    );
    worker.destroy();
  });

  it("flush nothing unless they are told so twice", async () => {
    await stdout("put flushed x");
    expect(await run("flush flushed")).toMatchObject({
      code: 1,
      stderr: "homemaker: this would delete 1 job of flushed: say --yes",
    });
  });

  it("draw what happens, until q is pressed", async () => {
    await stdout("put drawn x");
    const screen = await new Promise<string>((resolve, reject) => {
      const inside = `stty cols 120 rows 40; exec '${process.execPath}' '${COMMAND}' top --sort ready`;
      const env = { ...process.env, HOMEMAKER_ADDRESS: address };
      const child = execFile("script", ["-qec", inside, "/dev/null"], { env }, (error, text) =>
        error === null ? resolve(text) : reject(error),
      );
      child.stdout?.on("data", (text: string) => {
        if (text.includes("drawn")) child.stdin?.write("q");
      });
    });
    expect(screen).toContain(`${address} · version `);
    expect(screen.endsWith("\x1B[?25h\x1B[?1049l")).toBe(true); // the screen is left as it was
  });
}

it("a job is put with tags, and who meets its key is told so", async () => {
  const server = await startHomemaker();
  const env = { HOMEMAKER_ADDRESS: addressOf(server) };
  const facts = async (...argv: string[]): Promise<Record<string, unknown>> => {
    const { stdout } = await runCommand([...argv, "--json"], { env });
    return JSON.parse(stdout) as Record<string, unknown>;
  };
  const put = ["put", "tagged", "x", "--tags", "idp:one max:3"];
  const { id } = await facts(...put);
  expect(await facts(...put)).toEqual({ id, met: "ready" });
  expect(await facts("stats", "--job", String(id))).toMatchObject({
    "idempotency-key": "one",
    max: 3,
  });
  await server.stop();
});

it(
  "what beanstalkd does not know is said, before anything has happened",
  { tags: ["beanstalkd"] },
  async () => {
    const server = await startBeanstalkd();
    const env = { HOMEMAKER_ADDRESS: addressOf(server) };
    const run = (argv: readonly string[]): Promise<Ending> => runCommand(argv, { env });
    const id = (await run(["put", "mails", "x"])).stdout;
    expect(await run(["failures", id])).toEqual({
      code: 1,
      stdout: "",
      stderr: "homemaker: this server does not know list-failures",
    });
    expect(await run(["reserve", "mails", "--bury", "-m", `delete ${id}`])).toEqual({
      code: 1,
      stdout: "",
      stderr: "homemaker: this server does not know failure messages",
    });
    expect(await run(["put", "mails", `delete ${id}`, "--tags", "max:1"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "homemaker: this server does not know tags",
    });
    const { stdout } = await run(["stats", "--job", id, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({ state: "ready", reserves: 0 });
    await server.stop();
  },
);

it("without a screen top prints a line for each look", async () => {
  const server = await startHomemaker();
  const args = [COMMAND, "top", "--json", "-a", addressOf(server)];
  const child = execFile(process.execPath, args);
  const [line] = await new Promise<string[]>((resolve) => {
    child.stdout?.once("data", (text: string) => resolve(text.split("\n")));
  });
  child.kill();
  expect(JSON.parse(line ?? "")).toMatchObject({
    perSecond: { put: 0 },
    server: { "current-jobs-ready": 0 },
    tubes: [{ name: "default" }],
  });
  await server.stop();
});

describe("a server that is started again", () => {
  const again = (first: ServerProcess): Promise<ServerProcess> =>
    startHomemaker({ flags: ["-p", addressOf(first).replace(/.*:/, "")] });

  it("is found again by top, line by line", async () => {
    const first = await startHomemaker();
    const where = addressOf(first);
    const child = execFile(process.execPath, [COMMAND, "top", "-a", where]);
    let told = "";
    let complaints = "";
    child.stdout?.on("data", (text: string) => (told += text));
    child.stderr?.on("data", (text: string) => (complaints += text));
    await expect.poll(() => told).toContain("ready 0");
    await first.stop();
    await expect.poll(() => complaints).toContain(`${where}: the connection is lost, trying again`);
    told = "";
    const second = await again(first);
    await expect.poll(() => complaints).toContain("connected again");
    await expect.poll(() => told).toContain("ready 0");
    child.kill();
    await second.stop();
  });

  it("is found again by top on its screen, which says so meanwhile and is left by q", async () => {
    const first = await startHomemaker();
    const where = addressOf(first);
    const inside = `stty cols 80 rows 24; exec '${process.execPath}' '${COMMAND}' top -a ${where}`;
    let screen = "";
    const child = execFile("script", ["-qec", inside, "/dev/null"]);
    child.stdout?.on("data", (text: string) => (screen += text));
    await expect.poll(() => screen).toContain("version ");
    await first.stop();
    await expect.poll(() => screen).toContain("the connection is lost, trying again");
    screen = "";
    const second = await again(first);
    await expect.poll(() => screen).toContain("version ");
    await second.stop();
    await expect.poll(() => screen).toContain("the connection is lost, trying again");
    child.stdin?.write("q");
    const [code] = (await once(child, "exit")) as [number];
    expect(code).toBe(0);
  });
});

it("in a clone npm start --silent prints what the command prints, and nothing else", async () => {
  const server = await startHomemaker();
  const words = ["start", "--silent", "--", "tubes", "--json", "-a", addressOf(server)];
  const { stdout } = await execa("npm", words, { cwd: ROOT });
  expect(JSON.parse(stdout)).toMatchObject({ name: "default" });
  await server.stop();
});

it("a server that is not there is one line and exit code 1", async () => {
  const ending = await runCommand(["stats", "-a", "127.0.0.1:1"]);
  expect(ending).toMatchObject({ code: 1, stdout: "" });
  expect(ending.stderr).toMatch(
    /^homemaker: 127\.0\.0\.1:1: nobody listens there \(ECONNREFUSED\)$/,
  );
});

it.each([
  [
    "speaks something else",
    "HTTP/1.1 400 Bad Request\r\n\r\n",
    /: the server sent "HTTP.*, which is no reply$/,
  ],
  ["hangs up", "", /: features: the connection ended before the answer came$/],
])("a server that %s is one line and exit code 1", async (_, said, complaint) => {
  const server = createServer((socket) => socket.once("data", () => socket.end(said)));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const ending = await runCommand(["stats", "-a", `127.0.0.1:${port}`]);
  server.close();
  expect(ending).toMatchObject({ code: 1, stdout: "" });
  expect(ending.stderr).toMatch(complaint);
});

describe("what only Homemaker knows", () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startHomemaker();
  });
  afterAll(() => server.stop());
  const run = (line: string): Promise<Ending> =>
    runCommand(line.split(" "), { env: { HOMEMAKER_ADDRESS: addressOf(server) } });

  it("lists the jobs of a tube and empties it", async () => {
    const ids: number[] = [];
    for (const body of ["a", "bc"]) ids.push(Number((await run(`put listed ${body}`)).stdout));
    const listed = await run("jobs listed ready --json");
    const jobs = listed.stdout.split("\n").map((line) => JSON.parse(line) as object);
    expect(jobs).toMatchObject([
      { id: ids[0], bytes: 1 },
      { id: ids[1], bytes: 2 },
    ]);
    expect((await run(`jobs listed ready --after ${ids[0]}`)).stdout.split("\n")).toHaveLength(2);
    const [head] = (await run("jobs listed ready")).stdout.split("\n");
    expect(await run("flush listed --yes")).toMatchObject({ code: 0, stdout: "flushed: 2" });
    const empty = (await run("jobs default")).stdout;
    expect(empty.split(/ +/)).toEqual(head?.trim().split(/ +/));
  });

  it("says why a job is put aside or goes back, and shows who said what", async () => {
    const id = Number((await run("put trouble x")).stdout);
    const why = '\u00e9\x1b[31m: "no",\nwith\r\n---\nattempt: 9';
    const argv = ["reserve", "trouble", "--message", why];
    const env = { HOMEMAKER_ADDRESS: addressOf(server) };
    expect(await runCommand(argv, { env })).toMatchObject({ code: 0, stdout: "x" });
    expect(await run("reserve trouble --bury -m gone")).toMatchObject({ code: 0 });
    const asJson = (await run(`failures ${id} --json`)).stdout.split("\n");
    expect(asJson.map((line) => JSON.parse(line) as object)).toEqual([
      {
        attempt: 1,
        at: expect.any(Number),
        who: expect.any(String),
        end: "released",
        message: why,
      },
      {
        attempt: 2,
        at: expect.any(Number),
        who: expect.any(String),
        end: "buried",
        message: "gone",
      },
    ]);
    const [first, ...others] = (await run(`failures ${id}`)).stdout.split("\n");
    expect(first).toMatch(/^20\d\d-\S+Z {2}attempt 1 {2}released {2}(unix|127\.0\.0\.1:\d+)$/);
    expect(others.slice(0, 4)).toEqual([
      '    \u00e9\\x1b[31m: "no",',
      "    with\\x0d",
      "    ---",
      "    attempt: 9",
    ]);
    expect(await run(`stats --job ${id} --json`)).toMatchObject({
      stdout: expect.stringContaining('"state":"buried"') as string,
    });
    expect(await run("failures 999999")).toMatchObject({ code: 1, stdout: "" });
    expect(await run(`failures ${(await run("put trouble y")).stdout}`)).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });

  const stdout = async (line: string): Promise<string> => (await run(line)).stdout;

  it("says why nobody gets a job, and what stands before it", async () => {
    const ids = [await stdout("put asked x"), await stdout("put asked x")];
    const [first = "", second = ""] = (await stdout(`why ${ids[1]}`)).split("\n");
    expect(first).toMatch(/^why: +no connection watches its tube; 1 job stands before it$/);
    expect(second).toMatch(/^reason: +unwatched$/);
    expect(JSON.parse(await stdout(`why ${ids[1]} --json`))).toMatchObject({
      reason: "unwatched",
      tube: "asked",
      before: 1,
      draining: false,
    });
    expect(await run("why 999999")).toMatchObject({
      code: 1,
      stderr: "homemaker: there is no job 999999",
    });
  });

  it("cancels jobs, those that a worker holds too", async () => {
    const [held, ready] = [await stdout("put cancelled x"), await stdout("put spare x")];
    const worker = await server.connect();
    worker.write("watch cancelled\r\nignore default\r\nreserve\r\n");
    await once(worker, "data");
    await expect.poll(() => stdout(`stats --job ${held} --json`)).toContain('"reserved"');
    expect(await run(`cancel ${held} ${ready} 999999`)).toEqual({
      code: 1,
      stdout: "cancelled:  1\ncancelling: 1",
      stderr: "homemaker: cancel: there is no job 999999",
    });
    worker.destroy();
    await expect.poll(async () => (await run(`peek ${held}`)).code).toBe(1);
  });

  it("moves jobs to another tube, and says why", async () => {
    const id = Number(await stdout("put moving x"));
    expect(await run(`move dead ${id} 999999 -m broken`)).toEqual({
      code: 1,
      stdout: "moved: 1",
      stderr: "homemaker: move: there is no job 999999",
    });
    expect(JSON.parse(await stdout(`stats -j ${id} --json`))).toMatchObject({ tube: "dead" });
    expect(await stdout(`failures ${id}`)).toContain("broken");
  });

  it("finishes a job with a result, and waits for the ends of jobs", async () => {
    const [done, buried] = [await stdout("put results x"), await stdout("put results y")];
    const waits = run(`await ${done} ${buried}`);
    await expect.poll(() => stdout("stats --json")).toContain('"cmd-await":2');
    expect(await run(`finish ${done} the-result --keep 1m`)).toMatchObject({
      code: 0,
      stdout: `finished: ${done}`,
    });
    expect(await run("reserve results --bury -m no-camera")).toMatchObject({ code: 0 });
    expect(await waits).toEqual({
      code: 1,
      stdout: `${done} finished\nthe-result\n${buried} buried\nno-camera`,
      stderr: `homemaker: await: job ${buried} is buried`,
    });
    const kept = JSON.parse(await stdout(`await ${done} --json`)) as object;
    expect(kept).toEqual({ id: Number(done), end: "finished", body: "the-result" });
    expect(await run("await 999999")).toEqual({
      code: 1,
      stdout: "",
      stderr: "homemaker: await: there is no job 999999, nor a result of it",
    });
    expect(await run(`finish ${done} again`)).toMatchObject({ code: 1 });
  });

  it("changes the priority and the delay of jobs", async () => {
    const id = Number(await stdout("put changed x --pri 7 --delay 1h"));
    const facts = async (): Promise<unknown> => JSON.parse(await stdout(`stats -j ${id} --json`));
    expect(await stdout(`update-job ${id} --pri 3`)).toBe("updated: 1");
    expect(await facts()).toMatchObject({ pri: 3, state: "delayed" });
    expect(await stdout(`update-job ${id} --delay 0`)).toBe("updated: 1");
    expect(await facts()).toMatchObject({ pri: 3, state: "ready" });
    expect(await run(`update-job 999999 ${id} --pri 5 --delay 1m`)).toEqual({
      code: 1,
      stdout: "updated: 1",
      stderr: "homemaker: update-job: there is no job 999999",
    });
    expect(await facts()).toMatchObject({ pri: 5, state: "delayed", delay: 60 });
  });

  it("has the server refuse new jobs, and take them again", async () => {
    expect(await run("drain")).toMatchObject({ code: 0, stdout: "draining: true" });
    expect(await run("put a b")).toMatchObject({
      code: 1,
      stderr: "homemaker: the server takes no new jobs: it is draining",
    });
    expect(JSON.parse((await run("drain --json")).stdout)).toEqual({ draining: true });
    expect(JSON.parse((await run("stats --json")).stdout)).toMatchObject({
      draining: true,
      "journal-read-only": false,
    });
    expect(JSON.parse((await run("undrain --json")).stdout)).toEqual({ draining: false });
    expect(await run("undrain")).toMatchObject({ code: 0, stdout: "draining: false" });
    const several = `unix:/nowhere/at/all,${addressOf(server)}`;
    const status: unknown = JSON.parse((await run(`status --json -a ${several}`)).stdout);
    expect(await run("status -a unix:/nowhere/at/all,unix:/there/neither")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /unix:\/nowhere\/at\/all: .*; unix:\/there\/neither: /,
      ) as string,
    });
    expect(status).toMatchObject({
      server: addressOf(server),
      role: "alone",
      draining: false,
      "journal-read-only": false,
    });
    expect(status).not.toHaveProperty("copy-epoch");
    expect(await run("step-down")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("keeps no copy of its journal (--journal)") as string,
    });
    expect(await run("put a b")).toMatchObject({ code: 0 });
  });
});
