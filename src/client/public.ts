/* Public: what a user of `homemaker/client` can name, on every runtime. */
export type { Done } from "./awaits.ts";
export { Client } from "./client.ts";
export type { Body } from "./command-writer.ts";
export { BatchBuilder } from "./commands/batch.ts";
export type { BatchCommand, BatchResults } from "./commands/batch.ts";
export type { BuryOptions, DeletedBatch, Queued, ReleaseOptions } from "./commands/ends.ts";
export type { JobPage, ListedState, Seen } from "./commands/looks.ts";
export type { Inserted, PutOptions, PutTags } from "./commands/put.ts";
export type { End } from "./commands/reserves.ts";
export type { ClientPlace, TubeSettings } from "./commands/tubes.ts";
export type { ClientOptions, InProcessTarget, Target } from "./connect.ts";
export type { Facts, Scalar, Value } from "./document.ts";
export {
  BacklogError,
  BadCommandError,
  CancelledError,
  ClosedError,
  LostError,
  NotHeldError,
  NotSupportedError,
  SomeFailedError,
  TimeoutError,
  UnreachableError,
} from "./errors.ts";
export { Job } from "./job.ts";
export type { CallOptions, FinishOptions } from "./job.ts";
export type { JobStream } from "./job-stream.ts";
export type { PushListener } from "./receiving.ts";
export { BatchRefusedError, RefusedError } from "./refused-error.ts";
export type { RefusalCode } from "./refused-error.ts";
export type { Feature } from "./support.ts";
export type { TlsSettings } from "./tls-settings.ts";
export { HomemakerError } from "../protocol/homemaker-error.ts";
export { BadReplyError } from "../protocol/reply-line.ts";
export { ReplyTooBigError } from "../protocol/reply-reader.ts";
