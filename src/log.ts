/* Log: the seam between whoever has something to tell the operator, the log that words it
 * (observability/log.ts), and the sink that takes its lines, which is the runtime's.
 */

/** What a line says that stands for others. */
export const DROPPED = "log lines were dropped: they were not read as fast as they came";

/**
 * How much a line matters: debug is what -V shows (binding, accepting, closing), trace what -VV
 * adds (commands, replies).
 */
export type LogLevel = "error" | "warn" | "info" | "debug" | "trace";

/** What tells one event of a kind from another: a tube, a job, an address, a thread. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Takes whole lines, their ends included, and drops what it has no room for. */
export interface LogSink {
  write(line: string): void;
  /** Lines that it has dropped so far. */
  readonly dropped: number;
  /** Whether it would take a line. */
  readonly hasRoom: boolean;
  /** Calls `call` each time that it has room again. */
  onRoom(call: () => void): void;
}

/** The log of one process. */
export interface Log {
  /** Whether lines of that level are written at all: ask before building costly fields. */
  shows(level: LogLevel): boolean;
  /** Writes one line, or counts it. `message` names the kind: put what varies into `fields`. */
  write(level: LogLevel, message: string, fields?: LogFields): void;
  /** Lines that nobody got to read, because the sink had no room for them. */
  readonly dropped: number;
  /** Writes the counts that no line has carried yet. Call it at the end. */
  flush(): void;
}
