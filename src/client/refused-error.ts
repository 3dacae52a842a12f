/* RefusedError: a server's answer that says no, as an error.
 *
 * Its code is HM_ and the answer's first word, for instance HM_NOT_FOUND, but for what refuses a
 * batch alone. Thrown by the readers of replies in commands/.
 */
import { HomemakerError } from "../protocol/homemaker-error.ts";
import { BadReplyError, quoted } from "../protocol/reply-line.ts";
import type { ReplyLine } from "../protocol/reply-line.ts";
import type { Reply } from "../protocol/reply-reader.ts";

/** The words of answers that refuse, and what they mean. */
const REFUSALS = {
  NOT_FOUND: "there is no such job or tube, or this client does not hold the job",
  JOB_TOO_BIG: "the body is longer than the server takes",
  DRAINING: "the server takes no new jobs now",
  OUT_OF_MEMORY: "the server has no room for this",
  TUBE_FULL: "the tube has as much as its limit allows",
  NOT_IGNORED: "it is the only tube that is watched",
  DEADLINE_SOON: "the time to run of a job that this client holds is nearly over",
  EXPECTED_CRLF: "the server found no line end behind the body",
  INTERNAL_ERROR: "the server found itself in the wrong",
  BAD_FORMAT: "the server takes no such line",
  UNKNOWN_COMMAND: "the server does not know this command",
  DENIED: "the token that this client has shown, or showing none, does not let it",
  NO_COPY: "the server keeps no copy of its journal elsewhere, so no other one could lead",
  NO_STANDBY: "not so many servers stand by",
  NOT_LEADER: "the server stands by, and another one leads",
  EXISTS: "a job has its unique key already, or one had it lately",
} as const;

/** What refuses a batch although it is no refusal outside. */
const REFUSES_BATCH: ReadonlyMap<string, keyof typeof REFUSALS> = new Map([
  ["INSERTED", "EXISTS"],
  ["DELETED_BATCH", "NOT_FOUND"],
]);

/** The code of a refusal. */
export type RefusalCode = `HM_${keyof typeof REFUSALS}`;

/** The server answered, and did not do it. */
export class RefusedError extends HomemakerError {
  override readonly name: string = "RefusedError";
  readonly code: RefusalCode;
  /** The command's line. */
  readonly command: string;
  /** The server's line. */
  readonly reply: string;

  constructor(code: RefusalCode, command: string, reply: string) {
    super(`${command}: ${reply}, ${meaningOf(code)}`);
    this.code = code;
    this.command = command;
    this.reply = reply;
  }
}

/** A batch was refused as a whole: nothing of it was done. */
export class BatchRefusedError extends RefusedError {
  override readonly name = "BatchRefusedError";
  /** Which of its commands could not be done, counted from 0. */
  readonly index: number;

  constructor(index: number, code: RefusalCode, command: string, reply: string) {
    super(code, command, reply);
    this.index = index;
  }
}

/** Of an answer that is not what the command is for: the error that it stands for. */
export function refusalOf(command: string, reply: Reply): Error {
  const { word, line, args } = reply;
  if (word === "BATCH_REFUSED") {
    const [index = "0", inner = ""] = args;
    const [said = ""] = inner.split(" ");
    const why = REFUSES_BATCH.get(said) ?? said;
    return isRefusal(why)
      ? new BatchRefusedError(Number(index) - 1, `HM_${why}`, command, inner)
      : wrongAnswer(command, reply);
  }
  return isRefusal(word)
    ? new RefusedError(`HM_${word}`, command, line)
    : wrongAnswer(command, reply);
}

/**
 * The server answered what does not answer that command, so nothing that follows can be trusted.
 */
export function wrongAnswer(command: string, { line }: ReplyLine): BadReplyError {
  return new BadReplyError(`the server answered ${quoted(line)} to ${quoted(command)}`);
}

function isRefusal(word: string): word is keyof typeof REFUSALS {
  return Object.hasOwn(REFUSALS, word);
}

function meaningOf(code: RefusalCode): string {
  const word = code.slice("HM_".length);
  return isRefusal(word) ? REFUSALS[word] : "";
}
