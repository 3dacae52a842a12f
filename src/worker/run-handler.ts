/* Run handler: a handler called for one job, from the payload's bytes to the result's. Used by
 * attempt.ts in the worker's own thread, and by child.ts in another one.
 */
import type { RawJob } from "./backend.ts";
import type { Context } from "./context.ts";
import type { Envelope } from "./envelope.ts";
import { JobVersionError } from "./errors.ts";
import type { Handler } from "./job-definition.ts";
import type { HandlerOutcome } from "./outcome.ts";
import { readable } from "./serialized-error.ts";

const NONE: readonly RawJob[] = [];

/**
 * Runs it, unless it was told to stop before it began. Never rejects.
 *
 * @param before called between payload and handler; what it throws is the outcome
 */
export async function runHandler<State>(
  handler: Handler<State>,
  envelope: Envelope,
  context: Context<State>,
  before?: () => void | Promise<void>,
): Promise<HandlerOutcome> {
  const { job, run } = handler;
  try {
    const payload = await job.payloadOf(envelope);
    if (context.reason !== undefined) return { end: "thrown", error: context.reason };
    const hooked = before?.();
    if (hooked !== undefined) await hooked;
    const returned = await run(payload, context);
    const encoded = job.encodeResult(returned);
    const result = encoded instanceof Promise ? await encoded : encoded;
    const next = context.next();
    return { end: "done", returned, result, next: next === undefined ? NONE : await next };
  } catch (thrown) {
    const error = readable(thrown); // from here on nobody trips over it
    if (error instanceof JobVersionError) return { end: "unknown-version", error };
    return { end: "thrown", error };
  }
}
