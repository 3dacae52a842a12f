/* docs/journal-format.md: a reader written from that page alone, which must find the jobs that the
 * server put into a journal.
 *
 * Of the project it imports nothing but what makes journals and what says which jobs are to be
 * found: the reader below shares no line with the server. It reads the jobs, not the damage; a
 * journal with a torn end is read up to there.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NOT_SET } from "../../assembly/constants.ts";
import { SmallJournal } from "../cli/small-journal.ts";

interface ReadJob {
  readonly tube: string;
  readonly body: string;
  readonly ttr: number;
  readonly created: number;
  /** Parts that the body is in; 0: it stood in the PUT. */
  readonly parts: number;
  readonly tags: readonly ReadTag[];
  state: string;
  pri: number;
  delay: number;
  due: number;
}

/** Something that a put was tagged with. */
interface ReadTag {
  readonly kind: number;
  readonly name: string;
  readonly number: number;
}

/** A key of a job that was deleted. */
interface ReadCooldown {
  readonly tube: string;
  readonly until: number;
  readonly tag: ReadTag | undefined;
}

/** A body that comes in parts. */
interface ReadParts {
  readonly shares: (Buffer | undefined)[];
}

interface ReadFailure {
  readonly attempt: number;
  readonly end: string;
  readonly at: number;
  readonly who: string;
  readonly message: string | undefined;
}

/** What a finished job left. */
interface ReadResult {
  readonly until: number;
  readonly made: number;
  readonly text: string;
}

interface ReadJournal {
  readonly jobs: Map<number, ReadJob>;
  /** Of all jobs that were ever met, by id and number. */
  readonly failures: Map<number, Map<number, ReadFailure>>;
  readonly parts: Map<number, ReadParts>;
  /** What is set for tubes: values by their numbers. */
  readonly settings: Map<string, ReadonlyMap<number, number>>;
  /** By the ids of the jobs; of a job that is there still it means nothing. */
  readonly cooldowns: Map<number, ReadCooldown>;
  readonly results: Map<number, ReadResult>;
  lastId: number;
}

/** A frame says which segments there are, or which go. */
interface ReadStatement {
  readonly kind: number;
  readonly from: number;
  readonly numbers: readonly number[];
}

interface ReadFrame {
  readonly statement: ReadStatement;
  readonly number: number;
  readonly durable: number;
  readonly lastId: number;
  /** Of its records. */
  readonly from: number;
  readonly to: number;
}

interface ReadSegment {
  readonly bytes: Buffer;
  readonly number: number;
  readonly salt: number;
  readonly firstFrame: number;
  readonly lastId: number;
  readonly frames: readonly ReadFrame[];
}

const CRC_OF_BYTE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let register = byte;
  for (let bit = 0; bit < 8; bit++) {
    register = (register >>> 1) ^ ((register & 1) === 1 ? 0x82f63b78 : 0);
  }
  return register;
});

function crc(seed: number, bytes: Uint8Array): number {
  let register = ~seed;
  for (const byte of bytes) {
    register = (register >>> 8) ^ (CRC_OF_BYTE[(register ^ byte) & 255] ?? 0);
  }
  return ~register >>> 0;
}

function readSegments(directory: string): readonly ReadSegment[] {
  return readdirSync(directory)
    .filter((name) => /^journal\.\d{10}$/.test(name))
    .toSorted()
    .map((name) => readSegment(readFileSync(join(directory, name)), Number(name.slice(8))))
    .filter((segment) => segment !== undefined);
}

/** The jobs of the journal in `directory`, by id, their failures, and the highest id. */
function readJournal(directory: string): ReadJournal {
  const segments = withoutStrangers(readSegments(directory));
  const read: ReadJournal = {
    jobs: new Map(),
    failures: new Map(),
    parts: new Map(),
    cooldowns: new Map(),
    results: new Map(),
    settings: new Map(),
    lastId: 0,
  };
  for (const [at, segment] of segments.entries()) {
    read.lastId = Math.max(read.lastId, segment.lastId);
    for (const frame of framesThatCount(segment, segments[at + 1], at === segments.length - 1)) {
      read.lastId = Math.max(read.lastId, frame.lastId);
      for (const record of recordsOf(segment, frame)) {
        read.lastId = Math.max(read.lastId, replay(record, read));
      }
    }
  }
  return { ...read, jobs: withBodies(read.jobs, read.parts) };
}

