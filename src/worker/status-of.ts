/* Status of: a job as a back end sees it, in the words of those who write jobs. */
import type { RawFailure, RawState, RawStatus } from "./backend.ts";
import { decodeEnvelope } from "./envelope.ts";
import type { AttemptFailure, JobState, JobStatus } from "./job-status.ts";
import { decodeFailure } from "./serialized-error.ts";

/** Where a back end has the jobs of a state. */
export const RAW_STATES: Readonly<Record<Exclude<JobState, "completed">, RawState>> = {
  available: "ready",
  scheduled: "delayed",
  retryable: "delayed",
  active: "held",
  discarded: "buried",
};

const TEXT = new TextDecoder();

/** A job that is there. */
export function statusOf(raw: RawStatus, nowMillis: number): JobStatus {
  const { type, data, hm } = decodeEnvelope(raw.body);
  const state = stateOf(raw);
  return {
    id: raw.id,
    type,
    tube: raw.tube,
    state,
    attempt: raw.attempt,
    priority: raw.priority,
    payload: data,
    enqueuedAt: new Date(hm.at ?? nowMillis - raw.ageMillis),
    ...(raw.state === "delayed" && { runAt: new Date(nowMillis + raw.leftMillis) }),
    isCancelled: raw.isCancelled,
    failures: raw.failures.map(failureOf),
    ...(raw.progress !== undefined && { progress: noteOf(raw.progress) }),
  };
}

/** A job that is done, of which nothing but the result is there. */
export function completedStatus(id: string): JobStatus {
  return {
    id,
    type: undefined,
    tube: undefined,
    state: "completed",
    attempt: undefined,
    isCancelled: false,
    failures: [],
  };
}

function stateOf({ state, failures, attempt }: RawStatus): JobState {
  if (state === "ready") return "available";
  if (state === "held") return "active";
  if (state === "buried") return "discarded";
  return failures.length > 0 || attempt > 0 ? "retryable" : "scheduled";
}

function failureOf({ attempt, at, who, end, message }: RawFailure): AttemptFailure {
  const error = message === undefined ? undefined : decodeFailure(message);
  return { attempt, at, who, end, ...(error !== undefined && { error }) };
}

/** A note is JSON if this framework left it, and any text if not. */
function noteOf(note: Uint8Array): unknown {
  const text = TEXT.decode(note);
  try {
    return JSON.parse(text);
  } catch {
    return text; // another program's
  }
}
