/* Failures: what is kept of the attempts at a job that ended without a delete, read from its shard
 * one at a time, and the document that lists it.
 *
 * Each call to the engine copies an output slot at most. Between two calls other threads may end
 * attempts and drop old ones; numbers tell what was seen. Used by peek-failure and list-failures,
 * and by whoever else shows a job.
 */

import { MICROS } from "../clock.ts";
import * as C from "../../assembly/constants.ts";
import type { YamlEntry } from "../text/control.ts";
import type { Shard } from "../engine/shard.ts";
import { depend } from "./answers.ts";
import type { Desk } from "./desk.ts";

/** One attempt that ended without a delete. */
export interface Failure {
  /** The job's first is 1; numbers that are missing were dropped. */
  readonly number: number;
  /** Which reservation of the job it was. */
  readonly attempt: number;
  /** When it ended, in whole microseconds since 1970. */
  readonly atMicros: number;
  /** How: buried, released, timed-out or connection-lost; of a dead job, expired or exhausted. */
  readonly end: string;
  /** Who held the job, as ASCII; empty if nobody knows. */
  readonly who: string;
  /** What the holder said; absent if nothing. */
  readonly message: Uint8Array | undefined;
}

const END_NAMES: Readonly<Record<number, string>> = {
  [C.END_BURIED]: "buried",
  [C.END_RELEASED]: "released",
  [C.END_TIMED_OUT]: "timed-out",
  [C.END_CONNECTION_LOST]: "connection-lost",
  [C.END_EXPIRED]: "expired",
  [C.END_EXHAUSTED]: "exhausted",
  [C.END_MOVED]: "moved",
};
const LATIN1 = new TextDecoder("latin1");
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The failures of job `id` that `shard` keeps, oldest first. The replies that are being made depend
 * on them.
 */
export function failuresOf(desk: Desk, shard: Shard, id: number): readonly Failure[] {
  const found: Failure[] = [];
  for (;;) {
    const after = found.at(-1)?.number ?? 0;
    const answer = shard.nextFailure(id, after, desk.now);
    if (answer === C.NONE) depend(desk, shard); // that there is such a job is told, too
    if (answer !== C.DONE) return found;
    const failure = shownFailure(desk, shard, id);
    if (failure !== undefined) found.push(failure);
  }
}

/**
 * The failure that the shard's result area shows; undefined when it was dropped before all of it
 * was read.
 */
export function shownFailure(desk: Desk, shard: Shard, id: number): Failure | undefined {
  depend(desk, shard);
  const shown = (which: number): number => shard.field(C.RESULT_STATS + which);
  const whoBytes = shard.field(C.RESULT_NAME_BYTES);
  const facts = {
    number: shown(C.FAILURE_NUMBER),
    attempt: shown(C.FAILURE_ATTEMPT),
    atMicros: Math.round(desk.common.wallBaseMicros + shown(C.FAILURE_AT_MICROS)),
    end: END_NAMES[shown(C.FAILURE_END)] ?? "invalid",
    who: LATIN1.decode(shard.output.slice(0, whoBytes)),
  };
  const messageBytes = shown(C.FAILURE_MESSAGE_BYTES);
  if (messageBytes === C.NO_MESSAGE) return { ...facts, message: undefined };
  const message = readMessage(shard, id, facts.number, messageBytes);
  return message && { ...facts, message };
}

function readMessage(
  shard: Shard,
  id: number,
  number: number,
  bytes: number,
): Uint8Array | undefined {
  const message = new Uint8Array(bytes);
  const whoBytes = shard.field(C.RESULT_NAME_BYTES);
  let done = shard.field(C.RESULT_COUNT);
  message.set(shard.output.subarray(whoBytes, whoBytes + done));
  while (done < bytes) {
    if (shard.readFailure(id, number, done) !== C.DONE) return undefined;
    const count = shard.field(C.RESULT_COUNT);
    message.set(shard.output.subarray(0, count), done);
    done += count;
  }
  return message;
}

/** The document of list-failures; without any, an empty list. */
export function failureList(desk: Desk, failures: readonly Failure[]): string {
  if (failures.length === 0) return "--- []\n";
  return ["---\n", ...failures.map((failure) => item(desk, failure))].join("");
}

/** A dictionary as an item of a list. No value holds a line end: they are escaped. */
function item({ control }: Desk, failure: Failure): string {
  const { attempt, atMicros, end, who, message } = failure;
  const entries: YamlEntry[] = [
    ["attempt", attempt, false],
    ["at", secondsOf(atMicros), false],
    ["who", who, true],
    ["end", end, false],
    ...(message === undefined ? [] : [messageEntry(message)]),
  ];
  const [, ...lines] = control.yamlDictionary(entries).trimEnd().split("\n");
  return `- ${lines.join("\n  ")}\n`;
}

function secondsOf(micros: number): string {
  const seconds = Math.floor(micros / MICROS);
  return `${seconds}.${String(micros - seconds * MICROS).padStart(6, "0")}`;
}

/**
 * Text as text; what is not UTF-8 as Base64 under a name of its own, so that nothing of it is lost.
 */
function messageEntry(message: Uint8Array): YamlEntry {
  try {
    return ["message", UTF8.decode(message), true];
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return ["message-base64", base64Of(message), true];
  }
}

function base64Of(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
