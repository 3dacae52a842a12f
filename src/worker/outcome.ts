/* Outcome: what came of a handler, wherever it was run. Made by run-handler.ts and room.ts. */
import type { RawJob } from "./backend.ts";
import type { JobVersionError } from "./errors.ts";

/** What came of the handler. */
export type Outcome =
  | {
      readonly end: "done";
      readonly returned: unknown;
      readonly result: Uint8Array;
      readonly next: readonly RawJob[];
    }
  | { readonly end: "thrown"; readonly error: unknown }
  /** Its payload is of a version that this program does not know. */
  | { readonly end: "unknown-version"; readonly error: JobVersionError }
  /** It was told to stop, and goes on. */
  | { readonly end: "ignored" };

/** What can come of one that ended. */
export type HandlerOutcome = Exclude<Outcome, { readonly end: "ignored" }>;
