/* OpenTelemetry: spans of enqueues and attempts, with the context carried in the job.
 *
 * Names and attributes follow the semantic conventions of messaging: `send TUBE` is the producer's,
 * `process TUBE` the consumer's. What travels is what the propagator that the program has set up
 * writes, of W3C's three fields. Handed out by src/entries/opentelemetry.ts.
 */
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { Context, Span, Tracer } from "@opentelemetry/api";
import type { Telemetry } from "../worker/telemetry.ts";
import type { TraceContext } from "../worker/trace-context.ts";

/** What may be said about the spans. */
export interface OpenTelemetryOptions {
  /** Who makes them; the program's provider's if absent. */
  readonly tracer?: Tracer;
  /**
   * How an attempt's span belongs to that of the enqueue: in the same trace, below it, which is so
   * if absent; or in a trace of its own with a link, where jobs wait for days.
   */
  readonly relation?: "child" | "link";
}

const NAME = "homemaker";
const ID = "messaging.message.id";

/** Makes spans, to be given to `openQueue`. */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry {
  const { tracer = trace.getTracer(NAME), relation = "child" } = options;
  return {
    enqueuing({ type, tube, count }) {
      const attributes = {
        ...about("send", type, tube),
        ...(count > 1 && { "messaging.batch.message_count": count }),
      };
      const span = tracer.startSpan(`send ${tube}`, { kind: SpanKind.PRODUCER, attributes });
      return {
        trace: injected(trace.setSpan(context.active(), span)),
        enqueued(ids) {
          const [id] = ids;
          if (ids.length === 1 && id !== undefined) span.setAttribute(ID, id);
          span.end();
        },
        failed(error) {
          fail(span, error);
          span.end();
        },
      };
    },
    attempting({ id, type, tube, attempt }, carried) {
      const origin = propagation.extract(ROOT_CONTEXT, carried);
      const from = trace.getSpanContext(origin);
      const isLink = relation === "link" && from !== undefined;
      const parent = isLink ? ROOT_CONTEXT : origin;
      const span = tracer.startSpan(
        `process ${tube}`,
        {
          kind: SpanKind.CONSUMER,
          attributes: {
            ...about("process", type, tube),
            [ID]: id,
            "homemaker.job.attempt": attempt,
          },
          ...(isLink && { links: [{ context: from }] }),
        },
        parent,
      );
      return {
        run: (handler) => context.with(trace.setSpan(parent, span), handler),
        ended(outcome, error) {
          span.setAttribute("homemaker.job.outcome", outcome);
          if (outcome === "failed" || outcome === "lost") fail(span, error);
          span.end();
        },
      };
    },
  };
}

function about(operation: "send" | "process", type: string, tube: string): Record<string, string> {
  return {
    "messaging.system": NAME,
    "messaging.operation.type": operation,
    "messaging.operation.name": operation,
    "messaging.destination.name": tube,
    "homemaker.job.type": type,
  };
}

function injected(from: Context): TraceContext {
  const carrier: { traceparent?: string; tracestate?: string; baggage?: string } = {};
  propagation.inject(from, carrier);
  const { traceparent, tracestate, baggage } = carrier;
  return {
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    ...(baggage !== undefined && { baggage }),
  };
}

function fail(span: Span, error: unknown): void {
  const exception = error instanceof Error ? error : String(error);
  if (error !== undefined) span.recordException(exception);
  const message = error instanceof Error ? error.message : "";
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
