/* Rabbit message: what goes with a job in RabbitMQ beside its body.
 *
 *   message-id       the job's id, which copies of it keep
 *   reply-to         where it is told what came of it
 *   hm-attempt       attempts before this copy was made; RabbitMQ counts those since
 *   hm-due           when it may run, in milliseconds since 1970
 *   hm-failure       the newest failure message
 */
import type { RabbitMessage, RabbitProperties } from "./rabbit-client.ts";

/** A header is in one frame, with all others. */
const FAILURE_BYTES_MAX = 8192;

/** Attempts at a job, this one included. */
export function attemptOf(message: RabbitMessage): number {
  return numberIn(message, "hm-attempt") + numberIn(message, "x-delivery-count") + 1;
}

/** How long a job is to wait yet. */
export function waitOf(message: RabbitMessage, nowMillis: number): number {
  return Math.max(0, numberIn(message, "hm-due") - nowMillis);
}

/** What goes with a copy of a job that was tried so often, and may run at that time. */
export function copyOf(
  { properties: { messageId, replyTo, headers } }: RabbitMessage,
  attempts: number,
  dueMillis: number | undefined,
  failure: Uint8Array | undefined,
): RabbitProperties {
  const said = failure === undefined ? headers?.["hm-failure"] : textOf(failure);
  return {
    ...(messageId !== undefined && { messageId }),
    ...(replyTo !== undefined && { replyTo }),
    headers: {
      "hm-attempt": attempts,
      ...(dueMillis !== undefined && { "hm-due": dueMillis }),
      ...(said !== undefined && { "hm-failure": said }),
    },
  };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, FAILURE_BYTES_MAX));
}

function numberIn({ properties: { headers } }: RabbitMessage, name: string): number {
  const value = headers?.[name];
  return typeof value === "number" ? value : 0;
}
