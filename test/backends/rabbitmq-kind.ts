/* A RabbitMQ, as a kind of back end. */
import { RABBITMQ_CAPABILITIES } from "../../src/rabbitmq/rabbit-backend.ts";
import { openRabbit } from "../../src/rabbitmq/rabbit-target.ts";
import { RabbitServer } from "../support/rabbitmq.ts";
import type { Bed, Kind } from "./beds.ts";

/** Of one that is there already, if so. */
export function rabbitKind(there?: () => RabbitServer): Kind {
  return {
    name: "rabbitmq",
    can: RABBITMQ_CAPABILITIES,
    isVirtual: false,
    soonMillis: 1000,
    patienceMs: 120_000,
    open: () => open(there?.()),
  };
}

async function open(there: RabbitServer | undefined): Promise<Bed> {
  const server = there ?? (await RabbitServer.start());
  const connect = () => openRabbit({ rabbitmq: server.url });
  let backend = await connect();
  return {
    backend,
    advance: () => {
      throw new RangeError("a RabbitMQ's time passes by itself");
    },
    async reopen() {
      await backend.close();
      backend = await connect();
      return backend;
    },
    async [Symbol.asyncDispose]() {
      await backend.close();
      if (there === undefined) await server.end();
    },
  };
}
