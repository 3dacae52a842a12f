/*
 * Ledgers of jobs on disks that others fill, and that have room again, at random: on a server, in
 * the directory of a process that is killed meanwhile, and in a spool whose server is away.
 *
 * @module-tag mounts
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { openQueue } from "../../src/entries/queue.ts";
import { spareNumber } from "../../src/journal/format.ts";
import { SmallDisk } from "../durability/small-disk.ts";
import { eachLine } from "../support/each-line.ts";
import { startHomemaker } from "../support/homemaker.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { pause, until, within } from "../support/until.ts";
import { LastingServer } from "./lasting-server.ts";
import { playLedger } from "./ledger.ts";
import { numbersIn, startSpooler } from "./spooler.ts";

const FILE = "test/backends/full-disk.long.test.ts";
const SEED = seedHere();
const TIMEOUT_MS = 300_000;
const DISK_BYTES = 10 * 1_048_576;
const PROGRAM = fileURLToPath(new URL("directory-program.ts", import.meta.url));
const LIVES = 4;
const STEPS = 30;
const STEP_MS = 40;
/** Between the first numbers of two lives. */
const APART = 1_000_000;

function smallDisk(): SmallDisk {
  const disk = new SmallDisk(DISK_BYTES);
  onTestFinished(() => disk.remove());
  return disk;
}

test(
  "a ledger on a server whose disk is full now and then comes out even",
  () =>
    replayable(SEED, FILE, async () => {
      const disk = smallDisk();
      const directory = mkdtempSync(join(tmpdir(), "homemaker-full-"));
      const path = join(directory, "socket");
      const flags = ["-l", `unix:${path}`, "--data", disk.directory, "-s", "1MiB"];
      const start = () => startHomemaker({ threads: 1, shards: 1, flags });
      let server = await start();
      onTestFinished(async () => {
        await server.stop();
        rmSync(directory, { recursive: true });
      });
      await playLedger(
        {
          address: () => ({ path }),
          target: (port) => `homemaker://127.0.0.1:${port}`,
          kill: () => server.stop(),
          async again() {
            server = await start();
          },
          kills: 2,
          confirmsEnds: true,
          disk,
        },
        SEED,
      );
      expect(SEED).toBeGreaterThanOrEqual(0);
    }),
  TIMEOUT_MS,
);

/** Fills the disk, and gives it room again, at random; it is full in the middle at any rate. */
async function disturb(disk: SmallDisk, random: Random): Promise<void> {
  for (let step = 0; step < STEPS; step++) {
    await pause(STEP_MS);
    if (step === STEPS / 2 || random.oneIn(10)) disk.fill();
    else if (random.oneIn(6)) disk.relieve();
  }
}

/** A process with its queue in a directory. */
interface Life {
  /** Resolves once it has its queue. */
  open(): Promise<unknown>;
  kill(): Promise<unknown>;
  finish(): Promise<unknown>;
}

/** What a process with its queue in a directory said, life after life. */
class Lives {
  readonly enqueued = new Set<number>();
  /** Each number that was done, with the life in which it was. */
  readonly done: { readonly at: number; readonly life: number }[] = [];
  readonly refusals = new Set<string>();
  readonly #directory: string;
  /** Called when the last one has its queue. */
  #opened: () => void = () => undefined;
  #count = 0;
  /** The last that they said, a line each, and how they ended. */
  #tail: readonly string[] = [];

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The end of what they said, for whoever waited in vain. */
  readonly tell = (): string => `\n${this.#tail.join("\n")}`;

