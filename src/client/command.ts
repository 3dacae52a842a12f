/* Command: what is sent for one of the client's methods, and what its answer means there; and the
 * rules for what may stand in a line.
 *
 * A command is made before anything is sent, and making it throws a BadCommandError when a value is
 * wrong: a malformed line could have its body run as commands. Made in commands/, run by link.ts.
 */
import { quoted } from "../protocol/reply-line.ts";
import type { Reply } from "../protocol/reply-reader.ts";
import { isTubeNameText, TUBE_NAME_RULE } from "../protocol/tube-name.ts";
import type { CommandText } from "./command-writer.ts";
import { BadCommandError } from "./errors.ts";
import { refusalOf } from "./refused-error.ts";
import type { Feature } from "./support.ts";

/** Reads the answers to many commands that are sent as one. */
export interface Answers<Result> {
  /** How many are still to come. */
  readonly left: number;
  /** It is sent, perhaps anew: none has come. */
  begin(): void;
  /** As Call.skim. */
  skim(bytes: Uint8Array, at: number, bodyBytesMax: number): number;
  /** Any answer. Throws a BadReplyError when it cannot be one. */
  take(reply: Reply): void;
  /** What all come to. Throws what whoever called is to get instead. */
  result(): Result;
  /**
   * What whoever called is rejected with when the others are not waited for any more, for that
   * reason. Those that come all the same are read.
   */
  lost(reason: unknown): unknown;
}

/** A command, and what comes of it. */
export interface Command<Result> extends CommandText {
  /**
   * What the answer means. Throws a RefusedError when it says no, and a BadReplyError when it is no
   * answer to this. Called also when nobody waits for the result any more.
   */
  readonly read: (reply: Reply) => Result;
  /** What errors call it, where its line is nobody's business; if absent, its line. */
  readonly called?: string;
  /** Done twice it does what it does once: it is sent again when a connection ends under it. */
  readonly isSafe?: boolean;
  /**
   * The jobs that it ends, or that it keeps held. Where this client holds one of them it is for
   * this connection alone: on the next one somebody else may hold the job, or nobody.
   */
  readonly jobs?: readonly number[];
  /** It waits for its answer as long as it likes. */
  readonly waits?: boolean;
  /**
   * It brings jobs that are there, which would be lost again on a connection that is being ended.
   */
  readonly bringsJobs?: boolean;
  /** What a server must know; if absent, all do. */
  readonly needs?: readonly Feature[] | undefined;
  /** It is many commands in one; then `read` is not asked. */
  readonly many?: Answers<Result> | undefined;
  /** Takes a result that nobody waits for any more. */
  discard?(result: Result): void;
}

const U32_MAX = 0xffff_ffff;
/** The lowest, for what nobody says a priority of: what beanstalkd's clients call normal. */
export const PRI_DEFAULT = 1024;
/** Most ids that one command may name, jobs that it may bring, or commands of a batch. */
export const MANY_MAX = 1000;

/** Reads an answer that is one word and says all. */
export function done(command: string, word: string): (reply: Reply) => void {
  return (reply) => {
    if (reply.word !== word) throw refusalOf(command, reply);
  };
}

/** Reads an answer that begins with that word. */
export function reading<Result>(
  command: string,
  word: string,
  read: (reply: Reply) => Result,
): (reply: Reply) => Result {
  return (reply) => {
    if (reply.word !== word) throw refusalOf(command, reply);
    return read(reply);
  };
}

/** Reads an answer that may also be NOT_FOUND, which is no error then. */
export function finding<Result>(
  command: string,
  word: string,
  read: (reply: Reply) => Result,
): (reply: Reply) => Result | undefined {
  return (reply) => {
    if (reply.word === "NOT_FOUND") return undefined;
    if (reply.word !== word) throw refusalOf(command, reply);
    return read(reply);
  };
}

/** A whole number of that range. Throws a BadCommandError. */
export function whole(what: string, value: number, least: number, most: number = U32_MAX): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new BadCommandError(
    `${what}: ${String(value)} is not a whole number from ${least} to ${most}`,
  );
}

/** The id of a job. */
export function jobId(id: number): number {
  return whole("id", id, 0, Number.MAX_SAFE_INTEGER);
}

/** A name of a tube, a key or a group. */
export function named(what: string, name: string): string {
  if (typeof name === "string" && isTubeNameText(name)) return name;
  throw new BadCommandError(`${what}: ${quoted(shown(name))} cannot be one; ${TUBE_NAME_RULE}`);
}

/** What somebody gave in place of a word, whatever it is. */
function shown(value: unknown): string {
  return typeof value === "string" ? value : `a ${typeof value}`;
}

/** One of those words. */
export function oneOf<Word extends string>(what: string, words: readonly Word[], word: Word): Word {
  if (words.includes(word)) return word;
  throw new BadCommandError(`${what}: ${quoted(shown(word))} is none of ${words.join(", ")}`);
}

/** A delay as it is written: with parts of a second, in milliseconds. */
export function delayWord(seconds: number): string {
  if (Number.isInteger(seconds)) return String(whole("delaySeconds", seconds, 0));
  const isRight = seconds > 0 && Math.ceil(seconds * 1000) <= U32_MAX;
  if (!isRight) throw new BadCommandError(`delaySeconds: ${String(seconds)} is no delay`);
  return `${Math.ceil(seconds * 1000)}ms`;
}

/** What a server must know for such a delay. */
export function delayNeeds(seconds: number): readonly Feature[] {
  return Number.isInteger(seconds) ? [] : ["milliseconds"];
}
