/*
 * Small containers: a server with the default options is not killed for its memory, not when it is
 * flooded either, and says so where it has too little.
 *
 * @module-tag cgroups
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startHomemaker } from "../support/homemaker.ts";
import { MemoryCgroup } from "../support/memory-cgroup.ts";
import { right } from "../support/programs.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { FillingClient } from "./filling-client.ts";

const MIB = 1_048_576;
const BODY_BYTES = 20_000;
const TUBES = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
/** What the log says where the memory is less than the need. */
const WARNING = "the memory is less than the process may need";

/** Starts one in a group of so many MiB. */
async function confine(limitMib: number, flags: readonly string[]): Promise<ServerProcess> {
  right("cgroups");
  const group = new MemoryCgroup(limitMib * MIB);
  onTestFinished(() => group.remove());
  const runtime = [...group.under, process.execPath];
  const server = await startHomemaker({ runtime, flags });
  onTestFinished(() => server.stop());
  return server;
}

/** A directory for --data. */
function directory(): string {
  const made = mkdtempSync(join(tmpdir(), "homemaker-container-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

/** Fills each tube, with so many MiB at most, empties it, and returns how many MiB it had. */
async function floodInTurn(
  server: ServerProcess,
  tubes: readonly string[],
  mostMib: number,
): Promise<readonly number[]> {
  const client = new FillingClient(await server.connect());
  const had: number[] = [];
  for (const tube of tubes) {
    const ids = await client.fill(tube, BODY_BYTES, (mostMib * MIB) / BODY_BYTES);
    had.push((ids.length * BODY_BYTES) / MIB);
    await client.ask([`flush-tube ${tube}\r\n`], 1);
  }
  client.close();
  return had;
}

test.each([
  { limitMib: 128, data: false, flags: [], most: 1, least: 10, warns: false },
  { limitMib: 128, data: true, flags: [], most: 1, least: 160, warns: true },
  { limitMib: 256, data: false, flags: ["--threads", "2"], most: 2, least: 48, warns: false },
  { limitMib: 256, data: true, flags: [], most: 2, least: 320, warns: false },
])(
  "a flood in $limitMib MiB is outlived, and each tube has its turn (data: $data, flags: $flags)",
  { timeout: 180_000 },
  async ({ limitMib, data, flags, most, least, warns }) => {
    const all = data ? [...flags, "--data", directory()] : flags;
    const server = await confine(limitMib, all);
    const [, threads] = /\((\d+) threads?, \d+ shards?\)/.exec(server.output) ?? [];
    expect(Number(threads)).toBeLessThanOrEqual(most);
    // With a directory, memory is no bound for a tube: more than there is of it goes into each.
    const had = data
      ? await floodInTurn(server, TUBES.slice(0, 3), least)
      : await floodInTurn(server, TUBES, Infinity);
    expect(had.filter((mib) => mib < least)).toEqual([]);
    expect(server.running).toBe(true);
    expect(server.output.includes(WARNING)).toBe(warns);
  },
);

test("--threads is obeyed where it does not fit, with a warning of the need and the limit", async () => {
  const server = await confine(196, ["--threads", "4"]);
  expect(server.output).toContain("(4 threads, ");
  expect(server.output).toContain(WARNING);
  expect(server.output).toContain(`"availableBytes":${196 * MIB}`);
  const [, needed] = /"neededBytes":(\d+)/.exec(server.output) ?? [];
  expect(Number(needed)).toBeGreaterThan(196 * MIB);
});
