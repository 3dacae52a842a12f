/* The lease of a data directory, between processes that each have a network of their own, as
 * containers with one volume have: what keeps them apart is in the directory.
 *
 * @module-tag mounts
 */
import { execFileSync, spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { verify } from "../../src/cli/verify.ts";
import { NodeStorage } from "../../src/storage/node-fs.ts";
import { SmallJournal } from "../cli/small-journal.ts";
import { recorder } from "../cli/recorder.ts";
import { right } from "../support/programs.ts";

const HOLDER = fileURLToPath(new URL("./lease-holder.ts", import.meta.url));
const TIMEOUT_MS = 120_000;
const CONTENDERS = 6;
const ROUNDS = 40;
const BUSY = "HM_STORAGE_BUSY";

/** A process that takes leases, in a network namespace of its own. */
class Holder {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(directory: string) {
    right("mounts");
    this.#child = spawn("unshare", ["-n", process.execPath, HOLDER, directory]);
    this.#child.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
    holders.push(this);
  }

  async #ask(line: string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    return String((await this.#lines.next()).value);
  }

  take(): Promise<string> {
    return this.#ask("take");
  }

  release(): Promise<string> {
    return this.#ask("release");
  }

  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    this.#child.kill("SIGCONT");
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const gone = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    if (this.#child.exitCode === null && this.#child.signalCode === null) await gone;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }
}

let directory = "";
const holders: Holder[] = [];
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "lease-"))));
afterEach(async () => {
  for (const holder of holders.splice(0)) await holder.kill();
  rmSync(directory, { recursive: true });
});

test(
  "of those who come at once one has it, whatever became of the last",
  {
    timeout: TIMEOUT_MS,
  },
  async () => {
    const contenders = Array.from({ length: CONTENDERS }, () => new Holder(directory));
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await Promise.all(contenders.map((one) => one.take()));
      const others = Array.from({ length: CONTENDERS - 1 }, () => BUSY);
      expect(answers.toSorted(), `round ${round}`).toEqual([...others, "taken"]);
      const winner = answers.indexOf("taken");
      if (round % 2 === 0) {
        await contenders[winner]?.release();
      } else {
        await contenders[winner]?.kill(); // its socket file stays
        contenders[winner] = new Holder(directory);
      }
    }
    expect(readdirSync(directory).filter((name) => name.startsWith("lock.socket."))).toEqual([]);
  },
);

test("who is frozen keeps it, and still has it when it goes on", async () => {
  const [first, second] = [new Holder(directory), new Holder(directory)];
  expect(await first.take()).toBe("taken");
  first.freeze();
  expect(await second.take()).toBe(BUSY);
  first.thaw();
  expect(await second.take()).toBe(BUSY);
  expect(await first.release()).toBe("released");
  expect(await second.take()).toBe("taken");
});

test(
  "it is named, and noticed however often it is asked for",
  { timeout: TIMEOUT_MS },
  async () => {
    (await SmallJournal.open(directory)).close();
    const holder = new Holder(directory);
    expect(await holder.take()).toBe("taken");
    holder.freeze(); // it takes no connections, so that its backlog fills
    const signature = readFileSync(join(directory, "lock"), "utf8").trim();
    expect(signature).toMatch(new RegExp(`^process ${holder.pid} on .`));
    for (let count = 0; count < 1000; count++) {
      const { runtime, complaints } = recorder();
      expect(await verify({ kind: "verify", directory, asJson: false }, runtime)).toBe(2);
      expect(complaints).toEqual([
        `homemaker: verify: ${directory}: a server uses it (${signature})`,
      ]);
    }
  },
);

test("a copy of a directory, made while it was held, is free", async () => {
  const holder = new Holder(directory);
  expect(await holder.take()).toBe("taken");
  const copy = join(directory, "copy");
  mkdirSync(copy);
  execFileSync("cp", ["-a", join(directory, "lock"), join(directory, "lock.socket"), copy]);
  expect(await new Holder(copy).take()).toBe("taken");
});

test("a directory may have a name that is too long for a socket", async () => {
  const deep = join(directory, "d".repeat(120), "e".repeat(120));
  mkdirSync(deep, { recursive: true });
  const [first, second] = [new Holder(deep), new Holder(deep)];
  expect(await first.take()).toBe("taken");
  expect(await second.take()).toBe(BUSY);
  await first.kill();
  expect(await second.take()).toBe("taken");
});

test("it is given back even where the file of the socket cannot be removed", async () => {
  const lease = await new NodeStorage(directory).lease();
  const socket = join(directory, "lock.socket");
  rmSync(socket);
  mkdirSync(socket); // which unlink refuses
  lease.release();
  rmdirSync(socket);
  (await new NodeStorage(directory).lease()).release();
  expect(readdirSync(directory)).toEqual(["lock"]);
});
