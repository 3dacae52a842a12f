/* `homemaker/opentelemetry`: spans of enqueues and attempts; it needs @opentelemetry/api. */
export { openTelemetry } from "../telemetry/opentelemetry.ts";
export type { OpenTelemetryOptions } from "../telemetry/opentelemetry.ts";
