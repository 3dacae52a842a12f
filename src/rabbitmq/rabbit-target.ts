/* Rabbit target: opens a queue in a RabbitMQ: the package that speaks to it, and two connections.
 *
 * Used by src/entries/.
 */
import { BadOptionError, MissingPackageError, UnsupportedError } from "../worker/errors.ts";
import { RabbitBackend } from "./rabbit-backend.ts";
import type { RabbitModel } from "./rabbit-client.ts";
import { RabbitConnection } from "./rabbit-connection.ts";
import type { RabbitTarget } from "./rabbit-options.ts";

/** Makes a connection with amqplib. */
export type ConnectRabbit = (url: string, socketOptions: object) => Promise<RabbitModel>;

const PREFIX_DEFAULT = "homemaker";
const PREFIX = /^[\w.-]{1,32}$/;
const JOB_BYTES_MAX = 65_535;
const SOCKET_OPTIONS = { timeout: 5000, noDelay: true };
/** The first that has all that quorum queues need here. */
const VERSION_LEAST = [3, 10] as const;

/** The package, imported when it is first used. Rejects with a MissingPackageError. */
export async function importAmqplib(
  load: () => Promise<{ readonly connect: ConnectRabbit }> = () => import("amqplib"),
): Promise<ConnectRabbit> {
  try {
    const { connect } = await load();
    return connect;
  } catch (cause) {
    throw new MissingPackageError("amqplib", { cause });
  }
}

/**
 * Opens it. Rejects with a MissingPackageError, a BadOptionError, an UnreachableError, and an
 * UnsupportedError where that RabbitMQ is too old.
 */
export async function openRabbit(target: RabbitTarget): Promise<RabbitBackend> {
  const { rabbitmq: url, prefix = PREFIX_DEFAULT, maxJobBytes = JOB_BYTES_MAX } = target;
  if (!PREFIX.test(prefix)) {
    throw new BadOptionError(`prefix: ${JSON.stringify(prefix)} cannot begin the names of queues`);
  }
  if (typeof url !== "string" || url === "") throw new BadOptionError("rabbitmq: a URL");
  const connect = await importAmqplib();
  const make = (): RabbitConnection => new RabbitConnection(() => connect(url, SOCKET_OPTIONS));
  const [publishing, consuming] = [make(), make()];
  try {
    checkVersion(await publishing.open());
    await consuming.open();
    return await RabbitBackend.open({ publishing, consuming, prefix, bytesMax: maxJobBytes });
  } catch (error) {
    await Promise.all([publishing.close(), consuming.close()]);
    throw error;
  }
}

function checkVersion({ connection }: RabbitModel): void {
  const { version } = connection.serverProperties;
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [least, leastMinor] = VERSION_LEAST;
  if (major > least || (major === least && minor >= leastMinor)) return;
  throw new UnsupportedError(`rabbitmq ${version}: this back end needs ${VERSION_LEAST.join(".")}`);
}