/** Puts the bodies together that are in parts; a job of which one is missing is not there. */
function withBodies(
  jobs: ReadonlyMap<number, ReadJob>,
  parts: ReadonlyMap<number, ReadParts>,
): Map<number, ReadJob> {
  const whole = new Map<number, ReadJob>();
  for (const [id, job] of jobs) {
    if (job.parts === 0) {
      whole.set(id, job);
      continue;
    }
    const shares = (parts.get(id)?.shares ?? []).filter((share) => share !== undefined);
    if (shares.length === job.parts) {
      whole.set(id, { ...job, body: Buffer.concat(shares).toString("utf8") });
    }
  }
  return whole;
}

/** The failures that count of a job that is there, oldest first. */
function failuresOf({ failures }: ReadJournal, id: number): readonly ReadFailure[] {
  const found = [...(failures.get(id) ?? [])].toSorted(([a], [b]) => a - b);
  return found.map(([, failure]) => failure).slice(-10);
}

function readSegment(bytes: Buffer, number: number): ReadSegment | undefined {
  const header = [0, 2048]
    .map((at) => bytes.subarray(at, at + 128))
    .find(
      (copy) =>
        copy.toString("latin1", 0, 8) === "HMJRNL\0\u0001" &&
        copy.readUInt32LE(8) === crc(0, copy.subarray(12)) &&
        copy.readDoubleLE(24) === number,
    );
  if (header === undefined) return undefined;
  if (header.readUInt16LE(14) > 4) throw new Error("a newer format");
  const salt = header.readUInt32LE(16);
  const frames: ReadFrame[] = [];
  let at = 4096;
  for (;;) {
    const frame = readFrame(bytes, at, salt);
    if (frame === undefined) break;
    frames.push(frame);
    at = frame.to;
  }
  const [firstFrame, lastId] = [header.readDoubleLE(32), header.readDoubleLE(40)];
  return { bytes, number, salt, firstFrame, lastId, frames };
}

function readFrame(bytes: Buffer, at: number, salt: number): ReadFrame | undefined {
  if (at + 64 > bytes.length || bytes.readUInt32LE(at) !== 0x46524d48) return undefined;
  const sections = bytes.readUInt32LE(at + 8);
  const [kind, runs, low] = [48, 52, 56].map((field) => bytes.readUInt32LE(at + field));
  const from = at + 64 + 16 * sections + 8 * (runs ?? 0);
  if (sections > 64 || from > bytes.length) return undefined;
  if (bytes.readUInt32LE(at + 4) !== crc(salt, bytes.subarray(at + 8, from))) return undefined;
  let to = from;
  for (let section = 0; section < sections; section++) {
    to += bytes.readUInt32LE(at + 68 + 16 * section);
  }
  if (to > bytes.length) return undefined;
  const [number, durable, lastId] = [16, 24, 32].map((field) => bytes.readDoubleLE(at + field));
  const statement = { kind: kind ?? 0, from: low ?? 0, numbers: numbersIn(bytes, from, runs ?? 0) };
  return { statement, number: number ?? 0, durable: durable ?? 0, lastId: lastId ?? 0, from, to };
}

/** The numbers in the runs that end at `end`. */
function numbersIn(bytes: Buffer, end: number, runs: number): readonly number[] {
  return Array.from({ length: runs }, (_, run) => {
    const [first, last] = [0, 4].map((field) => bytes.readUInt32LE(end - 8 * (runs - run) + field));
    return Array.from({ length: (last ?? 0) - (first ?? 0) + 1 }, (__, at) => (first ?? 0) + at);
  }).flat();
}

/** Those that the newest one's first frame knows, or does not speak about. */
function withoutStrangers(segments: readonly ReadSegment[]): readonly ReadSegment[] {
  const list = segments.at(-1)?.frames[0]?.statement;
  if (list?.kind !== 1) return segments;
  return segments.filter(({ number }) => number < list.from || list.numbers.includes(number));
}

