/*
 * JournalParts: what a journal is made of, and how it is to behave. Put together by the committer,
 * by those who lead a commit, and by tests.
 */

import type { CommitState } from "./commit-state.ts";
import type { Checksum } from "./format.ts";
import type { JournalShard } from "./journal-shard.ts";
import type { Storage } from "../storage.ts";

/**
 * What an acknowledgement means: written to the operating system, that and synced by a timer,
 * synced first, or synced and on other machines.
 */
export type DurabilityLevel = "os" | "interval" | "sync" | "replicated";

/** Whether an acknowledgement waits for a sync. */
export function syncsFirst(level: DurabilityLevel): boolean {
  return level === "sync" || level === "replicated";
}

/** How a journal is to behave. */
export interface JournalOptions {
  readonly level: DurabilityLevel;
  /** Most milliseconds that something written waits for its sync at level interval. */
  readonly intervalMillis: number;
  readonly segmentBytes: number;
  /**
   * Most bytes of records that may be in the rings, or still come there, when puts begin to be
   * refused.
   */
  readonly comingBytes: number;
  /** Which bodies stay in memory; if absent, all do. */
  readonly bodies?: BodyOptions;
}

/** When bodies leave memory that the journal has. */
export interface BodyOptions {
  /** Bytes of bodies in all shards above which those that were just written leave. */
  readonly keptBytes: number;
  /** Bytes of bodies in each shard that were read back, above which the first of them leave. */
  readonly broughtBytes: number;
}

/**
 * A file that counts for what the journal takes of the disk and that may always be deleted: the
 * hints.
 */
export interface Beside {
  readonly bytes: number;
  /** Gives up what is being written; false when nothing is. */
  abandon(): boolean;
  /** Deletes all of it; false when there is nothing, or no space even for that. */
  giveUp(): boolean;
}

/** A segment that is on the disk and not written to any more. */
export interface ExistingSegment {
  readonly number: number;
  readonly salt: number;
  /** Length of its file. */
  readonly bytes: number;
  /** Shards of the server that wrote it. */
  readonly shards: number;
  /** Where in it what counts ends; if absent, all of it counts. */
  readonly end?: number;
  /** Reclaim it before any other: a crash or damage left something in it that should not stay. */
  readonly first?: boolean;
  /** It is damaged: its file is kept aside when it goes. */
  readonly quarantine?: boolean;
}

/** What it takes to commit. */
export interface CommitParts {
  readonly storage: Storage;
  /** Whoever commits has handles of its own on them, which share how far each has come. */
  readonly shards: readonly JournalShard[];
  readonly options: JournalOptions;
  /** Shared by all who commit. */
  readonly state: CommitState;
  readonly checksum: Checksum;
  /** Microseconds since 1970. */
  readonly wallMicros: () => number;
  /** Milliseconds of a clock that never jumps and that all who commit share. */
  readonly monotonicMillis: () => number;
  /** Hears up to where a shard's stream is safe. */
  readonly publish: (shard: number, position: number) => void;
  /** Hears how many milliseconds each sync took; absent if nobody counts them. */
  readonly synced?: (millis: number) => void;
}

/** What a journal is made of. */
export interface JournalParts extends CommitParts {
  /** As SegmentHeader.bootId; absent if nobody knows. */
  readonly bootId?: string;
  /** A random number of 32 bits. */
  readonly random: () => number;
  /** What else there is in the directory; if absent, nothing. */
  readonly beside?: Beside;
  /** Segments that exist, oldest first, and the next numbers, as recovery found them. */
  readonly segments: readonly ExistingSegment[];
  /** Segments that exist and cannot be read: they stay. */
  readonly unreadableSegments: readonly number[];
  readonly nextSegment: number;
  readonly nextFrame: number;
  /** Where the newest segment goes on; undefined if something of it cannot be read. */
  readonly newestEnd: number | undefined;
}
