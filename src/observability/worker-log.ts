/* Worker log: what workers and their handlers log to, as JSON lines like the server's (log.ts).
 *
 * As many lines are written as come, since handlers write some of them; what is not read is dropped
 * by the sink. Used by `homemaker work` and by the JSON port.
 */
import { pino } from "pino";
import type { Logger } from "../worker/logger.ts";
import { escapeControls, levelFor } from "./log.ts";
import type { LogSettings } from "./log.ts";

/** Opens it. */
export function openWorkerLog({
  verbosity,
  sink,
}: Pick<LogSettings, "verbosity" | "sink">): Logger {
  return pino(
    {
      serializers: { error: pino.stdSerializers.err },
      level: levelFor(verbosity),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => sink.write(escapeControls(line)) },
  );
}
