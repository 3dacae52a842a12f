/* Schedule: what the body of a schedule's job says (worker/schedule-body.ts): when it is due, and
 * what it has enqueued. All of it is what a client wrote, to be shown as text.
 */

/** A schedule, in words. */
export interface Schedule {
  readonly name: string;
  /** A pattern of cron with its zone, or how often. */
  readonly when: string;
  /** When it is due next, in seconds since 1970. */
  readonly nextAt: number;
  /** The tube that its runs go to. */
  readonly tube: string;
  /** What is done when the run before is still there, and about moments that were missed. */
  readonly overlap: string;
  readonly missed: string;
}

const LF = 0x0a;
const TYPE = "homemaker.schedule";
/** The farthest that a date can be. */
const DATE_MILLIS_MAX = 8.64e15;

/** The schedule in a body; undefined if there is none. */
export function scheduleIn(body: Uint8Array): Schedule | undefined {
  const end = body.indexOf(LF);
  if (end < 0) return undefined;
  const head = parsed(new TextDecoder().decode(body.subarray(0, end)));
  if (member(head, "type") !== TYPE) return undefined;
  const kept = member(head, "schedule");
  const times = member(kept, "times");
  const [name, cron] = [textIn(kept, "name"), textIn(times, "cron")];
  const moment = member(head, "moment");
  if (name === undefined || typeof moment !== "number") return undefined;
  if (Math.abs(moment) > DATE_MILLIS_MAX) return undefined;
  const every = member(times, "every");
  const period = typeof every === "number" ? `${every} ms` : String(every);
  return {
    name,
    when: cron === undefined ? `every ${period}` : `${cron} in ${textIn(times, "zone") ?? "UTC"}`,
    nextAt: moment / 1000,
    tube: textIn(member(kept, "run"), "tube") ?? "",
    overlap: textIn(kept, "overlap") ?? "",
    missed: textIn(kept, "missed") ?? "",
  };
}

function textIn(value: unknown, name: string): string | undefined {
  const text = member(value, name);
  return typeof text === "string" ? text : undefined;
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A RangeError is a text too deep to be read.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}
