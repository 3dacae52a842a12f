/* Who has the broker hears first that it broke: before anything of it is broken by that. */
import { expect, onTestFinished, test } from "vitest";
import { Broker } from "../../src/broker/broker.ts";
import { settingsOf } from "../../src/broker/broker-options.ts";
import { brokerRuntime } from "../../src/runtimes/node-broker.ts";
import { loadBuiltControl } from "../text/load-control.ts";

test("a broker that breaks says why before its locks are broken and its clients lose their answers", async () => {
  const told: string[] = [];
  const broker = await Broker.make(
    settingsOf({}, await loadBuiltControl(), () => undefined),
    {
      runtime: brokerRuntime,
      log: { write: () => undefined },
      threads: 0,
      hasSessions: true,
      endsProcess: true,
      onBroken: ({ message }) => void told.push(message),
    },
  );
  onTestFinished(() => broker.close());
  await broker.recover();
  broker.start();
  const { sessions } = broker;
  if (sessions === undefined) throw new Error("the broker has no sessions");
  for (const shard of sessions.desk.shards) {
    const breakLock = shard.breakLock.bind(shard);
    shard.breakLock = () => {
      told.push("a lock is broken");
      breakLock();
    };
  }
  const trap = (): never => {
    throw new WebAssembly.RuntimeError("unreachable");
  };
  expect(() => sessions.look(trap)).toThrow("unreachable");
  expect(told).toEqual(["the sessions failed: RuntimeError: unreachable", "a lock is broken"]);
});
