/* How long a blocked reserve takes to be answered by another connection's put: from the put's write
 * to the last byte of RESERVED.
 *
 * That the reserve does block is asked of the server (`stats-tube`, current-waiting) before each
 * put, on the connection that puts, so the waiting connection's thread may sleep. With several
 * threads nobody outside knows which connection belongs to which: so many connections put in turn,
 * and their medians are divided into a near and a far group where that explains most of the spread.
 */
import type { Sample } from "../figures.ts";
import { Asker, type Answer } from "./asker.ts";
import { BODY_BYTES } from "./dialect.ts";
import { Latency } from "./latency.ts";
import type { HandoverOrder, ServerAddress } from "./order.ts";

const TUBE = "handover";
const WARM_UP_SHARE = 0.2;

interface Producer {
  readonly asker: Asker;
  readonly latency: Latency;
}

/** Runs handovers until the time is over. */
export async function runHandover(order: HandoverOrder, server: ServerAddress): Promise<Sample> {
  const waiter = await Asker.open(server.port);
  await waiter.expect("WATCHING", `watch ${TUBE}`);
  await waiter.expect("WATCHING", "ignore default");
  const producers: Producer[] = [];
  for (let index = 0; index < order.producers; index += 1) {
    const asker = await Asker.open(server.port);
    await asker.expect("USING", `use ${TUBE}`);
    producers.push({ asker, latency: new Latency() });
  }
  await repeatHandovers(waiter, producers, order.seconds * WARM_UP_SHARE);
  for (const { latency } of producers) latency.reset();
  await repeatHandovers(waiter, producers, order.seconds);
  for (const asker of [waiter, ...producers.map((producer) => producer.asker)]) asker.close();
  const latencies = producers.map((producer) => producer.latency);
  const all = merged(latencies);
  const sample: Sample = {
    p50Micros: all.percentileMicros(50),
    p99Micros: all.percentileMicros(99),
  };
  return order.grouped ? { ...sample, ...groups(latencies) } : sample;
}

/** Every producer in turn, whole rounds only. */
async function repeatHandovers(
  waiter: Asker,
  producers: readonly Producer[],
  seconds: number,
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  do {
    for (const { asker, latency } of producers) latency.record(await handOver(waiter, asker));
  } while (performance.now() < end);
}

/** One handover; returns its microseconds. */
async function handOver(waiter: Asker, producer: Asker): Promise<number> {
  const reserved = waiter.ask("reserve");
  await untilWaiting(producer);
  const putAt = performance.now();
  const inserted = producer.expect("INSERTED", PUT, BODY);
  const answer = await reserved;
  await inserted;
  await waiter.expect("DELETED", `delete ${idOf(answer)}`);
  return (answer.at - putAt) * 1000;
}

const PUT = `put 0 0 60 ${BODY_BYTES}`;
const BODY = "x".repeat(BODY_BYTES);

async function untilWaiting(producer: Asker): Promise<void> {
  const deadline = performance.now() + 5000;
  while (performance.now() < deadline) {
    const { body } = await producer.expect("OK", `stats-tube ${TUBE}`);
    if (body.includes("current-waiting: 1\n")) return;
  }
  throw new Error("a reserve on an empty tube was not counted as waiting within 5 s");
}

function idOf(answer: Answer): string {
  const id = /^RESERVED (\d+) /.exec(answer.line)?.[1];
  if (id === undefined || answer.body.length !== BODY_BYTES)
    throw new Error(`expected RESERVED, got ${answer.line}`);
  return id;
}

function groups(latencies: readonly Latency[]): Sample {
  const sorted = latencies.toSorted((a, b) => a.percentileMicros(50) - b.percentileMicros(50));
  const cut = bestCut(sorted.map((latency) => latency.percentileMicros(50)));
  const far = merged(sorted.slice(cut));
  return {
    nearP50Micros: merged(sorted.slice(0, cut)).percentileMicros(50),
    farP50Micros: far.percentileMicros(50),
    farP99Micros: far.percentileMicros(99),
    farPercent: ((sorted.length - cut) / sorted.length) * 100,
  };
}

function merged(latencies: readonly Latency[]): Latency {
  const sum = new Latency();
  for (const latency of latencies) sum.add(latency);
  return sum;
}

/**
 * Where to divide ascending values in two so that the variance between the groups is greatest
 * (Otsu's method).
 */
function bestCut(ascending: readonly number[]): number {
  let best = 0;
  let bestVariance = -1;
  for (let cut = 1; cut < ascending.length; cut += 1) {
    const gap = mean(ascending.slice(cut)) - mean(ascending.slice(0, cut));
    const variance = cut * (ascending.length - cut) * gap * gap;
    if (variance > bestVariance) {
      bestVariance = variance;
      best = cut;
    }
  }
  return best;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
