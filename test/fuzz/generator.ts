/* Makes streams: several connections, bursts of commands that are valid or almost valid, cut
 * anywhere.
 *
 * Everything depends on the seed and the wanted number of commands alone. A third of the commands
 * is damaged in some way that clients, attackers and broken networks would damage them; unit.ts
 * throws out what must not be in a stream.
 */
import { damaged, EDGES } from "./damage.ts";
import { ADDITIONS } from "./differences.ts";
import { Estimate } from "./estimate.ts";
import { Random } from "../support/random.ts";
import type { Step, Stream } from "./stream.ts";
import { SAFE_SECONDS, unitOf, unitOfAddition, type Unit } from "./unit.ts";

const CONNECTIONS = 5;
const BURST_COMMANDS_MAX = 60;
/** Every so many streams the server enters drain mode near the end. */
const DRAIN_ONE_IN = 3;

const LONG_NAME = "long-".padEnd(200, "n");
const TUBES = ["default", "a", "b", "c", "x_y", "+a;b.c/d$e_f(g)-1", LONG_NAME] as const;
const BAD_TUBES = [
  "",
  "-a",
  "a:b",
  "a b",
  " a",
  "a ",
  "\u00e9",
  LONG_NAME + "n",
  "a\tb",
  "a\0",
] as const;
const NO_REPLY_NEEDED = [
  "",
  "quit\r\n",
  "quit now\r\n", // and nothing behind it: unread input would make the kernel drop the replies
  "quitx\r\n",
  "reserve\r\nlist-tube-used\r\n",
  "reserve\r\nreserve\r\nstats-tube default\r\n",
  "stats\n",
  "put 0 0 600 5\r\nab",
  "put 0 0 600 5\r\nabcde\r",
  "put 0 0 600",
] as const;

/** Makes the stream of this seed with at least `commands` requests. */
export function generateStream(seed: number, commands: number): Stream {
  return new StreamGenerator(seed).generate(commands);
}

