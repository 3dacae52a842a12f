/* Access: who the reader is to the server, and the way in.
 *
 * The token is posted once and never kept here: what stays is the server's cookie, which no script
 * can read. A 401 to any request means that the cookie is no longer good, and brings the login page
 * back.
 */
import { computed, effect, signal } from "@preact/signals";
import type { LoginRequest, SessionAnswer } from "../http/api.ts";
import { startListening, stopListening } from "./live.ts";
import { ApiError, get, post, refusals } from "./server-api.ts";

/** null until the server has said who asks. */
export const session = signal<SessionAnswer | null>(null);
/** Why the server could not say it. */
export const sessionError = signal<ApiError | null>(null);

/** Whether anything may be changed: then actions are offered. */
export const mayAct = computed(() => session.value?.role === "admin");

const EVERY_TUBE = "*";

/** The tubes that may be changed. */
const managed = computed(() => (session.value?.manages ?? [EVERY_TUBE]).map(patternOf));

/** What a pattern of tube names means: `*` stands for any characters, also for none. */
function patternOf(pattern: string): RegExp {
  const pieces = pattern.split("*").map((piece) => piece.replace(/[^\w]/g, String.raw`\$&`));
  return new RegExp(`^${pieces.join(".*")}$`);
}

/** Whether actions on that tube, and on its jobs, are offered. */
export function mayManage(tube: string): boolean {
  return mayAct.value && managed.value.some((pattern) => pattern.test(tube));
}

/** Whether actions on the whole server are offered. */
export const mayManageAll = computed(
  () => mayAct.value && (session.value?.manages ?? [EVERY_TUBE]).includes(EVERY_TUBE),
);

/** Asks the server who the reader is, and listens if it lets us. */
export async function enter(): Promise<void> {
  try {
    session.value = await get<SessionAnswer>("session");
    sessionError.value = null;
    if (session.value.role !== null) startListening();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    sessionError.value = error;
  }
}

/**
 * Shows the token.
 *
 * @throws {ApiError} when the server refuses it
 */
export async function logIn(token: string): Promise<void> {
  await post<object>("login", { token } satisfies LoginRequest);
  await enter();
}

/**
 * Gives the access back.
 *
 * @throws {ApiError} when the server does not answer
 */
export async function logOut(): Promise<void> {
  stopListening();
  await post<object>("logout");
  await enter();
}

effect(() => {
  if (refusals.value === 0) return;
  stopListening();
  void enter();
});
