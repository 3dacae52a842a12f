/* `homemaker/prometheus`: metrics of queues and workers. */
export { prometheus } from "../telemetry/prometheus.ts";
export type { Prometheus, PrometheusOptions } from "../telemetry/prometheus.ts";
