/*
 * Spans of enqueues and attempts: the attempt of a job is in the trace of whoever enqueued it,
 * wherever it is run.
 */
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { TextMapPropagator } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createWorker, defineJob, unchecked } from "../../src/entries/queue.ts";
import { openTelemetry } from "../../src/entries/opentelemetry.ts";
import { testQueue } from "../../src/entries/testing.ts";
import type { TestQueue } from "../../src/entries/testing.ts";

const order = defineJob("order", { payload: unchecked<number>(), tube: "orders" });
const receipt = defineJob("receipt", { payload: unchecked<number>(), tube: "receipts" });

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = trace.getTracer("test");
let queue: TestQueue;

beforeAll(() => {
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator() as TextMapPropagator);
});
afterAll(() => {
  for (const api of [trace, context, propagation]) api.disable();
});
beforeEach(async () => {
  queue = await testQueue({ telemetry: [openTelemetry()] });
});
afterEach(async () => {
  await queue.close();
  exporter.reset();
});

function worker(run: (n: number) => void = () => undefined): ReturnType<typeof createWorker> {
  return createWorker(queue, {
    handlers: [
      order.handler(async (n, { enqueueOnSuccess }) => {
        await Promise.resolve();
        tracer.startSpan("in the handler").end();
        run(n);
        enqueueOnSuccess(receipt, n);
      }),
      receipt.handler(() => undefined),
    ],
  });
}

function spanNamed(name: string): ReadableSpan {
  const spans = exporter.getFinishedSpans().filter((span) => span.name === name);
  expect(spans.map((span) => span.name)).toEqual([name]);
  const [span] = spans;
  if (span === undefined) throw new RangeError(name);
  return span;
}

/** Whether one is right below the other, in the same trace. */
function isBelow(child: ReadableSpan, parent: ReadableSpan): boolean {
  const { traceId, spanId } = parent.spanContext();
  return child.spanContext().traceId === traceId && child.parentSpanContext?.spanId === spanId;
}

describe("spans", () => {
  test("of a job, its attempt and the job that follows are one trace", async () => {
    const request = tracer.startSpan("request");
    const { id } = await context.with(trace.setSpan(ROOT_CONTEXT, request), () =>
      queue.enqueue(order, 7),
    );
    request.end();
    await queue.drain(worker());
    const [sent, processed] = [spanNamed("send orders"), spanNamed("process orders")];
    const [followed, last] = [spanNamed("send receipts"), spanNamed("process receipts")];
    expect(isBelow(sent, spanNamed("request"))).toBe(true);
    expect(isBelow(processed, sent)).toBe(true);
    expect(isBelow(spanNamed("in the handler"), processed)).toBe(true);
    expect(isBelow(followed, processed)).toBe(true);
    expect(isBelow(last, followed)).toBe(true);
    expect(sent).toMatchObject({
      kind: SpanKind.PRODUCER,
      attributes: {
        "messaging.system": "homemaker",
        "messaging.operation.type": "send",
        "messaging.destination.name": "orders",
        "messaging.message.id": id,
        "homemaker.job.type": "order",
      },
    });
    expect(processed).toMatchObject({
      kind: SpanKind.CONSUMER,
      attributes: {
        "messaging.operation.type": "process",
        "messaging.message.id": id,
        "homemaker.job.attempt": 1,
        "homemaker.job.outcome": "done",
      },
    });
  });

  test("of attempts that failed say why, and the next attempt is in the same trace", async () => {
    await queue.enqueue(order, 1);
    let isFirst = true;
    const failing = worker(() => {
      if (isFirst) {
        isFirst = false;
        throw new RangeError("out of stock");
      }
    });
    await queue.drain(failing);
    await queue.advance("1h");
    await queue.drain(failing);
    const attempts = exporter.getFinishedSpans().filter(({ name }) => name === "process orders");
    expect(attempts.map(({ attributes }) => attributes["homemaker.job.outcome"])).toEqual([
      "failed",
      "done",
    ]);
    const [first, second] = attempts;
    expect(first?.status).toEqual({ code: SpanStatusCode.ERROR, message: "out of stock" });
    expect(first?.events[0]?.attributes).toMatchObject({ "exception.type": "RangeError" });
    expect(second?.status.code).toBe(SpanStatusCode.UNSET);
    expect(new Set(attempts.map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  test("of many say how many, and of what was not enqueued why", async () => {
    await queue.enqueueMany(receipt, [1, 2, 3]);
    const many = spanNamed("send receipts");
    expect(many.attributes["messaging.batch.message_count"]).toBe(3);
    exporter.reset();
    const signal = AbortSignal.abort(new Error("too late"));
    await expect(queue.enqueue(receipt, 1, { signal })).rejects.toThrow("too late");
    expect(spanNamed("send receipts").status).toMatchObject({ message: "too late" });
  });

  test("may be linked instead, each attempt in a trace of its own", async () => {
    await using linked = await testQueue({ telemetry: [openTelemetry({ relation: "link" })] });
    const linking = createWorker(linked, { handlers: [receipt.handler(() => undefined)] });
    await linked.enqueue(receipt, 1);
    await linked.drain(linking);
    const [sent, processed] = [spanNamed("send receipts"), spanNamed("process receipts")];
    expect(processed.spanContext().traceId).not.toBe(sent.spanContext().traceId);
    expect(processed.links.map((link) => link.context.spanId)).toEqual([sent.spanContext().spanId]);
  });
});

test("a job that some other program traced is in that program's trace", async () => {
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const body = JSON.stringify({
    type: "receipt",
    data: 1,
    hm: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
  });
  const raw = { tube: "receipts", body: new TextEncoder().encode(body) };
  await queue.backend.put([{ ...raw, priority: 0, delayMillis: 0, leaseMillis: 60_000 }]);
  await queue.drain(worker());
  expect(spanNamed("process receipts").spanContext().traceId).toBe(traceId);
});
