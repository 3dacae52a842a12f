/* `homemaker verify` on journals that are sound, torn at their end, and damaged. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { verify } from "../../src/cli/verify.ts";
import type { Inspection } from "../../src/journal/inspection.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import { runCommand } from "./command.ts";
import { recorder } from "./recorder.ts";
import { SmallJournal } from "./small-journal.ts";

let directory = "";
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "verify-"))));
afterEach(() => rmSync(directory, { recursive: true }));

/** A job in each state, and a deleted one. */
async function writeJobs(): Promise<SmallJournal> {
  const journal = await SmallJournal.open(directory);
  for (let n = 0; n < 5; n++) journal.put(`body ${n}`);
  journal.put("later", { tube: "t", delaySeconds: 100 });
  journal.delete("default");
  journal.bury("default", 7);
  return journal;
}

async function verifyAsJson(): Promise<{ code: number; found: Inspection }> {
  const { runtime, printed, complaints } = recorder();
  const code = await verify({ kind: "verify", directory, asJson: true }, runtime);
  expect(complaints).toEqual([]);
  return { code, found: JSON.parse(printed.join("")) as Inspection };
}

function fileOf(segment: number): string {
  return join(directory, `journal.${String(segment).padStart(10, "0")}`);
}

/** Flips the lowest bit of the byte in which `text` begins, in the first segment. */
function flipBitAt(text: string): void {
  const bytes = readFileSync(fileOf(1));
  const at = bytes.indexOf(text);
  expect(at).toBeGreaterThan(0);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(fileOf(1), bytes);
}

describe("a journal that was closed in order", () => {
  it("is clean, and its jobs are counted by state", async () => {
    (await writeJobs()).close();
    expect(await verifyAsJson()).toMatchObject({
      code: 0,
      found: {
        spares: 0, // nothing called `maintain`, which makes them
        records: { put: 6, state: 1, delete: 1, part: 0, failure: 1, tube: 0, key: 0, result: 0 },
        jobs: { ready: 3, delayed: 1, buried: 1 },
        failures: 1,
        lastId: 6,
        tornBytes: 0,
        damagedBytes: 0,
        damagedSegments: [],
      },
    });
  });

  it("is told about in lines for people", async () => {
    (await writeJobs()).close();
    const ending = await runCommand(["verify", directory]);
    expect(ending).toMatchObject({ code: 0, stderr: "" });
    expect(ending.stdout.split("\n").slice(2)).toEqual([
      "frames: 10",
      "records: 9 (6 put, 1 state, 1 delete, 0 part, 1 failure, 0 tube, 0 key, 0 result)",
      "jobs: 5 (3 ready, 1 delayed, 1 buried)",
      "failures of these jobs: 1",
      "ids go on at: 7",
      "torn end: none",
      "damage: none",
    ]);
  });

  it("is not changed by looking", async () => {
    (await writeJobs()).close();
    const state = (): unknown =>
      readdirSync(directory).map((name) => [name, statSync(join(directory, name)).mtimeMs]);
    const before = state();
    await verifyAsJson();
    expect(state()).toEqual(before);
  });

  it("with one bit of a job flipped is damaged, and all the other jobs are there", async () => {
    (await writeJobs()).close();
    flipBitAt("body 3");
    const { code, found } = await verifyAsJson();
    expect(code).toBe(1);
    expect(found.jobs).toEqual({ ready: 2, delayed: 1, buried: 1 });
    expect(found.damagedSegments).toEqual(["journal.0000000001"]);
    expect(found.damagedBytes).toBeGreaterThan(0);
    const { runtime, printed } = recorder();
    expect(await verify({ kind: "verify", directory, asJson: false }, runtime)).toBe(1);
    expect(printed.at(-1)).toMatch(/^damage: \d+ bytes, in journal\.0000000001$/);
  });
});

it("a server that is strict about damage names the directory, and the command that looks", async () => {
  (await writeJobs()).close();
  flipBitAt("body 3");
  const flags = ["--data", directory, "--recovery", "strict", "--listen", "127.0.0.1:0"];
  expect(await runCommand(flags)).toMatchObject({
    code: 1,
    stderr:
      `homemaker: ${directory}: journal.0000000001: records are damaged; ` +
      `look with: homemaker verify ${directory}`,
  });
});

describe("a journal that a crash ended", () => {
  it("is clean while its last frame is whole", async () => {
    (await writeJobs()).crash();
    expect(await verifyAsJson()).toMatchObject({ code: 0, found: { tornBytes: 0 } });
  });

  it("is clean without its last frame, which nobody knew to be safe", async () => {
    const journal = await writeJobs();
    journal.put("the last one");
    journal.crash();
    flipBitAt("the last one");
    const { code, found } = await verifyAsJson();
    expect(code).toBe(0);
    expect(found.jobs).toEqual({ ready: 3, delayed: 1, buried: 1 });
    expect(found.tornBytes).toBeGreaterThan(0);
  });
});

