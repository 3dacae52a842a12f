/*
 * The demo accounts for every job, with its own server and with the real beanstalkd, and says so
 * when the books do not balance.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Account } from "../../../src/cli/demo/account.ts";
import { startBeanstalkd } from "../../support/beanstalkd.ts";
import { patientConnect } from "../../support/patient-connect.ts";

const DEMO = fileURLToPath(new URL("../../../src/cli/demo/main.ts", import.meta.url));

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "demo-"));
  for (let index = 0; index < 20; index++)
    await writeFile(join(folder, `${index}.txt`), `${index}`);
  await writeFile(join(folder, "big"), "");
  await truncate(join(folder, "big"), 5_000_000);
  await symlink(join(folder, "nowhere"), join(folder, "broken-link"));
});
afterAll(() => rm(folder, { recursive: true }));

async function runDemo(...args: string[]): Promise<{ code: unknown; output: string }> {
  const child = spawn(process.execPath, [DEMO, ...args]);
  let output = "";
  const keep = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const [code] = await once(child, "close");
  return { code, output };
}

describe("the demo", () => {
  test.each([
    ["--help", 0],
    ["--nonsense", 2],
  ])("says with %s how it is used, and exits with %i", async (flag, expected) => {
    const { code, output } = await runDemo(flag);
    expect(code).toBe(expected);
    expect(output).toContain("npm run demo -- FOLDER");
    expect(output).not.toContain("node:internal");
  });

  test("hashes files through a server of its own and accounts for every job", async () => {
    const { code, output } = await runDemo(folder);
    expect(output).toContain("put 22 = deleted 20 + buried 2");
    expect(output).toContain("buried big: too big (5000000 bytes)");
    expect(output).toContain("buried broken-link: ENOENT");
    expect(output).toContain("every job is accounted for");
    expect(code).toBe(0);
  });

  test(
    "does the same with a server that runs already, and leaves nothing behind there",
    { tags: ["beanstalkd"] },
    async () => {
      const server = await startBeanstalkd();
      const control = await patientConnect(server);
      if (!("port" in server.address)) throw new TypeError("not a TCP address");
      const { code, output } = await runDemo(
        folder,
        "--address",
        `127.0.0.1:${server.address.port}`,
      );
      expect(output).toContain("put 22 = deleted 20 + buried 2");
      expect(code).toBe(0);
      control.write("stats\r\n");
      const [stats] = await once(control, "data");
      expect(String(stats)).toContain("\ncurrent-jobs-buried: 0\n");
      expect(String(stats)).toContain("\ncurrent-tubes: 1\n");
      await server.stop();
    },
  );

  test.each([
    [["--address", "nonsense"], '--address must be HOST:PORT, not "nonsense"'],
    [["--address", "127.0.0.1:99999"], '--address must be HOST:PORT, not "127.0.0.1:99999"'],
    [["/nonexistent"], "ENOENT: no such file or directory, stat '/nonexistent'"],
    [[DEMO], `${DEMO}: it is not a folder`],
    [["/tmp", "/usr"], 'one folder at a time; "/usr" is one too many'],
  ])("says in one line what is wrong with %j, and exits with 2", async (words, line) => {
    const { code, output } = await runDemo(...words);
    expect({ code, output }).toEqual({ code: 2, output: `demo: ${line}\n` });
  });
});

describe("the demo's account", () => {
  const agreed = new Map([
    ["total-jobs", "3"],
    ["cmd-delete", "2"],
    ["current-jobs-buried", "1"],
    ["current-jobs-ready", "0"],
    ["current-jobs-reserved", "0"],
    ["current-jobs-delayed", "0"],
  ]);

  function accountOf(put: number, deleted: number): Account {
    const account = new Account();
    Object.assign(account, { put, deleted });
    account.failures.push({ job: "3", path: "x", reason: "y" });
    return account;
  }

  test("balances when both sides agree", () => {
    expect(accountOf(3, 2).disagreements(agreed)).toEqual([]);
  });

  test("finds a job that is missing on either side", () => {
    expect(accountOf(4, 2).disagreements(agreed)).toEqual([
      "1 jobs were put, but neither deleted nor buried",
      "total-jobs: the demo counted 4, the server 3",
    ]);
    const ready = new Map([...agreed, ["current-jobs-ready", "1"]]);
    expect(accountOf(3, 2).disagreements(ready)).toEqual([
      "current-jobs-ready: the demo counted 0, the server 1",
    ]);
  });
});
