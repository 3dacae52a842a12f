/*
 * Compares what two servers answered to the same stream: byte for byte, but for what differences.ts
 * lists.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseDifferences } from "../dialogues/differences.ts";
import { partsOf } from "./raw-replies.ts";
import { KEYS_OF_ONE_SERVER, KEYS_OF_THE_PROCESS, SECONDS_APART } from "./differences.ts";
import type { Exchange, Transcript } from "./player.ts";

/** The first place where two transcripts differ. */
export interface Mismatch {
  /** The index of the step in the stream. */
  readonly step: number;
  readonly connection: number;
  /** The request whose replies differ; undefined if it was not one of the stream's requests. */
  readonly request: Buffer | undefined;
  /** What the two servers said; undefined if nothing more. */
  readonly replies: readonly [Buffer | undefined, Buffer | undefined];
  /** How the two servers went on after the last reply. */
  readonly endings: readonly [string, string];
}

/**
 * Compares the transcripts of two servers, of which each may know Homemaker's own commands.
 * Undefined if there is no difference. Silence where an answer is due is a mismatch even if both
 * are silent: then the stream holds something that must not be in one.
 */
export function firstMismatch(
  left: Transcript,
  right: Transcript,
  [leftKnows, rightKnows]: Pair<boolean>,
): Mismatch | undefined {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [one, other] = [judged(left[index], leftKnows), judged(right[index], rightKnows)];
    const mismatch = compareExchanges(one, other);
    if (mismatch !== undefined) return mismatch;
  }
  return undefined;
}

/**
 * The exchange with the same replies for both kinds of servers: to an addition the word "known" if
 * its answer is as it should be, and none to what only one kind takes for requests.
 */
function judged(exchange: Exchange | undefined, knows: boolean): Exchange | undefined {
  if (exchange === undefined) return undefined;
  const answered = exchange.requests.filter(({ isPartOfAddition }) => !knows || !isPartOfAddition);
  const replies = exchange.replies.flatMap((reply, index) => {
    const { addition, isPartOfAddition = false } = answered[index] ?? {};
    const { line } = partsOf(reply);
    if (isPartOfAddition && line === "UNKNOWN_COMMAND") return [];
    const isRight =
      addition !== undefined &&
      (knows ? addition.homemaker.test(line) : addition.beanstalkd === line);
    return [isRight ? KNOWN : reply];
  });
  const requests = exchange.requests.filter(({ isPartOfAddition }) => isPartOfAddition !== true);
  return { ...exchange, requests, replies };
}

function compareExchanges(one?: Exchange, other?: Exchange): Mismatch | undefined {
  const either = one ?? other;
  if (either === undefined) return undefined;
  const endings = [one?.ending ?? "silent", other?.ending ?? "silent"] as const;
  const count = Math.max(one?.replies.length ?? 0, other?.replies.length ?? 0);
  for (let index = 0; index <= count; index++) {
    const replies = [one?.replies[index], other?.replies[index]] as const;
    const same =
      index < count ? sameReplies(replies, [one?.polls, other?.polls]) : sameEndings(endings);
    if (same) continue;
    const request = either.requests[index]?.line;
    return { step: either.step, connection: either.connection, request, replies, endings };
  }
  return undefined;
}

type Pair<T> = readonly [T, T];

function sameEndings([one, other]: Pair<string>): boolean {
  return one === other && one !== "silent";
}

function sameReplies(replies: Pair<Buffer | undefined>, polls: Pair<number | undefined>): boolean {
  const [one, other] = replies;
  if (one === undefined || other === undefined) return false;
  if (one.equals(other)) return true;
  const bodies = [yamlOf(one), yamlOf(other)] as const;
  if (bodies[0] === undefined || bodies[1] === undefined) return false;
  const [left, right] = [linesOfBoth(bodies[0]), linesOfBoth(bodies[1])];
  if (left.length !== right.length) return false;
  if (left[1]?.startsWith("- ") === true) return sameLists(left, right);
  return left.every((line, index) => sameYamlLines(line, right[index] ?? "", polls));
}

/**
 * The lines of a document without those that only one of the servers has; see "more keys in stats".
 */
function linesOfBoth(document: string): string[] {
  return document.split("\n").filter((line) => !KEYS_OF_ONE_SERVER.has(keyAndValue(line)[0]));
}

/**
 * The YAML in a reply that starts with OK; undefined if it is another reply. Its length needs no
 * comparison: the reader obeyed it.
 */
function yamlOf(reply: Buffer): string | undefined {
  const { line, body } = partsOf(reply);
  const isWhole = reply.toString("latin1", reply.length - 2) === "\r\n";
  return line.startsWith("OK ") && isWhole ? body?.toString("latin1") : undefined;
}

/** See "list-tubes is in the order of creation". */
function sameLists(left: string[], right: string[]): boolean {
  return left.toSorted().join("\n") === right.toSorted().join("\n");
}

function sameYamlLines(one: string, other: string, polls: Pair<number | undefined>): boolean {
  if (one === other) return true;
  const [key, left] = keyAndValue(one);
  const [otherKey, right] = keyAndValue(other);
  if (key !== otherKey) return false;
  if (KEYS_OF_THE_PROCESS.has(key)) return true;
  if (UNQUOTED_KEYS.has(key)) return left.replaceAll('"', "") === right.replaceAll('"', "");
  if (key === "cmd-stats")
    return Number(left) - (polls[0] ?? 0) === Number(right) - (polls[1] ?? 0);
  return Math.abs(Number(left) - Number(right)) <= (SECONDS_APART.get(key) ?? -1);
}

function keyAndValue(line: string): [key: string, value: string] {
  const colon = line.indexOf(": ");
  return colon < 0 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 2)];
}

const KNOWN = Buffer.from("known\r\n");
const LISTED = fileURLToPath(new URL("../dialogues/differences.txt", import.meta.url));
const UNQUOTED_KEYS: ReadonlySet<string> = new Set(
  parseDifferences(readFileSync(LISTED, "utf8"), LISTED).unquoted.flatMap(({ keys }) => [...keys]),
);
