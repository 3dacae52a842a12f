/*
 * Holes: stretches of a journal that the device cannot read. What lies there is lost, is said, and
 * nothing else comes to harm.
 */
import { expect, test } from "vitest";
import { readAround } from "../../src/journal/holes.ts";
import { StorageError } from "../../src/storage.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { write } from "./flips.ts";
import { atStake, recordsOf } from "./records.ts";
import { SimulatedDisk } from "./simulated-disk.ts";
import type { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const REPLAY = `SEED=${SEED} npx vitest run test/journal/holes.test.ts`;
const BLOCK = 4096;
const HOLES = 60;
/** Parts of upkeep that suffice: behind a hole a record is looked for at every eighth byte. */
const UPKEEP = 20_000;

function segmentsOf(world: World): readonly string[] {
  return world.disk.names.filter((name) => name.startsWith("journal.")).toSorted();
}

test.for([true, false])(
  "what cannot be read of a journal harms only what lies there, and is said (closed: %s)",
  (closes) => {
    const world = write(SEED, closes);
    const random = randomFrom(SEED + 1);
    const names = segmentsOf(world);
    const records = new Map(names.map((name) => [name, recordsOf(world, name)]));
    for (let round = 0; round < HOLES; round++) {
      const name = names[random(names.length)] ?? "";
      const used = records.get(name)?.at(-1)?.to ?? BLOCK + 1; // a segment may just have begun
      const from = BLOCK * (1 + random(Math.ceil(used / BLOCK) - 1));
      const to = Math.min(SEGMENT_BYTES, from + BLOCK * (1 + random(3)));
      const fork = world.fork(randomFrom(SEED));
      fork.isDamaged = true;
      fork.disk.unreadable = [{ name, from, to }];
      fork.boot();
      const [ids, deletes] = atStake(records.get(name) ?? [], from, to);
      const where = `${name} from ${from} to ${to}; ${REPLAY}`;
      const problems = problemsOf(fork, to - from, ids, deletes);
      if (round % 10 === 0) problems.push(...problemsOfQuarantine(fork, name));
      expect({ where, problems }).toEqual({ where, problems: [] });
    }
  },
);

/**
 * What is not as it should be after a recovery with a hole of `bytes`, which hit records of these
 * jobs, so many of them tombstones.
 */
function problemsOf(
  world: World,
  bytes: number,
  ids: ReadonlySet<number>,
  deletes: number,
): string[] {
  const harm = world.harm();
  const lost = harm.filter((said) => !said.includes("came back"));
  const problems = lost.filter((said) => !ids.has(Number.parseInt(said, 10)));
  if (harm.length - lost.length > deletes) problems.push("more jobs are back than could be");
  const said = world.lastReport?.unreadableBytes;
  if (said !== bytes) problems.push(`${said} bytes are said to be unreadable, not ${bytes}`);
  return problems;
}

/** The segment must go, as a file for people, and nothing more may be harmed. */
function problemsOfQuarantine(world: World, name: string): readonly string[] {
  const harm = world.harm();
  for (let left = UPKEEP; left > 0 && world.journal.maintain(); left--);
  const { names } = world.disk;
  const problems: string[] = [];
  if (!names.includes(name.replace("journal", "quarantine"))) problems.push("no quarantine");
  if (names.includes(name)) problems.push("the segment is still there");
  world.journal.close();
  world.crash(false);
  world.boot();
  if (world.harm().join() !== harm.join()) problems.push(`more harm: ${world.harm().join()}`);
  if (world.lastReport?.damagedSegments.length !== 0) problems.push("damage is said again");
  return problems;
}

test("with strict, a journal that cannot be read whole is refused with what the device said", () => {
  const world = write(SEED, true);
  const [name = ""] = segmentsOf(world);
  world.disk.unreadable = [{ name, from: BLOCK, to: 2 * BLOCK }];
  world.isDamaged = false; // which has it recover with strict
  expect(() => world.boot()).toThrow(StorageError);
});

test("the newest segment is not taken for one that never began because its header cannot be read", () => {
  const world = write(SEED, true);
  const name = segmentsOf(world).at(-1) ?? "";
  world.disk.unreadable = [{ name, from: 0, to: BLOCK }];
  world.boot();
  expect(world.lastReport?.damagedSegments).toEqual([Number(name.slice(-10))]);
  expect(world.disk.names).toContain(name);
  const [newest = ""] = segmentsOf(world).toReversed();
  expect(newest > name).toBe(true);
});

test("a long body of which parts cannot be read takes no sound segment with it", () => {
  let incomplete = 0;
  for (let seed = 1000; seed < 1060; seed++) {
    const world = write(seed, true);
    const name = segmentsOf(world).at(-1) ?? "";
    world.disk.unreadable = [{ name, from: 0, to: BLOCK }];
    world.boot();
    if (world.lastReport?.incompleteJobs === 0) continue;
    incomplete++;
    expect(world.lastReport?.damagedSegments).toEqual([Number(name.slice(-10))]);
    const harm = world.harm();
    for (let left = UPKEEP; left > 0 && world.journal.maintain(); left--);
    expect(world.disk.names.filter((one) => one.startsWith("quarantine."))).toEqual([]);
    world.journal.close();
    world.crash(false);
    world.boot();
    expect(world.lastReport?.incompleteJobs).toBe(0);
    expect(world.harm()).toEqual(harm);
  }
  expect(incomplete).toBeGreaterThan(0);
});

test("a read that fails once is no hole", () => {
  const disk = new SimulatedDisk(randomFrom(1));
  const file = disk.create("whole");
  const bytes = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => at % 251));
  file.write(0, [bytes]);
  file.close();
  let fails = 1;
  disk.onCall = (kind) => {
    if (kind === "read" && fails-- > 0) throw new StorageError("HM_STORAGE_FAILED", "once");
  };
  const read = readAround(disk, "whole");
  expect(read.holes).toEqual([]);
  expect(bytes.equals(read.bytes)).toBe(true);
});

test("holes are as wide as the blocks that cannot be read", () => {
  const disk = new SimulatedDisk(randomFrom(1));
  const file = disk.create("torn");
  file.write(0, [Buffer.alloc(300_000, 7)]);
  file.close();
  disk.unreadable = [
    { name: "torn", from: 5000, to: 9000 },
    { name: "torn", from: 299_999, to: 300_000 },
  ];
  const { bytes, holes } = readAround(disk, "torn");
  expect(holes.map(({ from, to }) => [from, to])).toEqual([
    [4096, 12_288],
    [299_008, 300_000],
  ]);
  expect(bytes.subarray(0, 4096).every((byte) => byte === 7)).toBe(true);
  expect(bytes.subarray(4096, 12_288).every((byte) => byte === 0)).toBe(true);
  expect(bytes.subarray(12_288, 299_008).every((byte) => byte === 7)).toBe(true);
});
