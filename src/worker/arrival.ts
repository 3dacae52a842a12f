/* Arrival: a job that came to a worker which knows how to run it. */
import type { HeldJob } from "./backend.ts";
import type { Envelope } from "./envelope.ts";
import type { JobEvent } from "./failure-mode.ts";
import type { Handler } from "./job-definition.ts";
import type { Lease } from "./lease.ts";

/** A job that is held, and what runs it. */
export interface Arrival<State> {
  readonly held: HeldJob;
  readonly envelope: Envelope;
  readonly handler: Handler<State>;
  readonly event: JobEvent & { readonly tube: string };
  readonly lease: Lease;
}
