/* Membership: a segment that is missing from the middle, or that belongs to no journal, is noticed,
 * and nothing that a crash leaves behind is taken for either. SEED=n replays.
 */
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, test } from "vitest";
import { readSegmentHeader, segmentName, segmentNumber } from "../../src/journal/format.ts";
import { inspect } from "../../src/journal/inspection.ts";
import type { Inspection } from "../../src/journal/inspection.ts";
import { recover, RecoveryError } from "../../src/journal/recovery.ts";
import { openReplica } from "../../src/journal/replica.ts";
import { scanSegment } from "../../src/journal/scan.ts";
import { goneStatement, membersStatement, names } from "../../src/journal/statement.ts";
import { NodeStorage } from "../../src/storage/node-fs.ts";
import { SmallJournal } from "../cli/small-journal.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { write, writeUnmarked } from "./flips.ts";
import { loadEngineModule } from "./machine.ts";
import { recordsOf } from "./records.ts";
import { Crash } from "./simulated-disk.ts";
import type { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";

const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const REPLAY = `SEED=${SEED} npx vitest run test/journal/membership.test.ts`;

function segmentsOf({ disk }: World): readonly number[] {
  return disk.names
    .map(segmentNumber)
    .filter((number) => number !== undefined)
    .toSorted((a, b) => a - b);
}

/**
 * Which of these were told to be missing. One that had gone before may be told too, when what said
 * so is lost with the newest one.
 */
function missingOf({ lastReport }: World, numbers: readonly number[]): readonly number[] {
  return (lastReport?.missingSegments ?? []).filter((number) => numbers.includes(number));
}

/** The same journal, to be opened by a server that takes what it can. */
function forkOf(world: World): World {
  const fork = world.fork(randomFrom(SEED));
  fork.isDamaged = true;
  return fork;
}

/** A server on it refuses to start when it may not pass over damage. */
function expectRefusal(world: World, why: string): void {
  const strict = world.fork(randomFrom(SEED));
  strict.isDamaged = false;
  expect(() => strict.recover()).toThrow(RecoveryError);
  expect(() => strict.recover()).toThrow(why);
}

/** Puts until the journal has so many segments; where the memory is full there is more. */
function growTo(world: World, segments: number): void {
  const { shards } = world.machine;
  while (segmentsOf(world).length < segments) {
    const isPut = world.clients.put(4000, 0, "") !== 0;
    const hasMore = isPut || shards.map((shard) => shard.growBudget(true)).includes(true);
    if (!hasMore) throw new RangeError("no job goes into the memory");
    world.commit();
  }
}

describe(`a segment that is missing (${REPLAY})`, () => {
  it.for([true, false])(
    "from the middle is told by its name, once, and costs only what lay there (closed: %s)",
    (closes) => {
      const world = write(SEED, closes);
      const numbers = segmentsOf(world);
      expect(numbers.length).toBeGreaterThan(1);
      for (const number of numbers.slice(0, -1)) {
        const name = segmentName(number);
        const hit = new Set(recordsOf(world, name).map(({ id }) => id));
        const fork = forkOf(world);
        fork.disk.remove(name);
        expectRefusal(fork, `${name}: it belongs to the journal and is missing`);
        fork.boot();
        expect(fork.lastReport?.missingSegments).toEqual([number]);
        expect(fork.lastReport?.damagedSegments).toEqual([]);
        const harmed = fork.harm().flatMap((said) => {
          return said.includes("came back") ? [] : [Number.parseInt(said, 10)];
        });
        expect(harmed.filter((id) => !hit.has(id))).toEqual([]);
        const harm = fork.harm().join();
        for (let left = 500; left > 0 && fork.journal.maintain(); left--);
        fork.journal.close();
        fork.crash(true);
        fork.boot();
        expect(fork.lastReport?.missingSegments).toEqual([]);
        expect(fork.harm().join()).toBe(harm);
      }
    },
  );

  it("is told when its file was given the next number, which is kept aside", () => {
    const world = write(SEED, true);
    const numbers = segmentsOf(world);
    const next = segmentName((numbers.at(-1) ?? 0) + 1);
    for (const number of numbers.slice(0, -1)) {
      const fork = forkOf(world);
      fork.disk.rename(segmentName(number), next);
      expectRefusal(fork, `${segmentName(number)}: it belongs to the journal and is missing`);
      fork.boot();
      expect(fork.lastReport?.missingSegments).toEqual([number]);
      expect(fork.disk.names).toContain(next.replace("journal", "quarantine"));
      fork.journal.close();
      fork.crash(true);
      fork.boot();
      expect(fork.lastReport).toMatchObject({ missingSegments: [], strangeSegments: [] });
    }
  });

  it("is told when it is the newest and has the next number", () => {
    const world = write(SEED, true);
    const newest = segmentsOf(world).at(-1) ?? 0;
    world.disk.rename(segmentName(newest), segmentName(newest + 1));
    expectRefusal(world, "the journal"); // which may say that others go, too
    world.boot();
    expect(world.lastReport?.strangeSegments).toEqual([newest + 1]);
  });

  it("makes ids run ahead, since the newest one may be missing too", () => {
    const world = writeUnmarked(SEED);
    growTo(world, 4);
    world.journal.close();
    world.crash(false);
    const lastId = Math.max(...world.ledger.jobs.keys());
    const [newest = 0, , older = 0] = segmentsOf(world).toReversed();
    const fork = forkOf(world);
    for (const number of [newest, older]) fork.disk.remove(segmentName(number));
    fork.boot();
    expect(fork.lastReport?.missingSegments).toContain(older);
    expect(fork.machine.shards[0]?.lastId()).toBeGreaterThan(lastId + 60_000);
  });

  it("is not made up where the newest one cannot be read", () => {
    const world = write(SEED, true);
    const [newest = 0, before = 0] = segmentsOf(world).toReversed();
    for (const from of [0, 4096]) {
      const fork = forkOf(world);
      fork.disk.unreadable = [{ name: segmentName(newest), from, to: SEGMENT_BYTES }];
      fork.disk.remove(segmentName(before));
      fork.boot();
      expect(fork.lastReport?.missingSegments).toEqual([]);
      expect(fork.lastReport?.damagedSegments).toContain(newest);
    }
  });
});

describe(`a segment that does not belong to the journal (${REPLAY})`, () => {
  it("is told by its name, is not replayed, and is kept aside", () => {
    const world = write(SEED, true);
    const numbers = segmentsOf(world);
    const stale = numbers.at(-1) ?? 0;
    const name = segmentName(stale);
    const image = Uint8Array.from(world.disk.seen(name));
    world.isDamaged = false;
    world.boot();
    while (world.disk.names.includes(name)) {
      for (const job of [...world.ledger.jobs.values()].slice(0, 5)) world.clients.delete(job);
      world.clients.put(4000, 0);
      world.commit();
      for (let left = 20; left > 0 && world.journal.maintain(); left--);
    }
    world.commit();
    world.journal.close();
    world.crash(false);
    world.boot(); // whose list of segments has come to be without it
    world.journal.close();
    world.crash(false);
    const file = world.disk.create(name);
    file.write(0, [image]);
    file.close();
    expectRefusal(world, `${name}: it does not belong to the journal`);
    const fork = forkOf(world);
    fork.boot();
    expect(fork.lastReport?.strangeSegments).toEqual([stale]);
    expect(fork.lastReport?.missingSegments).toEqual([]);
    expect(fork.harm()).toEqual([]);
    expect(fork.disk.names).toContain(name.replace("journal", "quarantine"));
    expect(fork.disk.names).not.toContain(name);
  });
});

test(`a segment that went, and comes back because a crash and then a power cut came before the directory was safe, is no stranger (${REPLAY})`, () => {
  const world = writeUnmarked(SEED);
  let isGoing = false;
  world.disk.onCall = (kind, name) => {
    isGoing ||= kind === "rename" && name.startsWith("journal.");
    if (isGoing && kind === "syncDirectory") throw new Crash("the process ended");
  };
  expect(() => {
    for (;;) {
      for (const job of [...world.ledger.jobs.values()].slice(0, 5)) world.clients.delete(job);
      world.clients.put(4000, 0);
      world.commit();
      for (let left = 20; left > 0 && world.journal.maintain(); left--);
    }
  }).toThrow(Crash);
  world.crash(false);
  for (let seed = 0; seed < 40; seed++) {
    const fork = world.fork(randomFrom(seed));
    let before = "";
    fork.disk.onCall = (kind) => {
      if (kind === "syncDirectory" && before === "sync") throw new Crash("the power went");
      before = kind;
    };
    expect(() => fork.boot()).toThrow(Crash);
    fork.crash(true);
    expect(() => fork.boot()).not.toThrow();
  }
});

describe(`what was newest when hints were written (${REPLAY})`, () => {
  /** A server that was killed after it had written hints about a journal of some segments. */
  function hinted(): World {
    const world = writeUnmarked(SEED);
    growTo(world, 4);
    world.commit();
    world.hint();
    world.crash(false);
    world.isDamaged = true;
    return world;
  }

  it.for([1, 2, 3])(
    "is told, once, when it and others are missing (%i), and ids go on",
    (count) => {
      const world = hinted();
      const newest = segmentsOf(world).at(-1) ?? 0;
      const lastId = Math.max(...world.ledger.jobs.keys());
      for (const number of segmentsOf(world).slice(-count)) world.disk.remove(segmentName(number));
      expectRefusal(world, "it belongs to the journal and is missing");
      world.boot();
      expect(world.lastReport?.missingSegments).toContain(newest);
      expect(world.machine.shards[0]?.lastId()).toBeGreaterThan(lastId + 60_000);
      expect(world.journal.figures.currentSegment).toBeGreaterThan(newest);
      const harm = world.harm().join();
      for (let left = 500; left > 0 && world.journal.maintain(); left--);
      world.journal.close();
      world.crash(true);
      world.boot();
      expect(world.lastReport).toMatchObject({ missingSegments: [], damagedSegments: [] });
      expect(world.harm().join()).toBe(harm);
    },
  );

  it("is told when all segments are missing", () => {
    const world = hinted();
    const numbers = segmentsOf(world);
    for (const number of numbers) world.disk.remove(segmentName(number));
    expectRefusal(world, `${segmentName(numbers.at(-1) ?? 0)}: it belongs to the journal`);
    world.boot();
    expect(world.lastReport).toMatchObject({ jobs: 0, missingSegments: numbers.slice(-1) });
  });

  it("is damaged when its last frame is not sound, though nothing else says that it was safe", () => {
    const world = hinted();
    const name = segmentName(segmentsOf(world).at(-1) ?? 0);
    const image = world.disk.image(name);
    const last = scanSegment(image, saltOf(world, image), world.machine.checksum).at(-1);
    image.set([~(image[(last?.to ?? 8) - 8] ?? 0)], (last?.to ?? 8) - 8);
    expectRefusal(world, `${name}: records are damaged`);
    world.boot();
    expect(world.lastReport?.damagedSegments).toEqual([segmentNumber(name)]);
    expect(world.lastReport?.tornBytes).toBe(0);
    expect(world.harm().length).toBeLessThanOrEqual(1);
  });

  it("is missing, and the end of the one before is damaged, told and kept aside", () => {
    const world = hinted();
    const numbers = segmentsOf(world);
    const [newest = 0, before = 0] = numbers.toReversed();
    const name = segmentName(before);
    world.disk.remove(segmentName(newest));
    const image = world.disk.image(name);
    const regions = scanSegment(image, saltOf(world, image), world.machine.checksum);
    const to = regions.findLast((region) => region.to > region.from)?.to ?? 8;
    image.fill(0, to); // as if there had been no room to show where it ends
    image.set([~(image[to - 8] ?? 0)], to - 8);
    expectRefusal(world, `${name}: records are damaged`);
    world.boot();
    expect(world.lastReport).toMatchObject({ damagedSegments: [before], tornBytes: 0 });
    expect(missingOf(world, numbers)).toEqual([newest]);
    // What is damaged is passed over word by word.
    for (let left = 5000; left > 0 && world.journal.maintain(); left--);
    expect(world.disk.names).toContain(name.replace("journal", "quarantine"));
  });

  it("is damaged, and kept aside, when its header is not sound", () => {
    const world = hinted();
    const numbers = segmentsOf(world);
    const number = numbers.at(-1) ?? 0;
    world.disk.image(segmentName(number)).fill(0, 0, 4096);
    expectRefusal(world, `${segmentName(number)}: its header is damaged`);
    world.boot();
    expect(world.lastReport?.damagedSegments).toEqual([number]);
    expect(missingOf(world, numbers)).toEqual([]);
    expect(world.disk.names).toContain(segmentName(number).replace("journal", "quarantine"));
    world.journal.close();
    world.crash(true);
    world.boot();
    expect(world.lastReport).toMatchObject({ damagedSegments: [], missingSegments: [] });
  });

  it("may be gone when the hints are gone too, or are older", () => {
    const world = hinted();
    const numbers = segmentsOf(world);
    world.disk.remove(segmentName(numbers.at(-1) ?? 0));
    world.disk.remove("hints");
    world.boot();
    expect(world.lastReport?.damagedSegments).toEqual([]);
    expect(missingOf(world, numbers)).toEqual([]);
  });
});

function saltOf(world: World, bytes: Uint8Array): number {
  return readSegmentHeader(bytes, world.machine.checksum)?.salt ?? 0;
}

/** A file gets shorter, as only somebody else can make it. */
function cut({ disk }: World, number: number, bytes: number): void {
  const name = segmentName(number);
  const rest = disk.seen(name).slice(0, bytes);
  disk.remove(name);
  const file = disk.create(name);
  if (bytes > 0) file.write(0, [rest]);
  file.close();
}

describe(`a file that has been cut short (${REPLAY})`, () => {
  it.for([5000, 40_000, SEGMENT_BYTES - 1])(
    "is damaged, the newest too, whatever is left of it (%i bytes)",
    (bytes) => {
      const world = write(SEED, true);
      const lastId = Math.max(...world.ledger.jobs.keys());
      const newest = segmentsOf(world).at(-1) ?? 0;
      cut(world, newest, bytes);
      expectRefusal(world, `${segmentName(newest)}: its file has been cut short`);
      world.boot();
      expect(world.lastReport?.damagedSegments).toEqual([newest]);
      expect(world.lastReport?.damagedBytes).toBeGreaterThanOrEqual(SEGMENT_BYTES - bytes);
      expect(world.machine.shards[0]?.lastId()).toBeGreaterThan(lastId + 60_000);
    },
  );

  it.for([0, 1])(
    "has no header: it is kept aside, and told and paid for once (%i older)",
    (back) => {
      const world = write(SEED, true);
      const number = segmentsOf(world).at(-1 - back) ?? 0;
      cut(world, number, 0);
      expectRefusal(world, `${segmentName(number)}: its header is damaged`);
      world.boot();
      expect(world.lastReport?.damagedSegments).toContain(number);
      expect(world.disk.names).toContain(segmentName(number).replace("journal", "quarantine"));
      const lastId = world.machine.shards[0]?.lastId() ?? 0;
      for (let left = 500; left > 0 && world.journal.maintain(); left--);
      world.journal.close();
      world.crash(true);
      world.boot();
      expect(world.lastReport).toMatchObject({ damagedSegments: [], missingSegments: [] });
      expect(world.machine.shards[0]?.lastId()).toBeLessThan(lastId + 60_000);
    },
  );
});

describe("with a directory of its own", () => {
  let directory = "";
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "membership-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  function look(): Inspection {
    return inspect(new NodeStorage(directory), loadEngineModule(), Date.now() * 1000);
  }

  /** A server that takes what it can gets so far. */
  function recoverLoosely(place: string): void {
    const { shards, checksum } = openReplica(loadEngineModule(), 1, 0);
    const rest = { now: 0, strict: false, progress: () => undefined };
    recover({ storage: new NodeStorage(place), shards, checksum, ...rest });
  }

  /** The bytes that a program left which wrote an older version of the format. */
  function bringOld(version: number): void {
    const folder = new URL(`format-${Math.max(2, version)}/`, import.meta.url);
    for (const name of readdirSync(folder)) {
      const bytes = gunzipSync(readFileSync(new URL(name, folder)));
      for (const copy of version >= 2 ? [] : [0, 2048]) {
        bytes.writeUInt16LE(version, copy + 12);
        bytes.writeUInt16LE(version, copy + 14);
        bytes.writeUInt32LE(crc32c(bytes.subarray(copy + 12, copy + 128)), copy + 8);
      }
      writeFileSync(join(directory, name.replace(".gz", "")), bytes);
    }
  }

  it.for([1, 2, 3])(
    "a journal of format version %i is read, and calls nothing missing",
    (version) => {
      bringOld(version);
      expect(look()).toMatchObject({
        jobs: { ready: 3, delayed: 1, buried: 1 },
        failures: 1,
        damagedSegments: [],
        missingSegments: [],
        strangeSegments: [],
      });
    },
  );

  it.for([2, 3])(
    "a journal of format version %i is gone on with, and a missing segment is told",
    async (version) => {
      bringOld(version);
      const journal = await SmallJournal.open(directory);
      journal.put("new");
      journal.close();
      expect(look()).toMatchObject({
        jobs: { ready: 4 },
        missingSegments: [],
        strangeSegments: [],
      });
      const [oldest = ""] = look().segments.map(({ name }) => name);
      rmSync(join(directory, oldest));
      expect(look()).toMatchObject({ missingSegments: [oldest], strangeSegments: [] });
    },
  );

  const makers: readonly (readonly [string, (path: string) => void])[] = [
    ["a pipe", (path) => void execFileSync("mkfifo", [path])],
    ["a directory", (path) => mkdirSync(path)],
    ["a link to nothing", (path) => symlinkSync("/nowhere", path)],
  ];
  it.for(makers)("%s with the name of a segment is damage, and is kept aside", async ([, make]) => {
    const journal = await SmallJournal.open(directory);
    journal.put("kept");
    journal.close();
    const name = segmentName(2);
    make(join(directory, name));
    expect(look()).toMatchObject({ damagedSegments: [name], jobs: { ready: 1 } });
    await expect(SmallJournal.open(directory)).rejects.toThrow("it is no file");
    recoverLoosely(directory);
    expect(readdirSync(directory)).toContain(name.replace("journal", "quarantine"));
    expect(look()).toMatchObject({ damagedSegments: [], jobs: { ready: 1 } });
  });

  it("a program that knows only version 3 refuses what is written now", async () => {
    const journal = await SmallJournal.open(directory);
    journal.close();
    const bytes = readFileSync(join(directory, segmentName(1)));
    for (const copy of [0, 2048]) expect(bytes.readUInt16LE(copy + 14)).toBeGreaterThan(3);
  });
});

describe("a statement", () => {
  it("names segments in runs", () => {
    const statement = membersStatement([9, 1, 2, 3, 7, 8]);
    expect(statement).toEqual({
      kind: "members",
      from: 0,
      runs: [
        { first: 1, last: 3 },
        { first: 7, last: 9 },
      ],
    });
    expect([0, 1, 3, 4, 6, 7, 9, 10].filter((number) => names(statement, number))).toEqual([
      1, 3, 7, 9,
    ]);
    expect(goneStatement([5]).runs).toEqual([{ first: 5, last: 5 }]);
  });

  it("is about the youngest where there are too many runs", () => {
    expect(membersStatement([1, 3, 5, 7], 2)).toEqual({
      kind: "members",
      from: 5,
      runs: [
        { first: 5, last: 5 },
        { first: 7, last: 7 },
      ],
    });
  });
});

function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0x82f63b78 & -(crc & 1));
  }
  return ~crc >>> 0;
}
