/* Copy figures: what GET /metrics shows of the copy of the journal, and all that it shows of a
 * server that stands by. Used by scrape.ts and src/http/.
 */
import type { Leadership } from "../broker/leadership.ts";
import { exposition } from "../observability/exposition.ts";
import type { Figures } from "../observability/exposition.ts";
import type { Desk } from "../session/desk.ts";
import { infoFigures, one, oneOf, processFigures } from "./process-figures.ts";

type CopyKey =
  | "copyLeading"
  | "copyEpoch"
  | "copyPosition"
  | "copyLagBytes"
  | "copyLagSeconds"
  | "copyLeaseSeconds"
  | "copyStandbys";

/** What there is to say of the copy; no series where there is none. */
export function copyFigures(leadership: Leadership | undefined): Pick<Figures, CopyKey> {
  const copy = leadership?.figures;
  return {
    ...leaderFigures(leadership),
    copyPosition: oneOf(copy?.position),
    copyLagBytes: oneOf(copy?.lagBytes),
    copyLagSeconds: oneOf(copy && copy.lagMillis / 1000),
    copyLeaseSeconds: oneOf(copy && copy.leaseMillis / 1000),
    copyStandbys: oneOf(copy?.standbys),
  };
}

function leaderFigures(
  leadership: Leadership | undefined,
): Pick<Figures, "copyLeading" | "copyEpoch"> {
  if (leadership === undefined) return { copyLeading: [], copyEpoch: [] };
  const { role, leader, epoch } = leadership.state;
  return { copyLeading: one(role === "leader" ? 1 : 0), copyEpoch: one(epoch, { leader }) };
}

/** The exposition of a server that stands by: whom it waits for, and how the process is. */
export function standbyText(desk: Desk, leadership: Leadership): Promise<string> {
  const figures = {
    ...infoFigures(desk),
    ...leaderFigures(leadership),
    ...processFigures(desk),
  };
  return exposition(figures, () => Promise.resolve());
}
