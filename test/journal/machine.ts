/* Machine: the engine's shards in memories that are used again for each start of the server, since
 * making them is what costs most.
 *
 * Thread 0 is all there is: it runs the commands and the committer's part, one after the other. A
 * second instance of the engine, the verify build, looks at the same memories.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as C from "../../assembly/constants.ts";
import { EngineShard } from "../engine/engine.ts";
import { loadVerifyModule } from "../engine/verify-build.ts";
import { makeShards, openShards } from "../../src/engine/shards.ts";
import type { Shard } from "../../src/engine/shard.ts";
import { JournalShard } from "../../src/journal/journal-shard.ts";

/** Bytes of a shard's ring. */
const RING_BYTES = 65_536;
/** Bytes of a long body in a PART record: a body above twice as much, with its record, is long. */
export const PART_BYTES = 4096;
/** The longest record, and what may stand in a ring for a command to run. */
const RECORD_BYTES_MAX = 2 * PART_BYTES;
const RING_LIMIT_BYTES = 8192;
/** What must be free in a ring before a command may run. */
export const RESERVE_BYTES = RING_BYTES - RING_LIMIT_BYTES;

/**
 * What may be on its way to the disk in a machine of so many shards: all rings at their limit, one
 * record of a command and one of reclaiming beyond that, and what the ends of two segments waste.
 */
export function comingBytesOf(shards: number): number {
  return shards * RING_LIMIT_BYTES + 4 * RECORD_BYTES_MAX;
}
/** Failures that a job keeps: few, so that old ones have to go. */
const FAILURES_KEPT = 3;

/** The module of build/engine.wasm. */
export function loadEngineModule(): WebAssembly.Module {
  const path = fileURLToPath(new URL("../../build/engine.wasm", import.meta.url));
  return new WebAssembly.Module(readFileSync(path));
}

/** Memory for the jobs of each shard. */
const SHARD_BYTES = 16_777_216;

/**
 * Copies of memories up to where there is nothing but zeros, by module, shards and ring. They are
 * taken of the first machine of a kind: to touch all pages of a new memory is most of what one
 * costs.
 */
const empties = new Map<WebAssembly.Module, Map<string, readonly Uint8Array[]>>();

function emptiesOf(
  module: WebAssembly.Module,
  ringBytes: number,
  memories: readonly WebAssembly.Memory[],
): readonly Uint8Array[] {
  let known = empties.get(module);
  if (known === undefined) empties.set(module, (known = new Map()));
  const key = `${memories.length} ${ringBytes}`;
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = memories.map(usedPartOf)));
  return found;
}

function usedPartOf({ buffer }: WebAssembly.Memory): Uint8Array {
  const words = new Int32Array(buffer);
  let end = words.length;
  while (end > 0 && words[end - 1] === 0) end--;
  return new Uint8Array(buffer, 0, 4 * end).slice();
}

/** A server's memories. */
export class Machine {
  readonly shards: readonly Shard[];
  readonly memories: readonly WebAssembly.Memory[];
  readonly ringBytes: number;
  readonly #verifiers: readonly EngineShard[];
  /** What each memory began with, and zeros behind that. */
  readonly #empty: readonly Uint8Array[];
  readonly #emptyBytes: readonly number[];
  /** Nothing was done with it yet. */
  #isNew = true;
  readonly #board: WebAssembly.Memory;

  constructor(module: WebAssembly.Module, shards: number, ringBytes = RING_BYTES) {
    const made = makeShards(module, shards, 1, shards * SHARD_BYTES, ringBytes);
    this.memories = made.memories;
    this.#board = made.board;
    this.ringBytes = ringBytes;
    this.shards = openShards(made, 0);
    this.#verifiers = made.memories.map((memory) => new EngineShard(loadVerifyModule(), memory, 1));
    this.#empty = emptiesOf(module, ringBytes, made.memories);
    this.#emptyBytes = made.memories.map(({ buffer }) => buffer.byteLength);
  }

  /** Makes all shards empty again; false when they cannot be, because they grew. */
  reset(
    wallBase: number,
    keepsReleases: boolean,
    reserveBytes = RESERVE_BYTES,
    promises: number = C.ACK_SYNC,
  ): boolean {
    if (!this.#isNew && !this.#clear()) return false;
    this.#isNew = false;
    for (const shard of this.shards) {
      const keeps = keepsReleases ? 1 : 0;
      shard.openJournal(reserveBytes, PART_BYTES, this.shards.length, wallBase, keeps);
      shard.promise(promises);
      shard.keepFailures(FAILURES_KEPT);
    }
    return true;
  }

  #clear(): boolean {
    for (const [at, { buffer }] of this.memories.entries()) {
      const empty = this.#empty[at];
      if (empty === undefined || buffer.byteLength !== this.#emptyBytes[at]) return false;
      const bytes = new Uint8Array(buffer);
      bytes.set(empty);
      bytes.fill(0, empty.length);
    }
    new Uint8Array(this.#board.buffer).fill(0);
    return true;
  }

  /** The shards as one of those sees them who commit and share their `progress`. */
  journalShards(
    ShardClass = JournalShard,
    progress: readonly Float64Array[] = [],
  ): readonly JournalShard[] {
    return this.shards.map((shard, at) => {
      const memory = this.memories[at];
      if (memory === undefined) throw new RangeError("a shard without a memory");
      return new ShardClass(shard, memory, this.ringBytes, progress[at]);
    });
  }

  /** Whether some shard has the key of that deleted job in its cooldown. */
  isCooling(id: number): boolean {
    return this.#verifiers.some((verifier) => verifier.isCooling(id));
  }

  /** Whether that job is dead and is to go to a dead-letter tube. */
  isToLeave(id: number): boolean {
    return this.#verifiers.some((verifier) => verifier.isToLeave(id));
  }

  /** Throws with the name of an invariant that does not hold. */
  verify(): void {
    for (const verifier of this.#verifiers) verifier.verify();
  }

  /** CRC-32C, by the engine of shard 0. */
  readonly checksum = (seed: number, bytes: Uint8Array): number => {
    const [shard] = this.shards;
    if (shard === undefined) return 0;
    shard.staging.set(bytes);
    return shard.checksum(seed, shard.stagingAddress, bytes.length) >>> 0;
  };
}
