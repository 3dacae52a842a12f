/* Payload: what the main thread gives to each I/O thread so that it can serve jobs.
 *
 * The shards' memories and the compiled engine are shared between all threads; everything else is
 * plain data and is copied. Made by server.ts, opened by open-host.ts in each thread.
 */
import { defaultShards, planMemory } from "../config/memory-plan.ts";
import type { Options } from "../config/options.ts";
import {
  comingBytesMax,
  keepFailures,
  makeShards,
  openJournals,
  recordBytesMax,
  ringBytesFor,
} from "../engine/shards.ts";
import type { ShardMemories } from "../engine/shards.ts";
import type { JournalOptions } from "../journal/journal-parts.ts";
import type { Runtime } from "../runtime.ts";
import type { CommitterSeed } from "./committer.ts";
import type { Common } from "../engine/common.ts";
import type { SessionLimits } from "../session/desk.ts";

/** What a payload is, and the number of shards in it, for the ready line. */
export interface Payload {
  readonly shards: number;
  readonly content: unknown;
  /** What the committer needs; absent without a journal. */
  readonly journal?: CommitterSeed;
}

/** Makes a payload for that many seats (engine/common.ts). */
export type MakePayload = (
  options: Options,
  seats: number,
  runtime: Runtime,
  common: Common,
) => Promise<Payload>;

/** The content of `makePayload`. */
export interface ShardsPayload {
  readonly memories: ShardMemories;
  readonly controlWasm: Uint8Array<ArrayBuffer>;
  readonly limits: SessionLimits;
  /** Where the journal lies, and how it is to behave; absent: there is none. */
  readonly journal?: { readonly directory: string; readonly options: JournalOptions };
  /** Value of beanstalkd's -s in `stats`. */
  readonly segmentBytes: number;
  /** The server's name for itself: 16 hex digits. */
  readonly id: string;
}

/** beanstalkd's default of -s, which `stats` prints even without a journal. */
const BEANSTALKD_SEGMENT_BYTES = 10_485_760;

/** The shards, empty. Rejects with a ModuleMissingError if nothing has been built. */
export async function makePayload(
  options: Options,
  seats: number,
  runtime: Runtime,
  common: Common,
): Promise<Payload> {
  const engineWasm = await runtime.readModule("engine");
  const controlWasm = await runtime.readModule("control");
  const module = await WebAssembly.compile(engineWasm);
  const directory = options.dataDirectory;
  const hasJournal = directory !== undefined;
  const plan = planMemory({
    availableBytes: runtime.memoryBytes,
    threads: common.threads,
    hasJournal,
    askedBytes: options.memoryBytes,
  });
  const { memoryBytes, growthBytes } = plan;
  const shards = options.shards ?? defaultShards(common.threads, growthBytes);
  const all = hasJournal ? seats + 1 : seats; // the committer's thread is the last
  const ringBytes = hasJournal ? ringBytesFor(all, shards, options.segmentBytes) : 0;
  const memories = makeShards(module, shards, all, memoryBytes, ringBytes, growthBytes);
  keepFailures(memories, options.failuresKept);
  const content: ShardsPayload = {
    memories,
    controlWasm,
    limits: limitsOf(options),
    ...(directory !== undefined && {
      journal: { directory, options: journalOptionsOf(options, memories) },
    }),
    segmentBytes: hasJournal ? options.segmentBytes : BEANSTALKD_SEGMENT_BYTES,
    id: randomId(),
  };
  return hasJournal
    ? { shards, content, journal: journalSeed(options, memories, common) }
    : { shards, content };
}

/** Opens the shards' journals and says what the committer has to do. */
function journalSeed(options: Options, memories: ShardMemories, common: Common): CommitterSeed {
  const wallBaseMicros = common.wallBaseMicros;
  const keepsReleases = options.releases === "journal";
  openJournals(memories, { segmentBytes: options.segmentBytes, wallBaseMicros, keepsReleases });
  return {
    common: common.buffer,
    memories,
    options: journalOptionsOf(options, memories),
    strict: options.recovery === "strict",
    hintIntervalMillis: options.hintIntervalMillis,
  };
}

function journalOptionsOf(options: Options, memories: ShardMemories): JournalOptions {
  const { durability: level, syncIntervalMillis: intervalMillis, segmentBytes } = options;
  const recordBytes = recordBytesMax(options.maxJobBytes, options.maxFailureBytes);
  const comingBytes = comingBytesMax(memories, segmentBytes, recordBytes);
  return { level, intervalMillis, segmentBytes, comingBytes };
}

function limitsOf(options: Options): SessionLimits {
  const { maxJobBytes, maxFailureBytes, maxTubes, maxWatch } = options;
  const { maxOutputBytes, commandsPerTurn } = options;
  return { maxJobBytes, maxFailureBytes, maxTubes, maxWatch, maxOutputBytes, commandsPerTurn };
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
