/* Plain options: what is said about a call, where that is nothing but a few numbers. Whatever else
 * is said, and what is wrong with it, is the usual way's to see to. Used by direct.ts and near.ts.
 */
import { PRI_DEFAULT } from "./command.ts";
import { TTR_DEFAULT_SECONDS } from "./commands/put.ts";
import type { PutOptions } from "./commands/put.ts";
import type { CallOptions } from "./job.ts";

/** How a job is put. */
export interface PlainPut {
  readonly pri: number;
  readonly delaySeconds: number;
  readonly ttrSeconds: number;
}

const U32_MAX = 0xffff_ffff;
const BY_DEFAULT: PlainPut = {
  pri: PRI_DEFAULT,
  delaySeconds: 0,
  ttrSeconds: TTR_DEFAULT_SECONDS,
};

/** Whether nothing is said about the call itself. */
export function isPlain({ signal, timeoutMs }: CallOptions): boolean {
  return signal === undefined && timeoutMs === undefined;
}

/** Undefined if more is said, or something is wrong. */
export function plainPut(options: (PutOptions & CallOptions) | undefined): PlainPut | undefined {
  if (options === undefined) return BY_DEFAULT;
  if (!isPlain(options) || options.tags !== undefined) return undefined;
  const { pri = PRI_DEFAULT, delaySeconds = 0, ttrSeconds = TTR_DEFAULT_SECONDS } = options;
  if (!isU32(pri) || !isU32(delaySeconds) || !isU32(ttrSeconds) || ttrSeconds < 1) return undefined;
  return { pri, delaySeconds, ttrSeconds };
}

function isU32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= U32_MAX;
}
