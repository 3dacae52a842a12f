/* Session bench: put+reserve+delete through the session code and the engine, without sockets.
 *
 *   node bench/session.ts '{"threads":1,"shards":1,"seconds":1}'   ->   {"cyclesPerSecond":N}
 *
 * Each thread has one session in its own tube (with several shards, each in its own shard), an
 * outlet that only looks at what it gets, and sends waves of WAVE puts, WAVE reserves and WAVE
 * deletes. A wave's replies are read as a client would: the ids of the deletes come from them.
 * Cycles of all threads are added. Run by bench/main.ts.
 */

import { readFileSync } from "node:fs";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { loadControl } from "../src/text/control.ts";
import { makeShards, openShards, shardOfTube } from "../src/engine/shards.ts";
import type { ShardMemories } from "../src/engine/shards.ts";
import { fastCopy } from "../src/runtimes/copy.ts";
import { Common } from "../src/engine/common.ts";
import { SessionHost } from "../src/session/host.ts";
import type { Inlet, Outlet } from "../src/transport.ts";

interface Plan {
  readonly threads: number;
  readonly shards: number;
  readonly seconds: number;
  /** What each put of a wave is tagged with, behind which its number comes. */
  readonly tag?: string;
  /** How many numbers there are, as many as puts of a wave if absent; with a job of each ahead. */
  readonly keys?: number;
  /** What is set for the tube. */
  readonly settings?: string;
}

interface Work {
  readonly made: ShardMemories;
  readonly common: SharedArrayBuffer;
  readonly thread: number;
  readonly seconds: number;
  readonly plan: Plan;
}

const WAVE = 64;
const BODY_BYTES = 100;
const MEMORY_BYTES = 256 * 1024 * 1024;
const ENCODER = new TextEncoder();
const BUILD = new URL("../build/", import.meta.url);

/** Keeps the replies of a wave, and where they end. */
class Sink implements Outlet {
  readonly backlogBytes = 0;
  bytes: Uint8Array = new Uint8Array(0);

  write(bytes: Uint8Array): boolean {
    this.bytes = bytes; // good until the next turn
    return false;
  }

  pause(): void {}
  resume(): void {}
  close(): void {}
}

/** A tube name that lies in the thread's own shard. */
function tubeFor(thread: number, shards: number): string {
  for (let number = 0; ; number++) {
    const name = ENCODER.encode(`bench-${number}`);
    if (shardOfTube(name, 0, name.length, shards) === thread % shards) return `bench-${number}`;
  }
}

/** The delete commands for the jobs of a wave of RESERVED replies, written into `out`. */
function deletesOf(replies: Uint8Array, out: Uint8Array): Uint8Array {
  let to = 0;
  let at = 0;
  while (at < replies.length) {
    for (const byte of DELETE) out[to++] = byte;
    at += RESERVED_BYTES;
    for (let byte = replies[at] ?? 0; byte !== SPACE; byte = replies[++at] ?? 0) out[to++] = byte;
    out[to++] = 13;
    out[to++] = 10;
    at += REST_BYTES; // the length, the body and their line ends
  }
  return out.subarray(0, to);
}

const DELETE = ENCODER.encode("delete ");
const RESERVED_BYTES = "RESERVED ".length;
const REST_BYTES = ` ${BODY_BYTES}\r\n`.length + BODY_BYTES + "\r\n".length;
const SPACE = 32;

function say(inlet: Inlet, text: string): void {
  inlet.receive(ENCODER.encode(text));
}

/** The puts of the waves, one behind the other, until all numbers have come. */
function wavesOf({ tag, keys = WAVE }: Plan): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(keys / WAVE) }, (_, wave) => putsOf(tag, wave * WAVE));
}

