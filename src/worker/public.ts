/* Public: what a user of `homemaker` can name, on every runtime. */
export type {
  Cancelled,
  Capabilities,
  Completion,
  Consumer,
  ConsumeOptions,
  FailureEnd,
  HeldJob,
  PutOutcome,
  QueueBackend,
  QueueStats,
  RawEnd,
  RawFailure,
  RawFilter,
  RawJob,
  RawState,
  RawStatus,
  WaitOptions,
} from "./backend.ts";
export { callLog } from "./call-log.ts";
export { anyJob } from "./any-job.ts";
export type { AnyJobDefinition, AnyJobOptions, FoundJob } from "./any-job.ts";
export { BlobError } from "./blob-store.ts";
export type { BlobOptions, BlobStore } from "./blob-store.ts";
export { bytes, json } from "./codec.ts";
export type { Codec } from "./codec.ts";
export type { Clock } from "../clock.ts";
export { leastRecentlyUsed, mostRecentlyUsed } from "./dispatcher.ts";
export type { Dispatch, Dispatcher } from "./dispatcher.ts";
export { defineJob } from "./define-job.ts";
export type { JobOptions, JobSchemas } from "./define-job.ts";
export type { Duration } from "./duration.ts";
export type {
  Abortable,
  Acknowledge,
  EnqueueOptions,
  Exclusive,
  RawExclusive,
  RawUnique,
  Unique,
} from "./enqueue-options.ts";
export { decodeEnvelope } from "./envelope.ts";
export type { Envelope, Extras } from "./envelope.ts";
export {
  BadOptionError,
  CodecError,
  InvalidDataError,
  JobCancelledError,
  JobFailedError,
  JobNotFoundError,
  JobVersionError,
  MissingPackageError,
  PartlyEnqueuedError,
  SpoolError,
  UnsupportedError,
} from "./errors.ts";
export type { Issue, Outcome } from "./errors.ts";
export type {
  AbortCause,
  Failure,
  FailureMode,
  JobEvent,
  Success,
  SuccessMode,
  Verdict,
} from "./failure-mode.ts";
export { abandon, bury, exponential, keepResult, moveTo, retry } from "./failure-modes.ts";
export type { Backoff, ExponentialOptions, RetryOptions } from "./failure-modes.ts";
export type {
  AnyJob,
  Handler,
  InputOf,
  JobContext,
  JobDefinition,
  JobKeys,
  JobSettings,
  On,
  PayloadOf,
  Prepared,
  ResultOf,
  ReturnedOf,
  Run,
  RunningJob,
} from "./job-definition.ts";
export { fromCallback } from "./from-callback.ts";
export type { Done } from "./from-callback.ts";
export { fromModule, handlerModule } from "./isolation.ts";
export type { HandlerExports, HandlerModule, Isolate } from "./isolation.ts";
export { healthOf } from "./health.ts";
export type { Health, HealthOptions } from "./health.ts";
export type { Enqueued, JobQueue, ResultOptions } from "./job-queue.ts";
export type { AttemptFailure, JobFilter, JobState, JobStatus } from "./job-status.ts";
export type { Logger } from "./logger.ts";
export { PRIORITIES } from "./priority.ts";
export type { Priority } from "./priority.ts";
export type { QueueHooks, QueueOptions } from "./queue.ts";
export type { SpoolOptions } from "./spool-backend.ts";
export type { ScheduleTimes } from "./moments.ts";
export type {
  Missed,
  Overlap,
  Schedule,
  ScheduleOptions,
  Schedules,
  ScheduleSet,
  SchedulesKept,
} from "./schedule.ts";
export { resultsOf } from "./results-of.ts";
export type { JobOutcome } from "./results-of.ts";
export { decodeFailure, encodeFailure, serializeError } from "./serialized-error.ts";
export type { SerializedError } from "./serialized-error.ts";
export { Discard, HandlerDied, HandlerKilled, JobAbort, Reinitialise } from "./thrown.ts";
export { RetryLater, Snooze, WorkerDied } from "./thrown.ts";
export { createWorker } from "./worker.ts";
export type { Worker } from "./worker.ts";
export type { StopReport, WorkerStatus } from "./worker-status.ts";
export type { WorkerEvents } from "./worker-events.ts";
export type { LocalRate } from "./worker-limits.ts";
export type { ConcurrencyRange, Hooks, StopOptions, WorkerOptions } from "./worker-options.ts";
export type {
  AttemptOutcome,
  AttemptWatch,
  Enqueuing,
  EnqueueWatch,
  Telemetry,
  WatchedQueue,
  WatchedWorker,
} from "./telemetry.ts";
export type { WorkerEvent } from "./event-stream.ts";
export type { Time } from "./time.ts";
export type { TraceContext } from "./trace-context.ts";
export { unchecked } from "./standard-schema.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./standard-schema.ts";
export { HomemakerError } from "../protocol/homemaker-error.ts";
