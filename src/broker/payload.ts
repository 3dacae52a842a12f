/* Payload: what each thread that runs a broker's sessions is given.
 *
 * The shards' memories and the compiled engine are shared between all threads; everything else is
 * plain data and is copied. Made by broker.ts, opened by open-host.ts in each thread.
 */
import { defaultShards, planBodies, planMemory } from "../config/memory-plan.ts";
import {
  comingBytesMax,
  keepFailures,
  makeShards,
  openJournals,
  recordBytesMax,
  resultBytesMax,
  ringBytesFor,
} from "../engine/shards.ts";
import type { ShardMemories } from "../engine/shards.ts";
import type { JournalOptions } from "../journal/journal-parts.ts";
import { ackLevelOf } from "../protocol/tags.ts";
import type { BrokerRuntime } from "../runtime.ts";
import type { BrokerSettings } from "./broker-options.ts";
import type { CommitterSeed } from "./committer.ts";
import type { Common } from "../engine/common.ts";
import type { SessionLimits } from "../session/desk.ts";

/** What the threads need, and what the committer needs beside it. */
export interface Payload {
  readonly content: ShardsPayload;
  /** Absent without a journal. */
  readonly journal?: CommitterSeed;
}

/** What the threads need. */
export interface ShardsPayload {
  readonly memories: ShardMemories;
  readonly controlWasm: Uint8Array<ArrayBuffer>;
  readonly limits: SessionLimits;
  /** Where the journal lies, and how it is to behave; absent: there is none. */
  readonly journal?: JournalPlace;
  /** Value of beanstalkd's -s in `stats`. */
  readonly segmentBytes: number;
  /** The broker's name for itself: 16 hex digits. */
  readonly id: string;
}

/** A journal, as the threads know it. */
interface JournalPlace {
  readonly directory: string;
  readonly options: JournalOptions;
  /** A copy of it is kept elsewhere, by the committer alone. */
  readonly hasCopy: boolean;
}

/** beanstalkd's default of -s, which `stats` prints even without a journal. */
const BEANSTALKD_SEGMENT_BYTES = 10_485_760;

/**
 * The shards, empty, for the seats of that common memory; `threads` of these are I/O threads.
 * Rejects with a ModuleMissingError if nothing has been built.
 */
export async function makePayload(
  settings: BrokerSettings,
  threads: number,
  runtime: BrokerRuntime,
  common: Common,
  hasCopy: boolean,
): Promise<Payload> {
  const engineWasm = await runtime.readModule("engine");
  const controlWasm = await runtime.readModule("control");
  const module = await WebAssembly.compile(engineWasm);
  const { dataDirectory: directory, segmentBytes } = settings;
  const hasJournal = directory !== undefined;
  const { memoryBytes, indexBytes, growthBytes } = planMemory({
    availableBytes: runtime.memoryBytes,
    threads,
    hasJournal,
    askedBytes: settings.memoryBytes,
    askedIndexBytes: settings.maxIndexBytes,
  });
  const shards = settings.shards ?? defaultShards(threads, growthBytes);
  const all = hasJournal ? common.seats + 1 : common.seats; // the committer's thread is the last
  const ringBytes = hasJournal ? ringBytesFor(all, shards, segmentBytes) : 0;
  const capBytes = memoryBytes + indexBytes;
  const memories = makeShards(module, shards, all, capBytes, ringBytes, growthBytes);
  keepFailures(memories, settings.failuresKept);
  const content = {
    memories,
    controlWasm,
    limits: limitsOf(settings),
    segmentBytes: hasJournal ? segmentBytes : BEANSTALKD_SEGMENT_BYTES,
    id: randomId(),
  };
  if (directory === undefined) return { content };
  const bodies = planBodies(memoryBytes, shards);
  const options = { ...journalOptionsOf(settings, memories), bodies };
  return {
    content: { ...content, journal: { directory, options, hasCopy } },
    journal: journalSeed(settings, memories, common, options),
  };
}

/** Opens the shards' journals and says what the committer has to do. */
function journalSeed(
  settings: BrokerSettings,
  memories: ShardMemories,
  common: Common,
  options: JournalOptions,
): CommitterSeed {
  const { segmentBytes, releases, recovery, hintIntervalMillis } = settings;
  const { wallBaseMicros } = common;
  const keepsReleases = releases === "journal";
  const promises = ackLevelOf(options.level);
  openJournals(memories, { segmentBytes, wallBaseMicros, keepsReleases, promises });
  const strict = recovery === "strict";
  return { common: common.buffer, memories, options, strict, hintIntervalMillis };
}

function journalOptionsOf(settings: BrokerSettings, memories: ShardMemories): JournalOptions {
  const { durability: level, syncIntervalMillis: intervalMillis, segmentBytes } = settings;
  const { maxJobBytes, maxFailureBytes, maxResultBytes } = settings;
  const resultBytes = Math.min(maxResultBytes, resultBytesMax(segmentBytes));
  const recordBytes = recordBytesMax(maxJobBytes, maxFailureBytes, resultBytes);
  const comingBytes = comingBytesMax(memories, segmentBytes, recordBytes);
  return { level, intervalMillis, segmentBytes, comingBytes };
}

function limitsOf(settings: BrokerSettings): SessionLimits {
  return {
    maxJobBytes: settings.maxJobBytes,
    maxFailureBytes: settings.maxFailureBytes,
    maxBatchBytes: settings.maxBatchBytes,
    maxResultBytes: settings.maxResultBytes,
    maxResultsBytes: settings.maxResultsBytes,
    maxTubes: settings.maxTubes,
    maxWatch: settings.maxWatch,
    maxOutputBytes: settings.maxOutputBytes,
    commandsPerTurn: settings.commandsPerTurn,
  };
}

/** No secret, so it is not worth loading all of Node's cryptography. */
function randomId(): string {
  const half = (): string =>
    Math.floor(Math.random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return half() + half();
}
