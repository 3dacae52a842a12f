/*
 * Bulk actions: kick, delete or cancel all jobs that match, counted by the server first, then
 * asked for, then done.
 */
import type { BulkAction, BulkAnswer, BulkRequest } from "../http/api.ts";
import { attempt, tell, warn } from "./notices.tsx";
import { counted } from "./quantity.ts";
import { confirm } from "./question.tsx";
import { route } from "./route.ts";
import { ApiError, post } from "./server-api.ts";

const WORDS: Readonly<Record<BulkAction, { readonly verb: string; readonly done: string }>> = {
  kick: { verb: "Kick", done: "kicked" },
  delete: { verb: "Delete", done: "deleted" },
  cancel: { verb: "Cancel", done: "cancelled" },
};

/** Which jobs, and what to do with them. */
export type BulkWish = Omit<BulkRequest, "dryRun">;

/**
 * Counts, asks, does, and says what came of it.
 *
 * @returns whether something was done
 */
export async function runBulk(wish: BulkWish): Promise<boolean> {
  const where = route.value;
  const matched = await countMatches(wish);
  if (matched === null || route.value !== where) return false; // the reader has left meanwhile
  if (matched === 0) {
    tell("No job matches any more.");
    return false;
  }
  const jobs = counted(matched, `${wish.state} job`);
  const { verb, done: did } = WORDS[wish.action];
  const isSure = await confirm({
    title: `${verb} ${jobs} of ${wish.tube}`,
    text: `${meaningOf(wish, matched)} ${conditionOf(wish)}`,
    action: `${verb} ${counted(matched, "job")}`,
    isDestructive: wish.action !== "kick",
  });
  if (!isSure) return false;
  return attempt(
    post<BulkAnswer>("bulk", { ...wish, dryRun: false } satisfies BulkRequest),
    ({ done }) => `${counted(done, "job")} of ${wish.tube} ${did}.`,
  );
}

async function countMatches(wish: BulkWish): Promise<number | null> {
  try {
    const request: BulkRequest = { ...wish, dryRun: true };
    return (await post<BulkAnswer>("bulk", request)).matched;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    warn(error.message);
    return null;
  }
}

function meaningOf(wish: BulkWish, matched: number): string {
  const them = matched === 1 ? "It" : "They";
  if (wish.action === "kick")
    return `${them} will be ready at once, for any worker that watches the tube.`;
  return wish.action === "delete"
    ? `${them} will be gone for good.`
    : `${them} will be gone for good, each when its worker ends the attempt in any way.`;
}

function conditionOf(wish: BulkWish): string {
  if (wish.group !== undefined)
    return "Only jobs whose latest failure belongs to this group are touched.";
  return wish.filter === ""
    ? "No filter is set: this is every job of this state."
    : "Only jobs that the filter finds are touched.";
}