class StreamGenerator {
  readonly #random: Random;
  readonly #seed: number;
  readonly #maxJobSizeBytes: number;
  readonly #estimate = new Estimate();
  readonly #steps: Step[] = [];
  #requests = 0;
  #meetings = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#random = new Random(seed);
    this.#maxJobSizeBytes = this.#random.pick([65535, 65535, 1024, 100, 10, 0]);
  }

  generate(commands: number): Stream {
    const drainFrom = this.#random.oneIn(DRAIN_ONE_IN) ? commands * 0.9 : Infinity;
    let draining = false;
    while (this.#requests < commands) {
      if (!draining && this.#requests >= drainFrom) {
        draining = true;
        this.#steps.push({ kind: "drain" });
      }
      this.#step(draining);
    }
    return { seed: this.#seed, maxJobSizeBytes: this.#maxJobSizeBytes, steps: this.#steps };
  }

  /** Adds a step. In drain mode nobody could give the waiters of a meeting anything. */
  #step(draining: boolean): void {
    const connection = this.#random.below(CONNECTIONS);
    const kinds = [
      [40, "burst"],
      [4, "farewell"],
      [draining ? 0 : 6, "meeting"],
    ] as const;
    const kind = this.#random.weighted(kinds);
    if (kind === "meeting") this.#meeting(connection);
    else if (kind === "farewell") this.#farewell(connection);
    else this.#burst(connection);
  }

  #burst(connection: number): void {
    const units = this.#units(connection, this.#random.between(1, BURST_COMMANDS_MAX));
    this.#steps.push({ kind: "burst", connection, units, cuts: this.#cuts() });
  }

  #farewell(connection: number): void {
    const units = this.#units(connection, this.#random.below(6));
    const tail = Buffer.from(this.#random.pick(NO_REPLY_NEEDED));
    this.#steps.push({ kind: "farewell", connection, units, tail, cuts: this.#cuts() });
    this.#estimate.closed(connection);
    // An upload that was begun has its id.
    if (tail.includes("put 0 0 600 5\r\n") && this.#maxJobSizeBytes >= 5) this.#estimate.skipped(1);
  }

  #meeting(giver: number): void {
    const others = Array.from({ length: CONNECTIONS }, (_, index) => index).filter(
      (connection) => connection !== giver,
    );
    // beanstalkd serves up to three waiters in the order in which they came, and more than that in
    // an order of its own.
    const waiters = others.slice(0, this.#random.between(1, 3));
    const tube = `meeting-${++this.#meetings}`;
    this.#steps.push({ kind: "meeting", waiters, giver, tube });
    this.#requests += 3 * waiters.length + 1;
    this.#estimate.skipped(waiters.length);
  }

  #cuts(): number {
    return this.#random.oneIn(3) ? 0 : this.#random.word();
  }

  #units(connection: number, count: number): Unit[] {
    const units: Unit[] = [];
    while (units.length < count) {
      if (units.length > 0 && this.#random.oneIn(20)) {
        const addition = this.#random.pick(ADDITIONS);
        units.push(unitOfAddition(addition, this.#id(this.#estimate.alive())));
        this.#requests++;
        continue;
      }
      // The player has left the connection using a tube that is of no further interest.
      const wellFormed = units.length === 0 ? this.#use() : this.#command(connection);
      const input = this.#random.oneIn(3) ? damaged(this.#random, wellFormed) : wellFormed;
      const unit = unitOf(input, this.#maxJobSizeBytes);
      if (unit === undefined) continue;
      units.push(unit);
      for (const request of unit.requests) this.#estimate.saw(connection, request);
      this.#requests += unit.requests.length;
    }
    return units;
  }

  /** A well-formed command line with its body, if it has one. */
  #command(connection: number): Buffer {
    const random = this.#random;
    const held = (): string => this.#id(this.#estimate.heldBy(connection));
    const resting = (): string => this.#id(this.#estimate.resting());
    const alive = (): string => this.#id(this.#estimate.alive());
    const make = random.weighted<() => string | Buffer>([
      [22, () => this.#put()],
      [14, () => "reserve-with-timeout 0"],
      [9, () => `delete ${random.oneIn(2) ? held() : alive()}`],
      [8, () => `release ${held()} ${this.#pri()} ${this.#delay()}`],
      [6, () => `bury ${held()} ${this.#pri()}`],
      [4, () => `touch ${held()}`],
      [5, () => `reserve-job ${alive()}`],
      [4, () => `kick ${random.pick(["0", "1", "2", "3", "-1", "+2", "1x", "1 ", "\t2"])}`],
      [4, () => `kick-job ${resting()}`],
      [4, () => `peek ${alive()}`],
      [5, () => random.pick(["peek-ready", "peek-delayed", "peek-buried"])],
      [7, () => `use ${this.#tube()}`],
      [6, () => `watch ${this.#tube()}`],
      [5, () => `ignore ${this.#tube()}`],
      [4, () => `pause-tube ${this.#tube()} ${random.oneIn(5) ? this.#longTime() : "0"}`],
      [5, () => `stats-job ${alive()}`],
      [3, () => `stats-tube ${this.#tube()}`],
      [2, () => "stats"],
      [3, () => random.pick(["list-tubes", "list-tube-used", "list-tubes-watched"])],
      [1, () => random.pick(["", "foo", "STATS", "put", "stats x", "reserve ", "reserve-job"])],
    ]);
    const made = make();
    return typeof made === "string" ? Buffer.from(`${made}\r\n`, "latin1") : made;
  }

  #use(): Buffer {
    return Buffer.from(`use ${this.#random.pick(TUBES)}\r\n`);
  }

  #put(): Buffer {
    const body = this.#body();
    const declared = this.#random.oneIn(12) ? this.#random.below(body.length + 8) : body.length;
    const line = `put ${this.#pri()} ${this.#delay()} ${this.#longTime()} ${declared}\r\n`;
    const trailer = this.#random.oneIn(25) ? this.#random.pick(["\n\r", "xx", "", "\r"]) : "\r\n";
    return Buffer.concat([Buffer.from(line), body, Buffer.from(trailer)]);
  }

  /**
   * A body: mostly short, sometimes at the limit or above it, sometimes like commands, sometimes
   * any bytes.
   */
  #body(): Buffer {
    const random = this.#random;
    const limit = this.#maxJobSizeBytes;
    if (random.oneIn(40)) return random.bytes(Math.max(0, limit + random.between(-1, 2)));
    if (random.oneIn(40)) return random.bytes(limit + random.below(1000));
    const body = random.weighted<() => Buffer>([
      [1, () => Buffer.from(random.pick(["delete 1\r\n", "\r\n", "INSERTED 1\r\n", "\r"]))],
      [3, () => random.bytes(random.below(300))],
      [4, () => Buffer.from("abcdefghij".slice(0, random.below(11)))],
    ])();
    return random.oneIn(10) ? body : body.subarray(0, limit);
  }

  /** An id: mostly one of those that the command is meant for, else any. */
  #id(meantFor: readonly number[]): string {
    const random = this.#random;
    const alive = this.#estimate.alive();
    const kind = random.weighted([
      [meantFor.length > 0 ? 20 : 0, "meant"],
      [alive.length > 0 ? 5 : 0, "alive"],
      [2, "any"],
      [1, "edge"],
    ]);
    if (kind === "meant") return String(random.pick(meantFor));
    if (kind === "alive") return String(random.pick(alive));
    return kind === "any"
      ? String(random.between(0, this.#estimate.nextId + 1))
      : random.pick(EDGES);
  }

  #pri(): string {
    const random = this.#random;
    return random.oneIn(8) ? random.pick(["1023", "1024", "4294967295"]) : String(random.below(5));
  }

  #delay(): string {
    return this.#random.oneIn(4) ? this.#longTime() : "0";
  }

  /** Seconds that do not run out, all different, so that no two deadlines are equal by chance. */
  #longTime(): string {
    const random = this.#random;
    if (random.oneIn(10)) return String(4294967295 - random.below(1_000_000));
    return String(random.between(2 * SAFE_SECONDS, 2_000_000));
  }

  #tube(): string {
    return this.#random.oneIn(20) ? this.#random.pick(BAD_TUBES) : this.#random.pick(TUBES);
  }
}