/** The numbers of segments that belong to a journal and are not among these. */
function missingOf(segments: readonly ReadSegment[]): readonly number[] {
  const members = new Set<number>();
  for (const [at, segment] of segments.entries()) {
    members.add(segment.number);
    for (const { statement } of framesThatCount(
      segment,
      segments[at + 1],
      at === segments.length - 1,
    )) {
      const { kind, from, numbers } = statement;
      if (kind === 1) for (const one of members) if (one >= from) members.delete(one);
      for (const one of numbers) {
        if (kind === 1) members.add(one);
        else members.delete(one);
      }
    }
  }
  return [...members].filter((one) => !segments.some(({ number }) => number === one));
}

function framesThatCount(
  segment: ReadSegment,
  next: ReadSegment | undefined,
  isNewest: boolean,
): readonly ReadFrame[] {
  const { frames, firstFrame, number } = segment;
  if (!isNewest) {
    const isNeighbour = next?.number === number + 1;
    return frames.filter((frame) => !isNeighbour || frame.number < (next?.firstFrame ?? 0));
  }
  const durable = Math.max(firstFrame - 1, ...frames.map((frame) => frame.durable));
  const end = frames.findIndex((frame, at) => {
    const isNext = frame.number === (frames[at - 1]?.number ?? firstFrame - 1) + 1;
    return frame.number > durable && !(isNext && isWhole(segment, frame));
  });
  return end < 0 ? frames : frames.slice(0, end);
}

function isWhole(segment: ReadSegment, frame: ReadFrame): boolean {
  return (recordsOf(segment, frame).at(-1)?.end ?? frame.from) === frame.to;
}

interface ReadRecord {
  readonly bytes: Buffer;
  readonly end: number;
}

/** The sound records of a frame, up to the first one that is not. */
function recordsOf({ bytes, salt }: ReadSegment, { from, to }: ReadFrame): readonly ReadRecord[] {
  const records: ReadRecord[] = [];
  let at = from;
  while (at < to) {
    const end = at + bytes.readUInt32LE(at);
    if (end - at < 56 || end > to || end % 8 !== 0) break;
    if (bytes.readUInt32LE(at + 4) !== crc(salt, bytes.subarray(at + 8, end))) break;
    records.push({ bytes: bytes.subarray(at, end), end });
    at = end;
  }
  return records;
}

/** Does what the record says; returns its id. */
function replay({ bytes }: ReadRecord, read: ReadJournal): number {
  const { jobs, failures, parts, cooldowns, results, settings } = read;
  const id = Number(bytes.readBigUInt64LE(16));
  const kind = bytes[8];
  const isPut = kind === 1;
  const known = jobs.get(id);
  if (kind === 4) readPart(bytes, id, parts);
  else if (kind === 6) readSettings(bytes, settings);
  else if (kind === 5) {
    const ofJob = failures.get(id) ?? new Map<number, ReadFailure>();
    failures.set(id, ofJob.set(bytes.readUInt32LE(32), failureOf(bytes)));
  } else if (kind === 7) cooldowns.set(id, cooldownOf(bytes));
  else if (kind === 9) results.set(id, resultOf(bytes));
  else if (kind === 3 && bytes[9] === 3) {
    if (results.get(id)?.made === bytes.readDoubleLE(40)) results.delete(id);
  } else if (kind === 3 && bytes[9] === 1) cooldowns.delete(id);
  else if (kind === 3) {
    jobs.delete(id);
    parts.delete(id);
  } else if (isPut || known !== undefined) {
    const now = {
      state: ["", "ready", "ready", "delayed", "buried"][bytes[9] ?? 0] ?? "",
      pri: bytes.readUInt32LE(32),
      delay: bytes.readUInt32LE(36),
      due: bytes.readDoubleLE(isPut ? 56 : 40),
    };
    if (known !== undefined) Object.assign(known, now);
    else jobs.set(id, { ...putOf(bytes), ...now });
  }
  return id;
}

function readSettings(bytes: Buffer, settings: ReadJournal["settings"]): void {
  const count = bytes.readUInt32LE(60);
  const nameAt = 64 + 16 * count;
  const tube = bytes.toString("utf8", nameAt, nameAt + bytes.readUInt16LE(10));
  const values = Array.from({ length: count }, (_, at): [number, number] => [
    bytes.readUInt32LE(64 + 16 * at),
    bytes.readDoubleLE(72 + 16 * at),
  ]);
  if (count === 0) settings.delete(tube);
  else settings.set(tube, new Map(values));
}

