/* Open spread: several back ends as one, some of which may be away when they are opened. */
import { pause } from "../client/pause.ts";
import { SYSTEM_CLOCK } from "../client/system-clock.ts";
import type { QueueBackend } from "./backend.ts";
import { fieldsOf } from "./checked.ts";
import { engineCapabilities } from "./engine-capabilities.ts";
import { BadOptionError, UnsupportedError } from "./errors.ts";
import { LateBackend } from "./late-backend.ts";
import { partUrl } from "../protocol/place-url.ts";
import type { QueueOptions } from "./queue.ts";
import { SpreadBackend } from "./spread-backend.ts";

/** One of them. */
export interface SpreadTarget {
  /** Stands in ids. */
  readonly label: string;
  readonly open: () => Promise<QueueBackend>;
  /** It is in this process: to open it comes to an end, however long that takes. */
  readonly isHere?: boolean;
}

/** So long is waited for what is elsewhere and does not answer. */
const WAIT_MILLIS = 1000;

/** Opens them. Rejects with a BadOptionError, or an UnsupportedError where one cannot be one. */
export async function openSpread(
  targets: readonly SpreadTarget[],
  { clock = SYSTEM_CLOCK }: QueueOptions,
): Promise<QueueBackend> {
  const labels = new Set(targets.map(({ label }) => label));
  if (targets.length === 0 || labels.size < targets.length) {
    throw new BadOptionError("spread: one target or more, and no two the same");
  }
  const assumed = engineCapabilities(true);
  const members = targets.map(({ label, open, isHere = false }) => ({
    label,
    isHere,
    backend: new LateBackend({ name: label, assumed, open, clock }),
  }));
  try {
    const { signal } = new AbortController();
    const all = Promise.all(members.map(({ backend }) => backend.tried));
    const here = members.filter(({ isHere }) => isHere);
    await Promise.all(here.map(({ backend }) => backend.tried));
    await Promise.race([all, pause(clock, WAIT_MILLIS, signal)]);
    for (const { backend } of members) {
      const cause = backend.trouble?.cause;
      if (cause instanceof BadOptionError || cause instanceof UnsupportedError) throw cause;
    }
    return new SpreadBackend(members, clock);
  } catch (error) {
    await Promise.all(members.map(({ backend }) => backend.close()));
    throw error;
  }
}

/**
 * What stands for a target in ids: a URL without who may use it, and its prefix if it has one; a
 * directory; or its place.
 */
export function labelOf(target: unknown, place: number): string {
  if (typeof target === "string") return partUrl(target).place.replace(/\/$/, "");
  const { directory, redis, rabbitmq, prefix } = fieldsOf(target);
  if (typeof directory === "string") return directory;
  const url = redis ?? rabbitmq;
  if (typeof url !== "string") return `${place + 1}`;
  return typeof prefix === "string" ? `${labelOf(url, place)}/${prefix}` : labelOf(url, place);
}
