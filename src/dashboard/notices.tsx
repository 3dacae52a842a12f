/* Notices: what an action came to, said on the screen and to screen readers.
 *
 * Good news leaves by itself; bad news stays until it is put away. The region is always in the
 * page, so that what is added to it is read out.
 */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { ApiError } from "./server-api.ts";

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isBad: boolean;
}

const STAYS_MILLIS = 6000;
const MOST_AT_ONCE = 4;

const notices = signal<readonly Notice[]>([]);
let lastId = 0;

/** Says that something went well. */
export function tell(text: string): void {
  add(text, false);
}

/** Says that something went wrong. */
export function warn(text: string): void {
  add(text, true);
}

/**
 * Does something and says what came of it.
 *
 * @param say the good news
 * @returns whether it went well
 */
export async function attempt<T>(work: Promise<T>, say: (result: T) => string): Promise<boolean> {
  const answer = await answerOf(work);
  if (answer === null) return false;
  tell(say(answer));
  return true;
}

/** Does something; what the server says against it, null when it went well. */
export async function troubleOf(work: Promise<unknown>): Promise<string | null> {
  try {
    await work;
    return null;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.message;
  }
}

/** What the server answers; null, and that is said, when something went wrong. */
export async function answerOf<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    warn(error.message);
    return null;
  }
}

function add(text: string, isBad: boolean): void {
  const id = ++lastId;
  notices.value = [...notices.value, { id, text, isBad }].slice(-MOST_AT_ONCE);
  if (!isBad) setTimeout(() => putAway(id), STAYS_MILLIS);
}

function putAway(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** The region in which they appear. */
export function Notices(): JSX.Element {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <div key={notice.id} class={notice.isBad ? "notice is-bad" : "notice"}>
          <span>{notice.text}</span>
          <button
            type="button"
            class="quiet"
            aria-label="Put away"
            onClick={() => putAway(notice.id)}
          >
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
