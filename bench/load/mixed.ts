/* The mixed load: a backlog that rises and falls, beside one job that never leaves, while the data
 * directory is weighed.
 *
 * The directory is held against what the issue of the disk allows at every moment: 3 x the bytes of
 * the live jobs' records + 4 segments. The live bytes are the load's own account, not the server's:
 * a job counts from the moment its put is sent until its delete is answered, with the record of its
 * put, by docs/journal-format.md, and of each attempt at it that was answered as buried or
 * released, which the server keeps with it. A server that keeps more than the bound cannot blame
 * that account.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "../figures.ts";
import { Asker } from "./asker.ts";
import { tideConversation, tubeName, type Wave } from "./dialect.ts";
import type { MixedOrder, ServerAddress } from "./order.ts";
import { Talker, type Listener } from "./talker.ts";

/** Bytes of the jobs' bodies, one size a connection. */
const BODIES = [20, 100, 300, 100];
/** Commands of one wave: few, so that what is on its way weighs little against a segment. */
const PIPELINED = 64;
/**
 * Waves of puts until the tide turns, connection by connection: some come and go while others are
 * high.
 */
const HEIGHTS = [20, 60, 120, 240];
const WEIGH_MILLIS = 10;
const PUT_RECORD_BYTES = 80;
/**
 * An attempt's record: 64 bytes and the address of who held the job, 127.0.0.1 and a port of five
 * digits, in steps of 8.
 */
const ATTEMPT_RECORD_BYTES = 80;
const LIVE_FACTOR = 3;
const SEGMENTS_EXTRA = 4;

/** Runs the load and weighs the directory meanwhile. */
export async function runMixed(order: MixedOrder, server: ServerAddress): Promise<Sample> {
  const { directory, port } = server;
  if (directory === undefined) throw new Error("the server has no data directory to weigh");
  const stays = await buryOne(port);
  const ends = performance.now() + order.seconds * 1000;
  const tides = BODIES.map((bodyBytes, index) => new Tide(bodyBytes, ends, HEIGHTS[index] ?? 1));
  const scale = new Scale(directory, order.segmentBytes, tides);
  const timer = setInterval(() => scale.weigh(), WEIGH_MILLIS);
  await Promise.all(tides.map((tide, index) => tide.run(port, index)));
  clearInterval(timer);
  await stays.expect("FOUND", "peek-buried");
  stays.close();
  const commands = tides.reduce((sum, tide) => sum + tide.commands, 0);
  return { ...scale.heaviest, commandsPerSecond: commands / order.seconds };
}

/** The job that never leaves: put first, then buried. */
async function buryOne(port: number): Promise<Asker> {
  const asker = await Asker.open(port);
  const tube = tubeName(BODIES.length);
  await asker.expect("USING", `use ${tube}`);
  await asker.expect("WATCHING", `watch ${tube}`);
  await asker.expect("INSERTED", "put 0 0 60 4", "stay");
  const { line } = await asker.expect("RESERVED", "reserve");
  await asker.expect("BURIED", `bury ${line.split(" ")[1]} 0`);
  return asker;
}

/** One connection's jobs. */
class Tide implements Listener {
  commands = 0;
  jobs = 0;
  readonly #bodyBytes: number;
  readonly #ends: number;
  readonly #height: number;
  readonly #recordBytes: number;
  /** Attempts at each job that lives. */
  readonly #attempts = new Map<string, number>();
  /** Attempts at all jobs that live. */
  #attemptCount = 0;

  constructor(bodyBytes: number, ends: number, height: number) {
    this.#bodyBytes = bodyBytes;
    this.#ends = ends;
    this.#height = height;
    const bytes = PUT_RECORD_BYTES + tubeName(0).length + bodyBytes;
    this.#recordBytes = Math.ceil(bytes / 8) * 8;
  }

  /** Those that exist, and a wave that may be on its way. */
  get liveBytes(): number {
    return (this.jobs + PIPELINED) * this.#recordBytes + this.#attemptCount * ATTEMPT_RECORD_BYTES;
  }

  async run(port: number, connection: number): Promise<void> {
    const shape = { height: this.#height, bodyBytes: this.#bodyBytes };
    const talker = await Talker.open(port, tideConversation(connection, PIPELINED, shape), this);
    await talker.talk();
  }

  answered(count: number, wave: Wave): void {
    this.commands += count;
    this.jobs += count * (wave.gain ?? 0);
    if (wave.left > 0) return;
    for (const job of wave.jobs?.() ?? []) this.#attempt(job, wave.gain === -1);
  }

  /** A reservation of the job was answered as over: with the job's end, or with an attempt more. */
  #attempt(job: string, isEnd: boolean): void {
    const before = this.#attempts.get(job) ?? 0;
    this.#attemptCount += isEnd ? -before : 1;
    if (isEnd) this.#attempts.delete(job);
    else this.#attempts.set(job, before + 1);
  }

  /** A tide is always seen to its end, which empties the tube. */
  completed(): boolean {
    return performance.now() < this.#ends;
  }
}

/**
 * Weighs the directory and remembers the moment at which it was nearest to its bound, or farthest
 * beyond.
 */
class Scale {
  readonly #directory: string;
  readonly #segmentBytes: number;
  readonly #tides: readonly Tide[];
  heaviest = {
    boundPercent: 0,
    directoryBytes: 0,
    liveBytes: 0,
    directoryBytesMost: 0,
    liveBytesMost: 0,
  };

  constructor(directory: string, segmentBytes: number, tides: readonly Tide[]) {
    this.#directory = directory;
    this.#segmentBytes = segmentBytes;
    this.#tides = tides;
  }

  weigh(): void {
    const directoryBytes = bytesIn(this.#directory);
    const liveBytes = this.#tides.reduce((sum, tide) => sum + tide.liveBytes, 0);
    const bound = LIVE_FACTOR * liveBytes + SEGMENTS_EXTRA * this.#segmentBytes;
    const boundPercent = (directoryBytes / bound) * 100;
    const worst = this.heaviest;
    if (boundPercent > worst.boundPercent)
      this.heaviest = { ...worst, boundPercent, directoryBytes, liveBytes };
    this.heaviest.directoryBytesMost = Math.max(worst.directoryBytesMost, directoryBytes);
    this.heaviest.liveBytesMost = Math.max(worst.liveBytesMost, liveBytes);
  }
}

/** Length of all files together; a segment may get another name between listing and weighing. */
function bytesIn(directory: string): number {
  return readdirSync(directory).reduce(
    (sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
}
