/* Quiet sink: takes the lines of a log that nobody wants to read. */
import type { LogSink } from "../../src/log.ts";

/** Keeps nothing. */
export const QUIET: LogSink = {
  write: () => undefined,
  dropped: 0,
  hasRoom: true,
  onRoom: () => undefined,
};
