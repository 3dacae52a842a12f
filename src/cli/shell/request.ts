/* Request: what a shell command asks for, once its words have been read (syntax.ts), and what it
 * may choose from. The commands beside do it.
 */

/** Columns of the table of tubes, by which it can be sorted. */
export const TUBE_COLUMNS = [
  "name",
  "ready",
  "reserved",
  "delayed",
  "buried",
  "waiting",
  "total",
] as const;
export type TubeColumn = (typeof TUBE_COLUMNS)[number];

/** States of a job by which it can be asked for. */
export const JOB_STATES = ["ready", "reserved", "delayed", "buried"] as const;
export type JobState = (typeof JOB_STATES)[number];

/** What becomes of a job that `reserve` took. */
export type Disposal = "release" | "delete" | "bury";

/** What a shell command asks for. Numbers are in their ranges. */
export type Request =
  | { readonly verb: "stats"; readonly tube?: string; readonly job?: number }
  | { readonly verb: "tubes" | "top"; readonly sort: TubeColumn; readonly intervalSeconds: number }
  | { readonly verb: "peek"; readonly job: number }
  | { readonly verb: "peek-tube"; readonly tube: string; readonly state: JobState }
  | {
      readonly verb: "jobs";
      readonly tube: string;
      readonly state: JobState;
      readonly limit: number;
      readonly after: number;
    }
  | { readonly verb: "failures" | "why"; readonly job: number }
  | { readonly verb: "kick"; readonly tube: string; readonly count: number }
  | { readonly verb: "kick-job" | "delete" | "cancel"; readonly jobs: readonly number[] }
  | {
      readonly verb: "move";
      readonly tube: string;
      readonly jobs: readonly number[];
      /** Why, kept with each job; if absent, nothing. */
      readonly message?: string;
    }
  | {
      readonly verb: "update-job";
      readonly jobs: readonly number[];
      /** If absent, each job keeps its own. */
      readonly pri?: number;
      /** If absent, its state stays. */
      readonly delaySeconds?: number;
    }
  | { readonly verb: "pause"; readonly tube: string; readonly seconds: number }
  | { readonly verb: "flush"; readonly tube: string; readonly isSure: boolean }
  | {
      readonly verb: "put";
      readonly tube: string;
      readonly body?: string;
      readonly isLines: boolean;
      readonly pri: number;
      readonly delaySeconds: number;
      readonly ttrSeconds: number;
      /** As they were given, with one space between them; if absent, none. */
      readonly tags?: string;
    }
  | {
      readonly verb: "reserve";
      readonly tubes: readonly string[];
      readonly timeoutSeconds: number;
      readonly afterwards: Disposal;
      /** What is said about why the job is not done; if absent, nothing. */
      readonly message?: string;
    }
  | {
      readonly verb: "finish";
      readonly job: number;
      /** If absent, standard input. */
      readonly result?: string;
      readonly keepSeconds: number;
    }
  | { readonly verb: "await"; readonly jobs: readonly number[] }
  | {
      readonly verb: "set";
      readonly tube: string;
      /** As they were given: `name=value`. */
      readonly settings: readonly string[];
    }
  | { readonly verb: "drain" | "undrain" }
  | { readonly verb: "status" }
  /** `isForced`: also where nobody stands by. */
  | { readonly verb: "step-down"; readonly isForced: boolean };
