/*
 * Draining: drain mode by command. Called by the session; the signal that does the same is the
 * server's (server/server.ts).
 */

import * as R from "../protocol/replies.ts";
import type { Desk } from "./desk.ts";

/** What the log says when drain mode begins. */
export const DRAINING_BEGINS = "draining: no more jobs are taken until somebody sends undrain";
/** What it says when drain mode ends. */
const DRAINING_ENDS = "not draining any more: jobs are taken again";

/** `drain`. */
export function drain({ common, output, announce }: Desk): void {
  if (common.startDraining()) announce(DRAINING_BEGINS);
  output.reply(R.REPLY.DRAINING);
}

/** `undrain`. */
export function undrain({ common, output, announce }: Desk): void {
  if (common.stopDraining()) announce(DRAINING_ENDS);
  output.reply(R.REPLY.NOT_DRAINING);
}
