/* Stand-in for src/runtimes/node-broker.ts in a worker of a page: a broker in that worker. */
import type { Broker } from "../../../src/broker/broker.ts";
import type { BrokerOptions } from "../../../src/broker/broker-options.ts";
import { openBroker as open } from "../../../src/broker/open-broker.ts";
import { workerBroker } from "../../../src/browser/worker-broker.ts";

export function openBroker(options: BrokerOptions = {}): Promise<Broker> {
  return open(options, workerBroker);
}