/** The puts of a wave, numbered from `first` on. */
function putsOf(tag: string | undefined, first: number): Uint8Array {
  const lines = Array.from({ length: WAVE }, (_, at) => {
    const tags = tag === undefined ? "" : ` ${tag}${first + at}`;
    return `put 0 0 60 ${BODY_BYTES}${tags}\r\n${"x".repeat(BODY_BYTES)}\r\n`;
  });
  return ENCODER.encode(lines.join(""));
}

async function cyclesPerSecond({ made, common, thread, seconds, plan }: Work): Promise<number> {
  const control = await loadControl(new Uint8Array(readFileSync(new URL("control.wasm", BUILD))));
  const attached = new Common(common);
  const host = new SessionHost({
    shards: openShards(made, thread),
    common: attached,
    threadIndex: thread,
    ...(fastCopy && { copy: fastCopy }),
    clock: attached.clock(),
    limits: {
      maxJobBytes: 65_535,
      maxFailureBytes: 65_536,
      maxBatchBytes: 16_777_216,
      maxResultBytes: 65_536,
      maxResultsBytes: 65_536,
      maxTubes: 100,
      maxWatch: 100,
      maxOutputBytes: 1e9,
      commandsPerTurn: 1e9,
    },
    control,
    facts: {
      pid: 0,
      version: "",
      id: "",
      hostname: "",
      os: "",
      platform: "",
      cpuMicros: () => ({ user: 0, system: 0 }),
      residentBytes: () => 0,
      memoryCapBytes: 0,
      journalSegmentBytes: 0,
    },
    later: (run) => run(),
    random: (bytes) => crypto.getRandomValues(bytes),
  });
  const sink = new Sink();
  const inlet = host.open(sink);
  const tube = tubeFor(thread, made.memories.length);
  say(inlet, `use ${tube}\r\nwatch ${tube}\r\nignore default\r\n`);
  if (plan.settings !== undefined) say(inlet, `set-tube ${tube} ${plan.settings}\r\n`);
  const waves = wavesOf(plan);
  if (plan.keys !== undefined) for (const puts of waves) inlet.receive(puts);
  const reserves = ENCODER.encode("reserve\r\n".repeat(WAVE));
  const deletes = new Uint8Array(WAVE * 32);
  let cycles = 0;
  let measured = 0;
  const warmUntil = performance.now() + Math.min(500, seconds * 500);
  let started = 0;
  for (let wave = 0; ; wave++) {
    inlet.receive(waves[wave % waves.length] ?? new Uint8Array(0));
    inlet.receive(reserves);
    inlet.receive(deletesOf(sink.bytes, deletes));
    cycles += WAVE;
    const now = performance.now();
    if (started === 0) {
      if (now < warmUntil) continue;
      started = now;
      cycles = 0;
    }
    measured = now - started;
    if (measured >= seconds * 1000) return (cycles * 1000) / measured;
  }
}

async function main(plan: Plan): Promise<void> {
  const module = new WebAssembly.Module(readFileSync(new URL("engine.wasm", BUILD)));
  const made = makeShards(module, plan.shards, plan.threads, MEMORY_BYTES);
  const common = Common.create(plan.threads).buffer;
  const runs = Array.from({ length: plan.threads }, (_, thread) => {
    const work: Work = { made, common, thread, seconds: plan.seconds, plan };
    return new Promise<number>((resolve, reject) => {
      const worker = new Worker(new URL(import.meta.url), { workerData: work });
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  });
  const each = await Promise.all(runs);
  const sum = each.reduce((total, one) => total + one, 0);
  process.stdout.write(`${JSON.stringify({ cyclesPerSecond: Math.round(sum) })}\n`);
}

function isPlan(value: unknown): value is Plan {
  return typeof value === "object" && value !== null && "threads" in value && "shards" in value;
}

if (isMainThread) {
  const plan: unknown = JSON.parse(process.argv[2] ?? "{}");
  if (!isPlan(plan)) throw new TypeError('expected {"threads":N,"shards":N,"seconds":N}');
  await main(plan);
} else {
  parentPort?.postMessage(await cyclesPerSecond(workerData));
}
