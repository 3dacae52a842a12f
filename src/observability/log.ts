/* Log: what the operator gets to read, one JSON line per event on standard error.
 *
 * Every line has a level, a time, a message that is the same for all events of its kind, and fields
 * that tell them apart. Nothing that a client sends can end a line or reach the terminal as a
 * control character. Lines that need attention may be caused by strangers, so their number is
 * bounded: a kind is written BURST_LINES times in WINDOW_MS, the rest is counted and the count goes
 * out with its next line. What -V and -VV ask for is written as fast as it is read; the rest is
 * dropped by the sink, and a line says how many. Used by the main thread, never on a hot path.
 */
import { pino } from "pino";
import { DROPPED } from "../log.ts";
import type { Log, LogSink } from "../log.ts";
import type { Logger } from "../worker/logger.ts";

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
  const writer = createWriter(settings);
  const kinds = new Map<string, Kind>();
  const { sink } = settings;
  let told = 0;
  const tellDropped = (): void => {
    const dropped = sink.dropped - told;
    if (dropped === 0 || !sink.hasRoom) return;
    told = sink.dropped;
    writer.warn({ dropped }, DROPPED);
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
    shows: (level) => writer.isLevelEnabled(level),
    get dropped() {
      return sink.dropped;
    },
    write(level, message, fields = {}) {
      tellDropped();
      if (level === "debug" || level === "trace") return writer[level](fields, message);
      const kind = kindOf(message);
      const suppressed = admit(kind, nowMs());
      if (suppressed === undefined) return;
      writer[level](suppressed > 0 ? { ...fields, suppressed } : fields, message);
    },
    flush() {
      tellDropped();
      for (const [message, { suppressed }] of kinds) {
        if (suppressed > 0) writer.warn({ suppressed }, message);
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

const LEVELS_BY_VERBOSITY = ["info", "debug", "trace"] as const;

/**
 * What workers log to: as many lines as come, since handlers write some of them; what is not read
 * is dropped by the sink.
 */
export function openWorkerLog(settings: LogSettings): Logger {
  return createWriter(settings);
}

function createWriter({ verbosity, sink }: LogSettings): pino.Logger {
  return pino(
    {
      serializers: { error: pino.stdSerializers.err },
      level: LEVELS_BY_VERBOSITY[Math.min(verbosity, 2)] ?? "info",
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => sink.write(escapeControls(line)) },
  );
}

/** JSON leaves DEL and the C1 controls as they are; terminals act on some of them. */
function escapeControls(line: string): string {
  return line.replace(
    /[\u007f-\u009f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