  /** Begins the next one. */
  next(): Life {
    const life = this.#count++;
    const child = spawn(process.execPath, [PROGRAM, this.#directory, String(life * APART)], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    onTestFinished(() => void child.kill("SIGKILL"));
    const opened = new Promise<void>((resolve) => (this.#opened = resolve));
    eachLine(child.stdout, (line) => this.#said(line, life));
    eachLine(child.stderr, (line) => this.#note(line, life));
    const closed = once(child, "close").then(([code]: unknown[]) => {
      this.#note(`ended with ${String(code)}`, life);
      return code;
    });
    return {
      open: () => within("it is open", TIMEOUT_MS / 2, opened, this.tell),
      kill: () => {
        child.kill("SIGKILL");
        return closed;
      },
      finish: () => {
        child.stdin.end();
        return within("all was done", TIMEOUT_MS / 2, closed);
      },
    };
  }

  #note(line: string, life: number): void {
    const at = Math.round(performance.now());
    this.#tail = [...this.#tail, `${at} ms, life ${life}: ${line}`].slice(-20);
  }

  #said(line: string, life: number): void {
    this.#note(line, life);
    const [what, word = ""] = line.split(" ");
    if (what === "open") this.#opened();
    else if (what === "+") this.enqueued.add(Number(word));
    else if (what === "-") this.done.push({ at: Number(word), life });
    else this.refusals.add(word);
  }
}

test(
  "a ledger in a directory whose disk is full now and then comes out even",
  () =>
    replayable(SEED, FILE, async () => {
      const random = new Random(SEED);
      const disk = smallDisk();
      const lives = new Lives(join(disk.directory, "queue"));
      let life = lives.next();
      for (let count = 1; count < LIVES; count++) {
        const before = lives.enqueued.size;
        await life.open();
        const isMore = () => lives.enqueued.size > before;
        await until("it enqueues", isMore, lives.tell);
        await disturb(disk, random);
        await life.kill();
        if (random.oneIn(2)) disk.relieve();
        life = lives.next();
        await pause(random.below(1000));
        disk.relieve();
      }
      const isLast = () => lives.done.at(-1)?.life === LIVES - 1;
      await until("the last one does some", isLast, lives.tell);
      expect(await life.finish()).toBe(0);
      const { enqueued, done, refusals } = lives;
      const there = new Set(done.map(({ at }) => at));
      expect([...enqueued].filter((at) => !there.has(at))).toEqual([]);
      // What was done when its process was killed may be done by the next one; no other is again.
      const twice = new Set(done.map(({ at, life: one }) => `${at} in ${one}`));
      expect(twice.size).toBe(done.length);
      expect([...refusals].filter((code) => !code.startsWith("HM_"))).toEqual([]);
      expect([...refusals]).toContain("HM_OUT_OF_MEMORY");
    }),
  TIMEOUT_MS,
);

test(
  "a worker that starts where nothing can be written goes on when there is room",
  async () => {
    const disk = smallDisk();
    const directory = join(disk.directory, "queue");
    const lives = new Lives(directory);
    const before = lives.next();
    await until("it enqueues", () => lives.enqueued.size > 20, lives.tell);
    await before.kill();
    for (const name of readdirSync(directory)) {
      if (spareNumber(name) !== undefined) rmSync(join(directory, name));
    }
    disk.fill();
    lives.refusals.clear();
    const life = lives.next();
    await life.open();
    await until("it is refused", () => lives.refusals.has("HM_OUT_OF_MEMORY"), lives.tell);
    const { length } = lives.done;
    await pause(1000);
    expect(lives.done.length).toBe(length);
    disk.relieve();
    await until("it does some", () => lives.done.at(-1)?.life === 1, lives.tell);
    expect(await life.finish()).toBe(0);
    const there = new Set(lives.done.map(({ at }) => at));
    expect([...lives.enqueued].filter((at) => !there.has(at))).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  "what a spool took whose disk is full now and then reaches the server, once",
  () =>
    replayable(SEED, FILE, async () => {
      const random = new Random(SEED);
      const disk = smallDisk();
      const directory = join(disk.directory, "spool");
      const server = await LastingServer.start();
      const taken = new Set<number>();
      const refusals = new Set<string>();
      const spooling = { socket: server.path, directory, bytes: 20_000, taken, refusals };
      const open = () => openQueue(server.url, { spool: { directory } });
      for (let life = 0; life < 2; life++) {
        server.kill();
        const spooler = startSpooler(spooling, life * APART);
        const before = taken.size;
        await until("it spools", () => taken.size > before);
        await disturb(disk, random);
        disk.fill();
        await until("it is refused", () => refusals.size > 0);
        await spooler.kill();
        disk.relieve();
        await server.again();
        await using queue = await open(); // which delivers
        await until("all that was taken is there", async () => {
          return (await queue.stats("note")).available >= taken.size;
        });
      }
      await using queue = await open();
      const found = await numbersIn(queue);
      const there = new Set(found);
      expect([...taken].filter((number) => !there.has(number))).toEqual([]);
      expect(found.length).toBe(there.size);
      expect([...refusals].filter((code) => !code.startsWith("HM_"))).toEqual([]);
    }),
  TIMEOUT_MS,
);
