/* Redis target: opens a queue in a Redis: the package that speaks to it, the two connections, and
 * what that Redis is set up to promise.
 *
 * A Redis that may throw keys away under it would lose jobs: that is an error. One that does not
 * write each change to its disk before it answers may lose the newest ones: the queue says that it
 * is not durable then, and `onWarning` is told why. Used by src/entries/.
 */
import { emitWarning } from "node:process";
import { asError } from "../client/errors.ts";
import { BadOptionError, MissingPackageError } from "../worker/errors.ts";
import { RedisBackend } from "./redis-backend.ts";
import type { RedisTarget } from "./redis-options.ts";
import { JOB_BYTES_MAX } from "./redis-limits.ts";
import { isRefusal, RedisLink, textOf } from "./redis-link.ts";
import type { RedisClient } from "./redis-link.ts";
import { listOf } from "./redis-looks.ts";
import { RedisRefusedError } from "./redis-refused-error.ts";

/** Makes clients of ioredis. */
export type NewRedis = (target: RedisTarget["redis"], options: object) => RedisClient;

const PREFIX_DEFAULT = "homemaker";
const PREFIX = /^[\w.:-]{1,64}$/;
const BACK_OFF_MAX_MS = 2000;
const CONNECT_TIMEOUT_MS = 10_000;

/** What ioredis is told, whatever the user says besides. */
const OPTIONS = {
  lazyConnect: true,
  connectTimeout: CONNECT_TIMEOUT_MS,
  // What waits here, and what is sent again, redis-link.ts decides.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
  retryStrategy: (times: number) => Math.min(BACK_OFF_MAX_MS, 20 * 2 ** Math.min(times, 10)),
};

/** The package, imported when it is first used. Rejects with a MissingPackageError. */
export async function importRedis(load = () => import("ioredis")): Promise<NewRedis> {
  try {
    const { Redis } = await load();
    return (target, options) =>
      typeof target === "string"
        ? new Redis(target, options)
        : new Redis({ ...target, ...options });
  } catch (cause) {
    throw new MissingPackageError("ioredis", { cause });
  }
}

/**
 * Opens it. Rejects with a MissingPackageError, a BadOptionError, an UnreachableError, and a
 * RedisRefusedError.
 */
export async function openRedis(
  target: RedisTarget,
  newRedis: () => Promise<NewRedis> = importRedis,
): Promise<RedisBackend> {
  const { prefix = PREFIX_DEFAULT, maxJobBytes = JOB_BYTES_MAX } = target;
  const { onWarning = (message: string) => emitWarning(message) } = target;
  if (!PREFIX.test(prefix)) {
    throw new BadOptionError(`prefix: ${JSON.stringify(prefix)} cannot begin the names of keys`);
  }
  const isSomewhere = typeof target.redis === "object" && target.redis !== null;
  if (!isSomewhere && (typeof target.redis !== "string" || target.redis === "")) {
    throw new BadOptionError("redis: a URL, or options of ioredis");
  }
  const make = await newRedis();
  const link = new RedisLink(
    make(target.redis, OPTIONS),
    make(target.redis, { ...OPTIONS, enableOfflineQueue: true, maxRetriesPerRequest: null }),
    prefix,
  );
  await link.open();
  try {
    await checkRole(link);
    return new RedisBackend(link, await isDurable(link, onWarning), maxJobBytes);
  } catch (error) {
    link.close();
    throw error;
  }
}

async function checkRole(link: RedisLink): Promise<void> {
  const facts = textOf(await link.ask("INFO", "replication"));
  if (!/^role:slave/m.test(facts)) return;
  throw new RedisRefusedError("HM_READ_ONLY", "this Redis is a replica, which takes no jobs");
}

/** Throws a BadOptionError where jobs could be thrown away. */
async function isDurable(link: RedisLink, warn: (message: string) => void): Promise<boolean> {
  const policy = await settingOf(link, "maxmemory-policy");
  const appends = await settingOf(link, "appendonly");
  const syncs = await settingOf(link, "appendfsync");
  if (policy === undefined) {
    warn("redis: CONFIG GET is not allowed: whether that Redis keeps jobs is not known");
    return false;
  }
  if (policy !== "noeviction") {
    throw new BadOptionError(
      `redis: maxmemory-policy is ${policy}: jobs would be thrown away when memory is short; ` +
        "set it to noeviction",
    );
  }
  if (appends === "yes" && syncs === "always") return true;
  const is = appends === "yes" ? `appendfsync is ${syncs}` : "appendonly is no";
  warn(`redis: ${is}: jobs of the last moments are lost when that Redis or its machine dies`);
  return false;
}

/** Undefined where it may not be asked for. */
async function settingOf(link: RedisLink, name: string): Promise<string | undefined> {
  try {
    const [, value] = listOf(await link.ask("CONFIG", "GET", name));
    return textOf(value);
  } catch (error) {
    if (error instanceof RedisRefusedError || isRefusal(asError(error))) return undefined;
    throw error;
  }
}
