/* Open spooled: puts a spool before a back end, which may be away when it is opened. */
import { pause } from "../client/pause.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import type { QueueBackend } from "../worker/backend.ts";
import { millisOf } from "../worker/duration.ts";
import { engineCapabilities } from "../worker/engine-capabilities.ts";
import { BadOptionError, UnsupportedError } from "../worker/errors.ts";
import { harmlessLogger } from "../worker/harmless.ts";
import { LateBackend } from "../worker/late-backend.ts";
import type { QueueOptions } from "../worker/queue.ts";
import { SpoolBackend } from "../worker/spool-backend.ts";
import type { SpoolOptions } from "../worker/spool-backend.ts";
import { openSpool } from "./spool-directory.ts";

/** A back end that is opened when that can be. */
export interface Target {
  /** For people. */
  readonly name: string;
  readonly open: () => Promise<QueueBackend>;
}

/**
 * Opens it with a spool. Rejects with a BadOptionError, an UnsupportedError where the back end
 * cannot be one, and a JournalError where the directory cannot be used.
 */
export async function openSpooled(
  { name, open }: Target,
  { directory, wait = "1s", cooldown = "10m" }: SpoolOptions,
  { logger, now = Date.now, clock = SYSTEM_CLOCK }: QueueOptions,
): Promise<QueueBackend> {
  const log = logger && harmlessLogger(logger);
  const waitMillis = millisOf("spool.wait", wait);
  const cooldownMillis = millisOf("spool.cooldown", cooldown);
  const target = new LateBackend({ name, assumed: engineCapabilities(true), open, clock });
  try {
    await Promise.race([target.tried, pause(clock, waitMillis, new AbortController().signal)]);
    const cause = target.trouble?.cause;
    if (cause instanceof BadOptionError || cause instanceof UnsupportedError) throw cause;
    return await SpoolBackend.open({
      store: await openSpool(directory),
      target,
      now,
      clock,
      waitMillis,
      cooldownMillis,
      refused: (err) => log?.error({ err }, "a job of the spool was refused, and stays there"),
      troubled: (err) => log?.warn({ err }, "the spool cannot deliver its jobs now"),
    });
  } catch (error) {
    await target.close();
    throw error;
  }
}