function failureOf(bytes: Buffer): ReadFailure {
  const whoEnd = 64 + bytes.readUInt16LE(10);
  const message = bytes.toString("utf8", whoEnd, whoEnd + bytes.readUInt32LE(12));
  return {
    attempt: bytes.readUInt32LE(36),
    end: ["", "buried", "released", "timed out", "connection lost"][bytes[9] ?? 0] ?? "",
    at: bytes.readDoubleLE(40),
    who: bytes.toString("utf8", 64, whoEnd),
    message: bytes.readUInt32LE(60) === 1 ? message : undefined,
  };
}

function cooldownOf(bytes: Buffer): ReadCooldown {
  const nameEnd = 56 + bytes.readUInt16LE(10);
  const [tag] = tagsIn(bytes, roundUp8(nameEnd));
  return { tube: bytes.toString("utf8", 56, nameEnd), until: bytes.readDoubleLE(32), tag };
}

function resultOf(bytes: Buffer): ReadResult {
  const text = bytes.toString("utf8", 64, 64 + bytes.readUInt32LE(12));
  return { until: bytes.readDoubleLE(32), made: bytes.readDoubleLE(56), text };
}

/** The tags from a place in a record up to its end. */
function tagsIn(bytes: Buffer, from: number): ReadTag[] {
  const tags: ReadTag[] = [];
  for (let at = from; at < bytes.length;) {
    const end = at + 8 + (bytes[at + 1] ?? 0);
    const name = bytes.toString("utf8", at + 8, end);
    tags.push({ kind: bytes[at] ?? 0, name, number: bytes.readUInt32LE(at + 4) });
    at = roundUp8(end);
  }
  return tags;
}

function roundUp8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function readPart(bytes: Buffer, id: number, parts: Map<number, ReadParts>): void {
  const [number, partBytes] = [bytes.readUInt32LE(32), bytes.readUInt32LE(36)];
  const share = Math.min(partBytes, bytes.readUInt32LE(12) - number * partBytes);
  let known = parts.get(id);
  if (known === undefined) parts.set(id, (known = { shares: [] }));
  known.shares[number] = bytes.subarray(56, 56 + share);
}

type ReadPut = Pick<ReadJob, "tube" | "body" | "ttr" | "created" | "parts" | "tags">;

function putOf(bytes: Buffer): ReadPut {
  const nameEnd = 80 + bytes.readUInt16LE(10);
  const [bodyBytes, partBytes] = [bytes.readUInt32LE(12), bytes.readUInt32LE(44)];
  const isHere = partBytes === 0;
  return {
    tube: bytes.toString("utf8", 80, nameEnd),
    body: isHere ? bytes.toString("utf8", nameEnd, nameEnd + bodyBytes) : "",
    parts: isHere ? 0 : Math.ceil(bodyBytes / partBytes),
    ttr: bytes.readUInt32LE(40),
    created: bytes.readDoubleLE(48),
    tags: tagsIn(bytes, roundUp8(nameEnd + (isHere ? bodyBytes : 0))),
  };
}

let directory = "";
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), "format-"))));
afterEach(() => rmSync(directory, { recursive: true }));

