/* Log: what the operator gets to read, one JSON line per event on standard error.
 *
 * Every line has a level, a time, a message that is the same for all events of its kind, and fields
 * that tell them apart. Nothing that a client sends can end a line or reach the terminal as a
 * control character. Lines that need attention may be caused by strangers, so their number is
 * bounded: a kind is written BURST_LINES times in WINDOW_MS, the rest is counted and the count goes
 * out with its next line. What -V and -VV ask for is written as fast as it is read; the rest is
 * dropped by the sink, and a line says how many. Used by the main thread, never on a hot path.
 */
import { DROPPED } from "../log.ts";
import type { Log, LogFields, LogLevel, LogSink } from "../log.ts";

/** How a log is made. */
export interface LogSettings {
  /** As in Options: 0 shows error, warn and info; 1 debug too; 2 and more trace too. */
  readonly verbosity: number;
  /** Where lines go. */
  readonly sink: LogSink;
  /** A clock in milliseconds; if absent, the monotonic one. */
  readonly nowMs?: () => number;
}

/** Lines of one kind that are written within WINDOW_MS. */
export const BURST_LINES = 5;
/** After that long a kind may be written again, in milliseconds. */
export const WINDOW_MS = 10_000;
/**
 * Kinds that are counted apart; any further ones share one count, so that the log's own memory is
 * bounded.
 */
export const KINDS_MAX = 256;

/** One kind of line within its window. */
interface Kind {
  startedMs: number;
  lines: number;
  suppressed: number;
}

const OVERFLOW = "events of many kinds";

/** Opens the log. */
export function openLog(settings: LogSettings): Log {
  const nowMs = settings.nowMs ?? (() => performance.now());
  const kinds = new Map<string, Kind>();
  const { sink } = settings;
  const lowest = LEVELS.indexOf(levelFor(settings.verbosity));
  const shows = (level: LogLevel): boolean => LEVELS.indexOf(level) <= lowest;
  const put = (level: LogLevel, message: string, fields: LogFields): void =>
    sink.write(lineOf(level, message, fields));
  let told = 0;
  const tellDropped = (): void => {
    const dropped = sink.dropped - told;
    if (dropped === 0 || !sink.hasRoom) return;
    told = sink.dropped;
    put("warn", DROPPED, { dropped });
  };
  sink.onRoom(tellDropped);

  const kindOf = (message: string): Kind => {
    const known = kinds.get(message) ?? (kinds.size >= KINDS_MAX ? kinds.get(OVERFLOW) : undefined);
    if (known !== undefined) return known;
    const made = { startedMs: nowMs(), lines: 0, suppressed: 0 };
    kinds.set(kinds.size >= KINDS_MAX ? OVERFLOW : message, made);
    return made;
  };

  return {
    shows,
    get dropped() {
      return sink.dropped;
    },
    write(level, message, fields = {}) {
      tellDropped();
      if (!shows(level)) return;
      if (level === "debug" || level === "trace") return put(level, message, fields);
      const kind = kindOf(message);
      const suppressed = admit(kind, nowMs());
      if (suppressed === undefined) return;
      put(level, message, suppressed > 0 ? { ...fields, suppressed } : fields);
    },
    flush() {
      tellDropped();
      for (const [message, { suppressed }] of kinds) {
        if (suppressed > 0) put("warn", message, { suppressed });
      }
      kinds.clear();
    },
  };
}

/**
 * Undefined if this line is to be counted and not written. Otherwise how many lines of its kind
 * were counted since the last one.
 */
function admit(kind: Kind, nowMs: number): number | undefined {
  if (nowMs - kind.startedMs >= WINDOW_MS) {
    kind.startedMs = nowMs;
    kind.lines = 0;
  }
  if (kind.lines >= BURST_LINES) {
    kind.suppressed++;
    return undefined;
  }
  kind.lines++;
  const { suppressed } = kind;
  kind.suppressed = 0;
  return suppressed;
}

/** What matters most first. */
const LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug", "trace"];

/** The lowest level that is written. */
export function levelFor(verbosity: number): "info" | "debug" | "trace" {
  if (verbosity === 0) return "info";
  return verbosity === 1 ? "debug" : "trace";
}

/** Fields are flat and few, so this is all that a line takes: no server loads a library for it. */
function lineOf(level: LogLevel, message: string, fields: LogFields): string {
  const time = new Date().toISOString();
  return escapeControls(`${JSON.stringify({ level, time, ...fields, msg: message })}\n`);
}

/** JSON leaves DEL and the C1 controls as they are; terminals act on some of them. */
export function escapeControls(line: string): string {
  return line.replace(
    /[\u007f-\u009f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
