/* Redis looks: what the script of redis-script.ts says of jobs, in the words of a back end. */
import { FAILURE_ENDS } from "../worker/backend.ts";
import type { RawFailure, RawState, RawStatus } from "../worker/backend.ts";
import { bytesOf, textOf } from "./redis-link.ts";

const STATES: readonly RawState[] = ["ready", "delayed", "held", "buried"];
const LF = 0x0a;

/** What it says of an attempt, before the message. */
interface About {
  readonly attempt: number;
  readonly at: number;
  readonly who: string;
  readonly how: string;
  readonly said: boolean;
}

/** A job; undefined if there is none. */
export function statusOf(id: string, answer: unknown): RawStatus | undefined {
  if (!Array.isArray(answer)) return undefined;
  const [tube, state, body, priority, attempt, cancelled, age, left, notes, failures] =
    answer as readonly unknown[];
  const [note] = listOf(notes);
  return {
    id,
    tube: textOf(tube),
    state: STATES.find((one) => one === textOf(state)) ?? "ready",
    body: bytesOf(body),
    priority: Number(textOf(priority)),
    attempt: Number(textOf(attempt)),
    isCancelled: textOf(cancelled) === "1",
    ageMillis: Number(textOf(age)),
    leftMillis: Number(textOf(left)),
    failures: listOf(failures).map(failureOf),
    progress: note === undefined ? undefined : bytesOf(note),
  };
}

function failureOf(answer: unknown): RawFailure {
  const bytes = bytesOf(answer);
  const cut = bytes.indexOf(LF);
  const about = JSON.parse(textOf(bytes.subarray(0, cut))) as About;
  return {
    attempt: about.attempt,
    at: new Date(about.at),
    who: about.who,
    end: FAILURE_ENDS.find((end) => end === about.how) ?? "released",
    message: about.said ? bytes.slice(cut + 1) : undefined,
  };
}

/** The list that an answer is. */
export function listOf(answer: unknown): readonly unknown[] {
  return Array.isArray(answer) ? answer : [];
}