describe("a reader written from docs/journal-format.md", () => {
  it("knows its checksum", () => {
    const text = new TextEncoder().encode("123456789");
    expect(crc(0, text)).toBe(0xe3069283);
    expect(crc(crc(0, text.subarray(0, 4)), text.subarray(4))).toBe(0xe3069283);
  });

  it("finds every job with its tube, body, ttr, age, state, priority and delay", async () => {
    const journal = await SmallJournal.open(directory);
    const before = Date.now() * 1000;
    const plain = journal.put("plain", { tube: "a", pri: 3 });
    const later = journal.put("later", { tube: "b", pri: 4_294_967_295, delaySeconds: 1000 });
    journal.put("gone", { tube: "c" });
    const buried = journal.put("buried", { tube: "d", pri: 1 });
    const kicked = journal.put("kicked", { tube: "e" });
    journal.delete("c");
    journal.bury("d", 77);
    journal.bury("e", 78);
    journal.kick("e", 1);
    journal.close();
    const { jobs, lastId } = readJournal(directory);
    const summary = [...jobs].map(([id, job]) => [
      id,
      job.tube,
      job.body,
      job.state,
      job.pri,
      job.delay,
    ]);
    expect(summary.toSorted(([a], [b]) => Number(a) - Number(b))).toEqual([
      [plain, "a", "plain", "ready", 3, 0],
      [later, "b", "later", "delayed", 4_294_967_295, 1000],
      [buried, "d", "buried", "buried", 77, 0],
      [kicked, "e", "kicked", "ready", 78, 0],
    ]);
    expect(lastId).toBe(5);
    for (const { ttr, created, due, delay } of jobs.values()) {
      expect(ttr).toBe(60);
      expect(Math.abs(created - before)).toBeLessThan(60_000_000);
      expect(due).toBe(delay === 0 ? 0 : created + delay * 1_000_000);
    }
  });

  it("finds what jobs are tagged with, and the cooldowns of keys", async () => {
    const journal = await SmallJournal.open(directory);
    const before = Date.now() * 1000;
    const tagged = journal.put("seven b", { tube: "a", pri: 9, tags: " idp:key-of-11:77" });
    const plain = journal.put("plain", { tube: "b", pri: 9 });
    const cooling = journal.put("cooling", { tube: "c", tags: " idp:k:100" });
    const free = journal.put("free", { tube: "d", tags: " idp:k" });
    const flushed = journal.put("flushed", { tube: "e", tags: " idp:k:100" });
    for (const tube of ["c", "d", "e"]) journal.delete(tube);
    journal.flush("e");
    journal.close();
    const { jobs, cooldowns } = readJournal(directory);
    expect(jobs.get(tagged)?.tags).toEqual([{ kind: 1, name: "key-of-11", number: 77 }]);
    expect(jobs.get(tagged)?.body).toBe("seven b");
    expect(jobs.get(plain)?.tags).toEqual([]);
    expect([...cooldowns.keys()]).toEqual([cooling]);
    expect([jobs.has(free), jobs.has(flushed)]).toEqual([false, false]);
    const found = cooldowns.get(cooling);
    expect(found).toMatchObject({ tube: "c", tag: { kind: 1, name: "k", number: 100 } });
    expect(Math.abs((found?.until ?? 0) - before - 100_000_000)).toBeLessThan(60_000_000);
  });

  it("finds what finished jobs left", async () => {
    const journal = await SmallJournal.open(directory);
    const before = Date.now() * 1000;
    journal.put("kept", { tube: "a" });
    journal.put("over", { tube: "b" });
    journal.put("nothing", { tube: "c" });
    const kept = journal.finish("a", "the result", 100);
    const over = journal.finish("b", "short", 1);
    const nothing = journal.finish("c", "untold", 0);
    journal.pass(2);
    journal.close();
    const { jobs, results } = readJournal(directory);
    expect([kept, over, nothing].map((id) => jobs.has(id))).toEqual([false, false, false]);
    expect([...results.keys()]).toEqual([kept]);
    expect(results.get(kept)?.text).toBe("the result");
    expect(Math.abs((results.get(kept)?.until ?? 0) - before - 100_000_000)).toBeLessThan(
      60_000_000,
    );
  });

  it("finds the jobs of many segments, some reclaimed, written by servers with other numbers of shards", async () => {
    const kept = new Map<number, string>();
    for (const shards of [1, 4, 2]) {
      const journal = await SmallJournal.open(directory, shards, 1_048_576);
      for (let n = 0; n < 100; n++) {
        const body = `${shards} ${n} `.padEnd(40_000, "0123456789");
        const tube = `tube ${n % 10}`;
        kept.set(journal.put(body, { tube, delaySeconds: n % 10 === 0 ? 1000 : 0 }), body);
        if (n % 10 !== 0) kept.delete(journal.delete(tube));
        journal.maintain();
      }
      journal.close();
    }
    const names = readdirSync(directory).filter((name) => name.startsWith("journal."));
    expect(names.length).toBeGreaterThan(1);
    const segments = readSegments(directory);
    expect(missingOf(segments)).toEqual([]);
    const [oldest] = segments;
    expect(missingOf(segments.slice(1))).toEqual([oldest?.number]);
    expect(names).not.toContain("journal.0000000001");
    const { jobs } = readJournal(directory);
    expect(new Map([...jobs].map(([id, { body }]) => [id, body]))).toEqual(kept);
  });

  it("finds bodies that are in parts, of one server and of the next with another number of shards", async () => {
    const first = await SmallJournal.open(directory, 2);
    const long = "0123456789".repeat(140_000);
    const shorter = "abcdefg".repeat(30_000);
    const kept = first.putLong(long, "a", () => first.put("between", { tube: "c" }));
    first.putLong(shorter, "b");
    first.delete("b");
    first.close();
    const second = await SmallJournal.open(directory, 4);
    const other = second.putLong(shorter, "b", () => {
      second.delete("c"); // the first segments empty, and the long body moves
      second.maintain();
    });
    second.close();
    const { jobs } = readJournal(directory);
    expect(jobs.get(kept)?.body === long).toBe(true);
    expect(jobs.get(other)?.body === shorter).toBe(true);
    expect([...jobs.values()].filter(({ tube }) => tube !== "c").length).toBe(2);
  });

  it("finds the failures of a job, wherever its own record went", async () => {
    const journal = await SmallJournal.open(directory);
    const before = Date.now() * 1000;
    const id = journal.put("troubled", { tube: "old" });
    journal.bury("old", 1, "the first reason");
    for (let n = 0; n < 100; n++) {
      journal.put("x".repeat(40_000), { tube: "passing" });
      if (n === 50) {
        journal.kick("old", 1);
        journal.bury("old", 1);
        journal.kick("old", 1);
        journal.bury("old", 1, "the last reason");
      }
      journal.delete("passing");
      journal.maintain();
    }
    journal.close();
    expect(readdirSync(directory)).not.toContain("journal.0000000001");
    const read = readJournal(directory);
    const failures = failuresOf(read, id);
    expect([...read.jobs.keys()]).toEqual([id]);
    const facts = failures.map(({ attempt, end, who, message }) => [attempt, end, who, message]);
    expect(facts).toEqual([
      [1, "buried", "tester", "the first reason"],
      [2, "buried", "tester", undefined],
      [3, "buried", "tester", "the last reason"],
    ]);
    for (const { at } of failures) expect(Math.abs(at - before)).toBeLessThan(60_000_000);
  });

  it("finds what is set for tubes, wherever its record went", async () => {
    const journal = await SmallJournal.open(directory);
    for (const [tube, most] of [
      ["kept", 5],
      ["kept", 6],
      ["gone", 7],
      ["back", 8],
    ] as const) {
      journal.setJobs(tube, most);
    }
    for (let n = 0; n < 100; n++) {
      journal.put("x".repeat(40_000), { tube: "passing" });
      if (n === 20) for (const tube of ["gone", "back"]) journal.setJobs(tube, NOT_SET);
      if (n === 30) journal.setJobs("back", 9);
      journal.delete("passing");
      journal.maintain();
    }
    journal.close();
    expect(readdirSync(directory)).not.toContain("journal.0000000001");
    expect(Object.fromEntries(readJournal(directory).settings)).toEqual({
      kept: new Map([[0, 6]]),
      back: new Map([[0, 9]]),
    });
  });

  it("takes nothing from the first frame on that is not whole and was not known to be safe", async () => {
    const journal = await SmallJournal.open(directory);
    for (const body of ["first", "second", "third"]) journal.put(body);
    journal.crash();
    const path = join(directory, "journal.0000000001");
    const bytes = readFileSync(path);
    bytes.write("THIRD", bytes.indexOf("third"));
    writeFileSync(path, bytes);
    const { jobs } = readJournal(directory);
    expect([...jobs.values()].map(({ body }) => body)).toEqual(["first", "second"]);
  });

  it("takes the second copy of a header when the first is damaged", async () => {
    const journal = await SmallJournal.open(directory);
    journal.put("there");
    journal.close();
    const path = join(directory, "journal.0000000001");
    const bytes = readFileSync(path);
    bytes.fill(0xff, 16, 20);
    writeFileSync(path, bytes);
    expect([...readJournal(directory).jobs.values()]).toMatchObject([{ body: "there" }]);
  });
});
