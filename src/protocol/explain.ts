/* Explain: what the reply of `explain` may say: its reasons, and its keys in their order.
 *
 * The session finds out which reason it is and collects the values (session/explanation.ts); the
 * protocol reference is tested against these tables. Of several reasons the first one that holds is
 * given. What is new among the keys goes to the end.
 */

import type { StatsKey } from "./stats.ts";

/** One reason. */
interface ReasonRow {
  readonly word: string;
  readonly meaning: string;
}

/** Every reason. */
export const REASONS = [
  { word: "cancelled", meaning: "somebody holds it, and it is gone when that attempt ends" },
  { word: "held", meaning: "somebody holds it" },
  { word: "moving", meaning: "it is on its way to another tube, for a moment" },
  { word: "group", meaning: "it waits for the group of its tag `aft`" },
  { word: "delayed", meaning: "its delay runs" },
  { word: "buried", meaning: "it is buried until it is kicked" },
  { word: "paused", meaning: "its tube is paused" },
  { word: "rate", meaning: "its tube has come to its `rate`" },
  { word: "reserved", meaning: "as many jobs of its tube are reserved as `reserved` lets be" },
  { word: "unwatched", meaning: "no connection watches its tube" },
  { word: "key", meaning: "as many jobs with its key of the tag `con` are reserved as may be" },
  { word: "behind", meaning: "other jobs of its tube come first" },
  { word: "busy", meaning: "it is the next one, and no connection that watches its tube waits" },
  { word: "next", meaning: "it is about to be handed out" },
] as const satisfies readonly ReasonRow[];

export type Reason = (typeof REASONS)[number]["word"];

/** Most jobs before it that are counted; of more it is said that there are. */
export const BEFORE_MAX = 10_000;
/** Most jobs that hold its key and are named. */
export const KEY_JOBS_MAX = 20;

/** The keys of `explain`. */
export const EXPLAIN_KEYS: readonly StatsKey[] = [
  { key: "why", quoted: true, meaning: "one line for people" },
  { key: "reason", quoted: false, meaning: "one word, of the list above" },
  { key: "state", quoted: false, meaning: "ready, reserved, delayed or buried" },
  { key: "tube", quoted: true, meaning: "tube that the job is in" },
  {
    key: "before",
    quoted: false,
    meaning: `ready jobs that come before it, \`${BEFORE_MAX}+\` if more than so many do; 0 unless it is ready`,
  },
  {
    key: "time-left",
    quoted: false,
    meaning: "whole seconds until its delay or its time to run is over, 0 unless that runs",
  },
  {
    key: "holder",
    quoted: true,
    meaning: "address and name of who holds it, nothing if nobody does",
  },
  {
    key: "pause-time-left",
    quoted: false,
    meaning: "whole seconds until the pause of its tube is over, 0 if none",
  },
  { key: "set-rate", quoted: false, meaning: "`rate` of its tube, nothing if it is not set" },
  {
    key: "rate-time-left",
    quoted: false,
    meaning: "whole seconds until that lets the next job be handed out, 0 if it does now",
  },
  {
    key: "set-reserved",
    quoted: false,
    meaning: "`reserved` of its tube, nothing if it is not set",
  },
  { key: "current-jobs-reserved", quoted: false, meaning: "jobs of its tube that are held" },
  {
    key: "concurrency-key",
    quoted: false,
    meaning: "key of its tag `con`, nothing without one",
  },
  {
    key: "concurrency-limit",
    quoted: false,
    meaning: "how many jobs with that key may be reserved at a time",
  },
  { key: "concurrency-held", quoted: false, meaning: "how many are" },
  {
    key: "concurrency-jobs",
    quoted: true,
    meaning: `ids of these, ${KEY_JOBS_MAX} at most, if the job is ready and the key is at its limit, else nothing`,
  },
  {
    key: "after-group",
    quoted: false,
    meaning: "group of its tag `aft`, nothing without one",
  },
  {
    key: "group-pending",
    quoted: false,
    meaning: "jobs of that group, whose end it waits for, 0 unless it does",
  },
  { key: "current-watching", quoted: false, meaning: "connections that watch its tube" },
  { key: "current-waiting", quoted: false, meaning: "how many of these wait for a job" },
  {
    key: "cancelled",
    quoted: false,
    meaning: "true if it is gone as soon as the attempt at it ends, else false",
  },
  { key: "draining", quoted: false, meaning: "true if the server refuses puts, else false" },
];
