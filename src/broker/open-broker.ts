/* Open broker: a queue in a program of the user's, on the thread that opens it.
 *
 * It takes nothing from the program: no thread but the journal's, which alone waits for the disk,
 * no signal, no socket but the one that keeps others out of its directory, no standard stream. It
 * does not end the process, and keeps it alive only while somebody waits for an answer. Given to
 * programs by src/runtimes/, with the runtime that they run on.
 */
import type { Log, LogFields, LogLevel } from "../log.ts";
import type { BrokerRuntime } from "../runtime.ts";
import { loadControl } from "../text/control.ts";
import { Broker } from "./broker.ts";
import { checkShape, settingsOf } from "./broker-options.ts";
import type { BrokerOptions } from "./broker-options.ts";

/**
 * Opens a broker; its jobs are there and commands run. Rejects with an OptionError, with a
 * JournalError, and with a ModuleMissingError if nothing has been built.
 */
export async function openBroker(options: BrokerOptions, runtime: BrokerRuntime): Promise<Broker> {
  const letDie = runtime.keepAlive();
  try {
    checkShape(options);
    const units = await loadControl(await runtime.readModule("control"));
    const log = afterwards(options.log);
    const settings = settingsOf(options, units, (line) => log.write("warn", line));
    const broker = await Broker.make(settings, {
      runtime,
      log,
      clock: options.clock,
      threads: 0,
      hasSessions: true,
      endsProcess: false,
      onBroken: (error) => queueMicrotask(() => options.onBroken?.(error)),
    });
    return await started(broker);
  } finally {
    letDie();
  }
}

async function started(broker: Broker): Promise<Broker> {
  try {
    await broker.recover();
    broker.start();
    return broker;
  } catch (error) {
    await broker.end();
    throw error;
  }
}

/** Calls the user's log after the turn: what it throws in one would break the broker. */
function afterwards(log: Pick<Log, "write"> | undefined): Pick<Log, "write"> {
  const write = (level: LogLevel, message: string, fields?: LogFields): void =>
    queueMicrotask(() => log?.write(level, message, fields));
  return { write };
}
