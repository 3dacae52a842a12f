/* A duel: streams are played to two servers, each stream to two fresh processes, until a mismatch
 * is found or enough was played.
 *
 * A stream depends on its seed alone, and so does whatever else varies (the shape of the servers),
 * so that the seed of a failing stream is all that is needed to see it again. Called by fuzz.ts
 * (the command) and the tests.
 */
import { firstMismatch, type Mismatch } from "./comparison.ts";
import { generateStream } from "./generator.ts";
import { play, type Playable } from "./player.ts";
import { shrink } from "./shrink.ts";
import { countRequests, describeStream, printable, printableReply, type Stream } from "./stream.ts";

/** A server program that can be started again and again. */
export interface Duellist {
  readonly name: string;
  /** Whether it knows Homemaker's own commands. */
  readonly hasAdditions: boolean;
  /** What `npm run fuzz` is told of it beside a seed, as `NAME=value `; if absent, nothing. */
  readonly variables?: string;
  /** Starts a fresh one. `seed` may choose its shape. */
  start(options: {
    maxJobSizeBytes: number;
    seed: number;
  }): Promise<Playable & { stop(): Promise<void> }>;
}

/** What to play. */
export interface DuelOptions {
  /** The one whose answers are right, and the one that is tested. */
  readonly duellists: readonly [Duellist, Duellist];
  /** Seed of the first stream; the next ones count up. */
  readonly seed: number;
  /** How many commands to play in all, at least; a stream has at most STREAM_COMMANDS of them. */
  readonly commands: number;
  /** How long to look for a shorter stream once a mismatch is found. */
  readonly shrinkMs: number;
  /** A stream of at most so many commands is short enough. Absent: as short as the time allows. */
  readonly shortEnough?: number;
  /** Told after each stream. */
  readonly progress?: (streams: number, commands: number) => void;
}

/** What came out. */
export interface DuelResult {
  readonly streams: number;
  readonly commands: number;
  /** The first mismatch, told for people; undefined if there was none. */
  readonly report: string | undefined;
  /** The shortest failing stream that was found. */
  readonly shortest: Stream | undefined;
}

/** Commands of one stream: enough to fill tubes, few enough to shrink. */
const STREAM_COMMANDS = 2500;
/** How long a server may say nothing although it should. */
const SILENCE_MS = 10_000;
/** The same while shrinking, when silence is to be expected. */
const SHORT_SILENCE_MS = 1_500;

/** Plays streams until one shows a mismatch or `commands` were played. */
export async function duel(options: DuelOptions): Promise<DuelResult> {
  const { duellists, commands, progress } = options;
  let played = 0;
  let streams = 0;
  for (let seed = options.seed; played < commands; seed++) {
    const stream = generateStream(seed, Math.min(STREAM_COMMANDS, commands));
    const mismatch = await mismatchOf(stream, duellists);
    if (mismatch !== undefined) {
      return { streams, commands: played, ...(await explain(stream, mismatch, options)) };
    }
    played += countRequests(stream);
    progress?.(++streams, played);
  }
  return { streams, commands: played, report: undefined, shortest: undefined };
}

async function explain(
  stream: Stream,
  first: Mismatch,
  { duellists, shrinkMs, shortEnough = 0, commands }: DuelOptions,
): Promise<{ report: string; shortest: Stream }> {
  let mismatch = first;
  const findIn = async (shorter: Stream): Promise<Mismatch | undefined> => {
    const found = await mismatchOf(shorter, duellists, SHORT_SILENCE_MS);
    mismatch = found ?? mismatch;
    return found;
  };
  const shortest = await shrink(stream, first, findIn, {
    budgetMs: shrinkMs,
    isShortEnough: (shorter) => countRequests(shorter) <= shortEnough,
  });
  const { variables = "" } = duellists[1];
  const most = Math.min(STREAM_COMMANDS, commands);
  const replay = `${variables}FUZZ_SEED=${stream.seed} FUZZ_COMMANDS=${most} npm run fuzz`;
  const report = [
    `mismatch in the stream of seed ${stream.seed}; replay it with: ${replay}`,
    ...describeMismatch(first, duellists),
    `in the shortest stream found (the player adds a \`use mark-N\` behind each burst):`,
    ...describeMismatch(mismatch, duellists),
    describeStream(shortest),
  ].join("\n");
  return { report, shortest };
}

function describeMismatch(
  mismatch: Mismatch,
  [reference, subject]: readonly [Duellist, Duellist],
): string[] {
  const { request, replies, endings, step, connection } = mismatch;
  const asked = request === undefined ? "(none of the stream's)" : printable(request);
  return [
    `step ${step}, connection ${connection}, request: ${asked}`,
    `${reference.name} (${endings[0]}): ${printableReply(replies[0])}`,
    `${subject.name} (${endings[1]}): ${printableReply(replies[1])}`,
  ];
}

/** Plays one stream to fresh servers and compares their answers. */
export async function mismatchOf(
  stream: Stream,
  duellists: readonly [Duellist, Duellist],
  silenceMs = SILENCE_MS,
): Promise<Mismatch | undefined> {
  const options = { maxJobSizeBytes: stream.maxJobSizeBytes, seed: stream.seed };
  const [reference, subject] = await Promise.all([
    duellists[0].start(options),
    duellists[1].start(options),
  ]);
  try {
    const [left, right] = await Promise.all([
      play(stream, reference, silenceMs),
      play(stream, subject, silenceMs),
    ]);
    return firstMismatch(left, right, [duellists[0].hasAdditions, duellists[1].hasAdditions]);
  } finally {
    await Promise.all([reference.stop(), subject.stop()]);
  }
}
