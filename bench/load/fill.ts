/* Jobs put and left lying: what each takes in memory beyond its body, by the kernel's account of
 * the process and, where the server's `stats` has it, by the engine's own.
 */
import type { Sample } from "../figures.ts";
import { residentBytes } from "../process-cost.ts";
import { taggedPutConversation } from "./additions.ts";
import { Asker } from "./asker.ts";
import {
  beanstalkConversation,
  BODY_BYTES,
  putConversation,
  type Conversation,
} from "./dialect.ts";
import type { FillOrder, ServerAddress } from "./order.ts";
import { Talker } from "./talker.ts";

/** Puts of one write; their replies are awaited before the next. */
const BATCH = 500;
/** Jobs put, reserved and deleted first, so that buffers and compiled code are not counted. */
const WARM_UP_JOBS = 20_000;
/**
 * The key of `stats` under which a server gives the bytes that its jobs and tables take. beanstalkd
 * has none.
 */
const ENGINE_BYTES_KEY = "memory-used";

/** Fills the server and reads what that took. */
export async function runFill(order: FillOrder, server: ServerAddress): Promise<Sample> {
  await repeat(server.port, beanstalkConversation(0, BATCH), WARM_UP_JOBS / BATCH);
  const before = await reading(server);
  const batches = Math.ceil(order.jobs / BATCH);
  const puts =
    order.tag === undefined
      ? putConversation(0, BATCH)
      : taggedPutConversation(0, BATCH, { tag: order.tag, keys: batches * BATCH });
  await repeat(server.port, puts, batches);
  const after = await reading(server);
  const perJob = (from: number, to: number): number => (to - from) / (batches * BATCH) - BODY_BYTES;
  const sample: Sample = { processBytesPerJob: perJob(before.process, after.process) };
  if (before.engine === undefined || after.engine === undefined) return sample;
  return { ...sample, engineBytesPerJob: perJob(before.engine, after.engine) };
}

/** Says the whole conversation `times` over. */
async function repeat(port: number, conversation: Conversation, times: number): Promise<void> {
  let wavesLeft = times * conversation.waves.length;
  const talker = await Talker.open(port, conversation, {
    answered: () => undefined,
    completed() {
      wavesLeft -= 1;
      return wavesLeft > 0;
    },
  });
  await talker.talk();
}

interface Reading {
  readonly process: number;
  readonly engine: number | undefined;
}

async function reading(server: ServerAddress): Promise<Reading> {
  const asker = await Asker.open(server.port);
  const { body } = await asker.expect("OK", "stats");
  asker.close();
  const engine = new RegExp(`^${ENGINE_BYTES_KEY}: (\\d+)$`, "m").exec(body)?.[1];
  return {
    process: residentBytes(server.pid),
    engine: engine === undefined ? undefined : Number(engine),
  };
}
