/* Consumers that begin while their server is away. */
import { expect, onTestFinished, test } from "vitest";
import { LostError, UnreachableError } from "../../src/client/errors.ts";
import { connectTo } from "../../src/client/connect.ts";
import { clientSurroundings } from "../../src/runtimes/client-surroundings.ts";
import { openBroker } from "../../src/runtimes/node-broker.ts";
import { socketEndpoint } from "../../src/transports/socket-endpoint.ts";
import { ClientConsumer } from "../../src/worker/client-consumer.ts";
import { Hands } from "../backends/beds.ts";

test("they begin when it is there, and tell of each attempt that came to nothing", async () => {
  const broker = await openBroker({});
  onTestFinished(() => broker.close());
  const client = () => connectTo(broker, {}, socketEndpoint, clientSurroundings());
  const hands = new Hands();
  const troubles: Error[] = [];
  const attempts = [
    () => Promise.reject(new UnreachableError("no server has answered yet")),
    () => Promise.reject(new LostError("watch work", undefined)),
    client,
  ];
  const connect = () => attempts.shift()?.() ?? Promise.reject(new RangeError("once more"));
  const troubled = (error: Error): void => void troubles.push(error);
  const options = { window: 1, take: hands.take, troubled };
  await using _ = new ClientConsumer(connect, ["work"], options, () => undefined);
  await using producer = await client();
  await producer.use("work");
  await producer.put("a");
  expect(await hands.done(1)).toEqual(["a"]);
  expect(troubles.map((error) => "code" in error && error.code)).toEqual([
    "HM_UNREACHABLE",
    "HM_LOST",
  ]);
});

test("they end when they are closed meanwhile, and nothing is wrong", async () => {
  const options = { window: 1, take: () => undefined };
  const connect = (_: unknown, signal: AbortSignal): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(new UnreachableError("given up")));
    });
  const consumer = new ClientConsumer(connect, ["work"], options, () => undefined);
  await consumer.close();
  await expect(consumer.closed).resolves.toBeUndefined();
});

test("they end with what is wrong for good", async () => {
  const options = { window: 1, take: () => undefined };
  const connect = (): Promise<never> => Promise.reject(new RangeError("it will never be"));
  const consumer = new ClientConsumer(connect, ["work"], options, () => undefined);
  await expect(consumer.closed).rejects.toThrow("it will never be");
});
