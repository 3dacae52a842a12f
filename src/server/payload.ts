/* Payload: what the main thread gives to each I/O thread so that it can serve jobs.
 *
 * The shards' memories and the compiled engine are shared between all threads; everything else is plain data and is copied. Made
 * by server.ts, opened by open-host.ts in each thread.
 */
import type { Options } from "../config/options.ts";
import { makeShards, type ShardMemories } from "../engine/shards.ts";
import type { Runtime } from "../runtime.ts";
import type { SessionLimits } from "./session-host.ts";

/** What a payload is, and the number of shards in it, for the ready line. */
export interface Payload {
  readonly shards: number;
  readonly content: unknown;
}

/** Makes a payload for that many I/O threads. */
export type MakePayload = (options: Options, threads: number, runtime: Runtime) => Promise<Payload>;

/** The content of `makePayload`. */
export interface ShardsPayload {
  readonly memories: ShardMemories;
  readonly controlWasm: Uint8Array<ArrayBuffer>;
  readonly limits: SessionLimits;
  /** The server's name for itself: 16 hex digits. */
  readonly id: string;
}

/** Shards for each thread: two threads seldom want the same one then. */
const SHARDS_PER_THREAD = 4;
/** Most shards unless more are asked for. */
const SHARDS_DEFAULT_MAX = 32;

/** The shards, empty. Rejects with a ModuleMissingError if nothing has been built. */
export async function makePayload(
  options: Options,
  threads: number,
  runtime: Runtime,
): Promise<Payload> {
  const engineWasm = await runtime.readModule("engine");
  const controlWasm = await runtime.readModule("control");
  const module = await WebAssembly.compile(engineWasm);
  const shards = options.shards ?? defaultShards(threads);
  const memoryBytes = options.memoryBytes ?? runtime.memoryBytes / 2;
  const memories = makeShards(module, shards, threads, memoryBytes);
  const content: ShardsPayload = {
    memories,
    controlWasm,
    limits: limitsOf(options),
    id: randomId(),
  };
  return { shards, content };
}

/** One shard for one thread, which it then never has to look for; otherwise a power of two, some for each thread. */
function defaultShards(threads: number): number {
  if (threads === 1) return 1;
  const wanted = 2 ** Math.ceil(Math.log2(threads * SHARDS_PER_THREAD));
  return Math.min(wanted, SHARDS_DEFAULT_MAX);
}

function limitsOf(options: Options): SessionLimits {
  const { maxJobBytes, maxTubes, maxWatch, maxOutputBytes, commandsPerTurn } = options;
  return { maxJobBytes, maxTubes, maxWatch, maxOutputBytes, commandsPerTurn };
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
