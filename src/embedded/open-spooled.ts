/* Open spooled: puts a spool before a back end, which may be away when it is opened. */
import { pause } from "../client/pause.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import type { QueueBackend } from "../worker/backend.ts";
import { millisOf } from "../worker/duration.ts";
import { engineCapabilities } from "../worker/engine-capabilities.ts";
import { BadOptionError, UnsupportedError } from "../worker/errors.ts";
import { harmlessLogger } from "../worker/harmless.ts";
import { LateBackend } from "../worker/late-backend.ts";
import type { Known } from "../worker/known-options.ts";
import { shownUrl } from "../protocol/place-url.ts";
import type { QueueOptions } from "../worker/queue.ts";
import { SpoolBackend } from "../worker/spool-backend.ts";
import type { SpoolOptions, SpoolStore } from "../worker/spool-backend.ts";

/** What may be said about a spool. */
export const SPOOL: Known<SpoolOptions> = { directory: true, wait: true, cooldown: true };

/** A back end that is opened when that can be. */
export interface Target {
  /** For people. */
  readonly name: string;
  readonly open: () => Promise<QueueBackend>;
}

/** The back end that a target stands for. Throws a BadOptionError where that is never away. */
export function spooledTarget(target: object | string, open: Target["open"]): Target {
  if (typeof target === "string") return { name: shownUrl(target), open };
  if ("memory" in target || "directory" in target) {
    throw new BadOptionError("spool: a queue in this process is never away");
  }
  return { name: "the back end", open };
}

/**
 * Opens it with a spool, of which `openSpool` opens a part. Rejects with a BadOptionError, an
 * UnsupportedError where the back end cannot be one, and a JournalError where the directory cannot
 * be used.
 */
export async function openSpooled(
  { name, open }: Target,
  { directory, wait = "1s", cooldown = "10m" }: SpoolOptions,
  { logger, now = Date.now, clock = SYSTEM_CLOCK }: QueueOptions,
  openSpool: (directory: string) => Promise<SpoolStore>,
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
