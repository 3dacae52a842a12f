/*
 * FullDisk: a server on a small simulated disk that is filled until puts are refused, whose jobs
 * are then changed and deleted to the last one, through crashes. Nobody ever makes space: whoever
 * waits for room in a ring has to get it, or the reserve was too small. One disk in two copies on
 * write, so that deletes need space as well, which spares are given up for.
 *
 * Or a queue: the oldest go, and others come as soon as there is room, so that segments that are
 * nearly full of live jobs are reclaimed for every few that go, and it crashes in the middle.
 */
import { spareNumber } from "../../src/journal/format.ts";
import { randomFrom } from "../engine/shuffle.ts";
import { LedgerError } from "./ledger.ts";
import { NO_FAULTS } from "./simulated-disk.ts";
import { ownCode } from "./code.ts";
import type { Code } from "./code.ts";
import { World } from "./world.ts";
import { SEGMENT_BYTES } from "./world-options.ts";
import type { WorldOptions } from "./world-options.ts";

/** Times that the disk is filled and emptied by one seed. */
const ROUNDS = 3;
/** Jobs that the disk holds at most: for each a few records fit into what is kept free. */
const JOBS_MAX = 500;
/** Puts until they are refused, at most. */
const PUTS_MAX = 20_000;
/** Turns after which puts must be taken again once the queue is empty. */
const TURNS_MAX = 200;
/* Of a queue: its steps, and how long bodies are, of which a segment holds fifty. */
const STEPS = 400;
const QUEUED_BYTES = Math.floor(SEGMENT_BYTES / 52) - 260;
/** Each start takes a spare: without as many it crashes no more. */
const SPARES_MIN = 3;

/** A server that nobody helps. */
class Unaided extends World {
  override freeSpace(): void {
    throw new LedgerError("a full disk has no room for what drains the queue");
  }
}

/** The disk holds up to so many segments more than five; half of them copy on write like that. */
function optionsFor(
  random: (below: number) => number,
  more: number,
  copies: "never" | "untilSynced",
): WorldOptions {
  return {
    level: (["sync", "interval", "os"] as const)[random(3)] ?? "sync",
    intervalMillis: 20,
    shards: ([1, 2, 4] as const)[random(3)] ?? 1,
    segmentBytes: SEGMENT_BYTES,
    keepsReleases: random(2) === 0,
    hasLongBodies: false,
    hasMessages: false,
    hasGroups: false, // each job is to be taken, in whatever order
    faults: {
      ...NO_FAULTS,
      capacity: 5 * SEGMENT_BYTES + random(more * SEGMENT_BYTES),
      copies: random(2) === 0 ? "never" : copies,
    },
  };
}

/** The full disk of one seed. */
class FullDisk {
  readonly #random: (below: number) => number;
  readonly #world: World;
  /** Bytes of the shortest body. */
  readonly #bodyBytes: number;
  /** How often the server crashed. */
  crashes = 0;

  constructor(seed: number, code: Code, more: number, copies: "never" | "untilSynced") {
    this.#random = randomFrom(seed);
    const options = optionsFor(this.#random, more, copies);
    this.#world = new Unaided(this.#random, options, code);
    this.#bodyBytes = options.faults.capacity / JOBS_MAX;
  }

  run(): void {
    this.#world.boot();
    for (let round = 0; round < ROUNDS; round++) {
      this.#fill(() => Math.floor(this.#bodyBytes) + this.#random(1500));
      this.#crash();
      // With nothing in between. Each start takes a file, and writing over it as much again where
      // files are copied on write: there it may be one start too many.
      if (this.#random(2) === 0 && !this.#isCopied) this.#crash();
      this.#drain();
      this.#recovers();
    }
  }

  /** The oldest go, and others come. */
  runQueue(): void {
    const world = this.#world;
    world.boot();
    this.#fill(() => QUEUED_BYTES);
    for (let step = 0; step < STEPS; step++) {
      const [oldest] = [...world.ledger.jobs.values()].toSorted((a, b) => a.id - b.id);
      if (oldest !== undefined && world.hasRoom()) world.clients.delete(oldest);
      this.#turn();
      if (!world.journal.isFull && world.hasRoom()) world.clients.put(QUEUED_BYTES, 0);
      const spares = world.disk.list().filter((name) => spareNumber(name) !== undefined);
      if (spares.length >= SPARES_MIN && this.#random(5) === 0) this.#crash();
    }
  }

  get #isCopied(): boolean {
    return this.#world.options.faults.copies !== "never";
  }

  /** The committer's turn, and more of them until commands may run. */
  #turn(): void {
    const world = this.#world;
    world.commit();
    for (let left = this.#random(3); left > 0; left--) world.journal.maintain();
    for (let left = TURNS_MAX; !world.hasRoom(); left--) {
      if (left === 0) world.freeSpace();
      world.journal.maintain();
      world.commit();
    }
    world.pass(this.#random(30));
  }

  #fill(bodyBytes: () => number): void {
    const world = this.#world;
    for (let puts = 0; !world.journal.isFull; puts++) {
      if (puts > PUTS_MAX) throw new LedgerError("a small disk is never full");
      if (!world.hasRoom() || this.#random(6) === 0) this.#turn();
      else world.clients.put(bodyBytes(), 0);
    }
    this.#turn();
  }

  #crash(): void {
    this.#world.crash(this.#random(3) > 0);
    this.crashes++;
    this.#world.boot();
  }

  /** Changes and deletes jobs until there is none, with a crash now and then. */
  #drain(): void {
    const world = this.#world;
    const changes = this.#random(4);
    while (world.ledger.jobs.size > 0) {
      const jobs = [...world.ledger.jobs.values()];
      for (let at = 0; at < 40; at++) {
        if (!world.hasRoom()) this.#turn();
        const job = world.ledger.jobs.get(jobs[this.#random(jobs.length)]?.id ?? 0);
        if (job === undefined) continue;
        const choice = this.#random(2 + changes);
        if (choice < 2) world.clients.delete(job);
        else if (choice === 2) world.clients.bury(job);
        else if (choice === 3) world.clients.release(job);
        else world.clients.kick(job.tube);
      }
      this.#turn();
      if (this.#random(150) === 0) this.#crash();
    }
  }

  /** Puts are taken again. */
  #recovers(): void {
    for (let left = TURNS_MAX; this.#world.journal.isFull; left--) {
      if (left === 0) throw new LedgerError("puts are refused though the queue is empty");
      this.#world.clock += 300; // after a refusal space is asked for only now and then
      this.#turn();
    }
  }
}

/** Runs the full disk of one seed; returns how often its server crashed. Throws a LedgerError. */
export function fillAndDrain(seed: number, code: Code = ownCode()): number {
  const disk = new FullDisk(seed, code, 2.5, "untilSynced");
  disk.run();
  return disk.crashes;
}

/** The same with a queue on it; none is copied on write. */
export function queueUp(seed: number, code: Code = ownCode()): number {
  const disk = new FullDisk(seed, code, 6, "never");
  disk.runQueue();
  return disk.crashes;
}
