/* TraceContext: where a job came from: what travels with it for tracing. */

/** W3C Trace Context and Baggage. */
export interface TraceContext {
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly baggage?: string;
}
