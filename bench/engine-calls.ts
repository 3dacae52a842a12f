/* Engine calls bench: put+reserve+delete by the engine's own calls, on one shard in this process,
 * with nothing around them.
 *
 *   node bench/engine-calls.ts '{"most":256,"seconds":1}'   ->   {"cyclesPerSecond":N, ...}
 *
 * It is the ceiling of what inside.ts measures on the same machine: no session, no client, no
 * object for a job. With `most` above 1 each call is for so many jobs, as in a session whose client
 * is in this process; with 1 it is called for each command of each job. Bodies are 100 bytes,
 * copied in, and every body that comes is looked at where it lies. Run by bench/main.ts.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import * as C from "../assembly/constants.ts";
import * as L from "../assembly/layouts.ts";
import type { Shard } from "../src/engine/shard.ts";
import { makeShards, openShards } from "../src/engine/shards.ts";

interface Plan {
  /** Jobs of a batch. */
  readonly most: number;
  readonly seconds: number;
}

const BODY = new Uint8Array(100).fill(120);
const MEMORY_BYTES = 64 * 1024 * 1024;
/** Cycles in which everything gets warm. */
const WARM_CYCLES = 50_000;
const TTR_SECONDS = 60;
const ENTRY_BYTES = L.MANY_BODY + Math.ceil(BODY.length / L.MANY_ALIGN) * L.MANY_ALIGN;

/** What is looked at of the bodies, so that nothing can leave them out. */
let seen = 0;

class Calls {
  readonly #shard: Shard;
  readonly #tube: number;
  readonly #conn: number;
  readonly #most: number;
  /** The output slot as numbers. */
  readonly #taken: Float64Array;
  #lastId = 0;

  constructor(shard: Shard, most: number) {
    const name = new TextEncoder().encode("bench");
    shard.input.set(name);
    shard.useTube(0, name.length, 1);
    this.#tube = shard.address();
    shard.openConn(0);
    this.#conn = shard.address();
    shard.watchTube(this.#conn, 0, name.length, 1);
    this.#shard = shard;
    this.#most = most;
    const { buffer, byteOffset } = shard.output;
    this.#taken = new Float64Array(buffer, byteOffset, C.OUTPUT_BYTES / 8);
  }

  /** One batch: returns how many cycles it was. */
  cycleMany(): number {
    const shard = this.#shard;
    const now = performance.now() * 1000;
    const most = this.#most;
    this.#stageJobs();
    shard.putMany(this.#tube, most, 0, 0, TTR_SECONDS, now);
    shard.takeMany(this.#conn, most, now);
    this.#stageTaken();
    shard.deleteMany(this.#conn, most, now);
    if (shard.field(C.RESULT_COUNT) !== most) throw new Error("the engine left jobs");
    return most;
  }

  /** One job. */
  cycleOne(): number {
    const shard = this.#shard;
    const now = performance.now() * 1000;
    shard.input.set(BODY);
    shard.put(this.#tube, ++this.#lastId, 0, 0, TTR_SECONDS, 0, BODY.length, now);
    shard.take(this.#conn, Infinity, Infinity, now);
    seen += shard.output[0] ?? 0;
    shard.deleteJob(this.#conn, shard.field(C.RESULT_ID), now);
    return 1;
  }

  #stageJobs(): void {
    const { input, inputNumbers } = this.#shard;
    for (let at = 0; at < this.#most * ENTRY_BYTES; at += ENTRY_BYTES) {
      inputNumbers[(at + L.MANY_ID) >> 3] = ++this.#lastId;
      inputNumbers[(at + L.MANY_BODY_BYTES) >> 3] = BODY.length;
      input.set(BODY, at + L.MANY_BODY);
    }
  }

  /** The ids of the jobs in the output slot, whose bodies are looked at. */
  #stageTaken(): void {
    const { inputNumbers, output } = this.#shard;
    const taken = this.#taken;
    for (let index = 0; index < this.#most; index++) {
      const at = index * ENTRY_BYTES;
      inputNumbers[index] = taken[(at + L.MANY_ID) >> 3] ?? 0;
      seen += output[at + L.MANY_BODY] ?? 0;
    }
  }
}

function measure(cycle: () => number, seconds: number): void {
  for (let warmed = 0; warmed < WARM_CYCLES;) warmed += cycle();
  const began = performance.now();
  const cpu = process.cpuUsage();
  let cycles = 0;
  let tookMillis = 0;
  while (tookMillis < seconds * 1000) {
    for (let batch = 0; batch < 64; batch++) cycles += cycle();
    tookMillis = performance.now() - began;
  }
  const { user, system } = process.cpuUsage(cpu);
  if (seen === 0) throw new Error("no body was looked at");
  const sample = {
    cyclesPerSecond: Math.round(cycles / (tookMillis / 1000)),
    microsPerCycle: (user + system) / cycles,
  };
  process.stdout.write(`${JSON.stringify(sample)}\n`);
}

function isPlan(value: unknown): value is Plan {
  return typeof value === "object" && value !== null && "most" in value && "seconds" in value;
}

const plan: unknown = JSON.parse(process.argv[2] ?? "{}");
if (!isPlan(plan)) throw new TypeError('expected {"most":N,"seconds":N}');
const engine = readFileSync(new URL("../build/engine.wasm", import.meta.url));
const [shard] = openShards(makeShards(new WebAssembly.Module(engine), 1, 1, MEMORY_BYTES), 0);
if (shard === undefined) throw new Error("no shard was opened");
const calls = new Calls(shard, plan.most);
measure(() => (plan.most > 1 ? calls.cycleMany() : calls.cycleOne()), plan.seconds);