it("a journal of several segments is clean after segments of it were reclaimed", async () => {
  const journal = await SmallJournal.open(directory);
  const body = "x".repeat(60_000);
  const kept = journal.put("kept", { tube: "t" });
  for (let n = 0; n < 100; n++) {
    journal.put(body);
    journal.delete("default");
    journal.maintain();
  }
  journal.close();
  const { code, found } = await verifyAsJson();
  expect(kept).toBe(1);
  expect(code).toBe(0);
  expect(found).toMatchObject({ jobs: { ready: 1, delayed: 0, buried: 0 }, lastId: 101 });
  expect(found.segments[0]?.name).not.toBe("journal.0000000001");
});

it("a journal of which a segment is missing from the middle is damaged, and it says which", async () => {
  const journal = await SmallJournal.open(directory);
  for (let n = 0; n < 40; n++) journal.put(`${n} `.padEnd(60_000, "x"));
  journal.close();
  rmSync(fileOf(2));
  const { code, found } = await verifyAsJson();
  expect(code).toBe(1);
  expect(found.missingSegments).toEqual(["journal.0000000002"]);
  const { runtime, printed } = recorder();
  expect(await verify({ kind: "verify", directory, asJson: false }, runtime)).toBe(1);
  expect(printed.at(-1)).toBe("damage: missing: journal.0000000002");
});

it("a journal of which nothing is left but the hints is damaged, as a strict server says", async () => {
  const broker = await openBroker({ dataDirectory: directory });
  const body = new TextEncoder().encode("x");
  expect((await broker.connect().ask("put 0 0 60 1", body)).line).toBe("INSERTED 1");
  await broker.close();
  for (const name of readdirSync(directory)) if (name !== "hints") rmSync(join(directory, name));
  const { code, found } = await verifyAsJson();
  expect({ code, segments: found.segments }).toEqual({ code: 1, segments: [] });
  expect(found.missingSegments).toEqual(["journal.0000000001"]);
  const { runtime, printed } = recorder();
  expect(await verify({ kind: "verify", directory, asJson: false }, runtime)).toBe(1);
  expect(printed.at(-1)).toBe("damage: missing: journal.0000000001");
  await expect(openBroker({ dataDirectory: directory, recovery: "strict" })).rejects.toThrow(
    "journal.0000000001: it belongs to the journal and is missing",
  );
});

describe("it could not look, which is exit code 2,", () => {
  it("where there is no such directory, and none is made", async () => {
    const missing = join(directory, "missing");
    expect(await runCommand(["verify", missing])).toEqual({
      code: 2,
      stdout: "",
      stderr: `homemaker: verify: ${missing}: there is no such directory`,
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it("at a file", async () => {
    expect((await runCommand(["verify", "/etc/passwd"])).stderr).toBe(
      "homemaker: verify: /etc/passwd: it is a file, not a directory",
    );
  });

  it("where there is no journal", async () => {
    const { runtime, complaints } = recorder();
    expect(await verify({ kind: "verify", directory, asJson: false }, runtime)).toBe(2);
    expect(complaints).toEqual([`homemaker: verify: ${directory}: there is no journal in it`]);
  });

  it("where a beanstalkd's log lies", async () => {
    writeFileSync(join(directory, "binlog.7"), "");
    const { runtime, complaints } = recorder();
    expect(await verify({ kind: "verify", directory, asJson: false }, runtime)).toBe(2);
    expect(complaints).toEqual([
      `homemaker: verify: ${directory}: it holds the log of a beanstalkd, not a journal; ` +
        `make one of it with: homemaker import ${directory} --data NEW-DIRECTORY`,
    ]);
    expect(readdirSync(directory)).toEqual(["binlog.7"]);
  });

  it("while a server uses the directory", async () => {
    const journal = await writeJobs();
    try {
      const { runtime, complaints } = recorder();
      expect(await verify({ kind: "verify", directory, asJson: false }, runtime)).toBe(2);
      const holder = `process ${process.pid} on ${hostname()}`;
      expect(complaints).toEqual([`homemaker: verify: ${directory}: a server uses it (${holder})`]);
    } finally {
      journal.close();
    }
  });

  it("at a journal of a newer program", async () => {
    (await writeJobs()).close();
    rewriteVersions(5);
    const { runtime, complaints } = recorder();
    expect(await verify({ kind: "verify", directory, asJson: false }, runtime)).toBe(2);
    expect(complaints).toEqual([
      "homemaker: verify: the journal needs format 5, this program reads up to 4",
    ]);
  });
});

it("ids go on right behind the last one, after a crash too; an older version did not say how far", async () => {
  (await writeJobs()).crash();
  expect((await verifyAsJson()).found.lastId).toBe(6);
  rewriteVersions(2);
  const { lastId } = (await verifyAsJson()).found;
  expect(lastId).toBeGreaterThan(65_536);
});

/** Gives the first segment's header, which stands there twice, other versions. */
function rewriteVersions(version: number): void {
  const bytes = readFileSync(fileOf(1));
  for (const copy of [0, 2048]) {
    bytes.writeUInt16LE(version, copy + 12);
    bytes.writeUInt16LE(version, copy + 14);
    bytes.writeUInt32LE(crc32c(bytes.subarray(copy + 12, copy + 128)), copy + 8);
  }
  writeFileSync(fileOf(1), bytes);
}

function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1));
  }
  return ~crc >>> 0;
}
