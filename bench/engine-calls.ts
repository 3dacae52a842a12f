/* Engine calls bench: put+reserve+delete by the engine's own calls, on one shard in this process,
 * with nothing around them.
 *
 *   node bench/engine-calls.ts '{"most":256,"seconds":1}'   ->   {"cyclesPerSecond":N, ...}
 *
 * It is the ceiling of what inside.ts measures on the same machine: no session, no client, no
 * object for a job. With `most` above 1 the engine gets the commands of so many jobs at once, as a
 * session gives them to it; with 1 it is called for each command of each job. Bodies are 100 bytes,
 * copied in, and every body that comes is looked at where it lies. Run by bench/main.ts.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import * as C from "../assembly/constants.ts";
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
const FLAGS = C.RUN_ONLY_SHARD | C.RUN_RESERVES | C.RUN_PUTS;
const ENCODER = new TextEncoder();
const DELETE = ENCODER.encode("delete ");
const RESERVED_BYTES = "RESERVED ".length;
/** Behind the id: the length, the body and their line ends. */
const REST_BYTES = ` ${BODY.length}\r\n`.length + BODY.length + 2;
const SPACE = 32;

/** What is looked at of the bodies, so that nothing can leave them out. */
let seen = 0;

class Calls {
  readonly #shard: Shard;
  readonly #tube: number;
  readonly #conn: number;
  readonly #puts: Uint8Array;
  readonly #reserves: Uint8Array;
  readonly #most: number;
  #lastId = 0;

  constructor(shard: Shard, most: number) {
    const name = ENCODER.encode("bench");
    shard.input.set(name);
    shard.useTube(0, name.length, 1);
    this.#tube = shard.address();
    shard.openConn(0);
    this.#conn = shard.address();
    shard.watchTube(this.#conn, 0, name.length, 1);
    this.#shard = shard;
    this.#most = most;
    const put = `put 0 0 ${TTR_SECONDS} ${BODY.length}\r\n${"x".repeat(BODY.length)}\r\n`;
    this.#puts = ENCODER.encode(put.repeat(most));
    this.#reserves = ENCODER.encode("reserve\r\n".repeat(most));
  }

  /** One batch: returns how many cycles it was. */
  cycleMany(): number {
    const { input } = this.#shard;
    input.set(this.#puts);
    this.#run(this.#puts.length);
    input.set(this.#reserves);
    const replyBytes = this.#run(this.#reserves.length);
    this.#run(this.#writeDeletes(replyBytes));
    return this.#most;
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

  /** Runs the commands in the input slot; returns how long the replies are. */
  #run(bytes: number): number {
    const shard = this.#shard;
    const now = performance.now() * 1000;
    shard.run(this.#conn, this.#tube, FLAGS, 65_535, 0, bytes, this.#most, 0, -1, 0, 0, 0, now);
    if (shard.field(C.RESULT_COUNT) !== bytes) throw new Error("the engine left commands");
    return shard.field(C.RESULT_REPLY_BYTES);
  }

  /** The ids are copied from the replies in the output slot; returns how long the commands are. */
  #writeDeletes(replyBytes: number): number {
    const { input, output } = this.#shard;
    let to = 0;
    let at = 0;
    while (at < replyBytes) {
      for (let index = 0; index < DELETE.length; index++) input[to++] = DELETE[index] ?? 0;
      at += RESERVED_BYTES;
      for (let byte = output[at] ?? 0; byte !== SPACE; byte = output[++at] ?? 0) input[to++] = byte;
      input[to++] = 13;
      input[to++] = 10;
      at += REST_BYTES;
      seen += output[at - 3] ?? 0; // the last byte of the body
    }
    return to;
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
