/* RedisRefusedError: what Redis says no with, as an error. Thrown by redis-link.ts. */
import { HomemakerError } from "../protocol/homemaker-error.ts";

/** How Redis begins what it refuses, and what that means. */
const REFUSALS = {
  OOM: ["HM_OUT_OF_MEMORY", "Redis has no memory for this"],
  MISCONF: ["HM_OUT_OF_MEMORY", "Redis cannot write to its disk"],
  READONLY: ["HM_READ_ONLY", "this Redis is a replica, which takes no jobs"],
  LOADING: ["HM_DRAINING", "Redis is reading its data, and takes no jobs yet"],
  BUSY: ["HM_DRAINING", "Redis is busy with a script"],
} as const;

/** The code of a refusal. */
export type RedisRefusalCode =
  | (typeof REFUSALS)[keyof typeof REFUSALS][0]
  | "HM_REDIS_REFUSED"
  | "HM_JOB_TOO_BIG";

/** Redis answered, and did not do it. */
export class RedisRefusedError extends HomemakerError {
  override readonly name = "RedisRefusedError";
  readonly code: RedisRefusalCode;

  constructor(code: RedisRefusalCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What an error of ioredis stands for; itself if Redis did not say it. */
export function refusalOf(what: string, error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "ReplyError") return error;
  const { message } = error;
  for (const [word, [code, meaning]] of Object.entries(REFUSALS)) {
    const isSo = message.startsWith(`${word} `) || message.includes(`: -${word} `);
    if (isSo) return new RedisRefusedError(code, `${what}: ${meaning}`, { cause: error });
  }
  return new RedisRefusedError("HM_REDIS_REFUSED", `${what}: ${message}`, { cause: error });
}
