/* Stuck disk: a directory whose journal lies on a disk that a test can have stand still, go on, or
 * fail; and a broker on it that knows what keeps the process alive. Used by the tests of how a
 * broker ends.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/broker/broker-options.ts";
import { openBroker } from "../../src/broker/open-broker.ts";
import type { BrokerRuntime } from "../../src/runtime.ts";
import { brokerRuntime } from "../../src/runtimes/node-broker.ts";
import { startWorker } from "../../src/runtimes/worker.ts";

/** The disk. */
export class StuckDisk {
  /** How often the process was asked to stay alive, less how often it was let go. */
  alive = 0;
  readonly #above = mkdtempSync(join(tmpdir(), "homemaker-disk-"));

  /** The journal's directory. */
  get dataDirectory(): string {
    return join(this.#above, "jobs");
  }

  /** Opens a broker on it. */
  open(options: BrokerOptions = {}): Promise<Broker> {
    const runtime: BrokerRuntime = {
      ...brokerRuntime,
      startCommitter(seed, { heard, died }) {
        const entry = new URL("./failing-committer.ts", import.meta.url);
        return startWorker(entry, { ...seed, errorFd: 2 }, heard, died);
      },
      keepAlive: () => {
        const letDie = brokerRuntime.keepAlive();
        this.alive++;
        return () => {
          this.alive--;
          letDie();
        };
      },
    };
    return openBroker({ ...options, dataDirectory: this.dataDirectory }, runtime);
  }

  /** No sync ends until `goOn`. */
  stick(): void {
    writeFileSync(join(this.#above, "sticks"), "");
  }

  goOn(): void {
    rmSync(join(this.#above, "sticks"));
  }

  /** From now on each sync fails, one that stands still too once it goes on. */
  fail(): void {
    writeFileSync(join(this.#above, "fails"), "");
  }

  remove(): void {
    rmSync(this.#above, { recursive: true });
  }
}
