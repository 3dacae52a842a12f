/* Batch: commands that are carried out in one step, all or none. */
import type { Command } from "../command.ts";
import { MANY_MAX, whole } from "../command.ts";
import type { Body } from "../command-writer.ts";
import type { ConnectionState } from "../connection-state.ts";
import { refusalOf } from "../refused-error.ts";
import type { FinishOptions } from "../job.ts";
import type { Feature } from "../support.ts";
import * as ends from "./ends.ts";
import { put } from "./put.ts";
import type { Inserted, PutOptions } from "./put.ts";
import { use } from "./tubes.ts";

/** One command of a batch, and what comes of it. */
export interface BatchCommand<Result> {
  readonly "~command": Command<Result>;
}

/** What comes of each of them. */
export type BatchResults<Commands extends readonly BatchCommand<unknown>[]> = {
  -readonly [Index in keyof Commands]: Commands[Index] extends BatchCommand<infer Result>
    ? Result
    : never;
};

/** Makes the commands that may stand in a batch. */
export class BatchBuilder {
  readonly #state: ConnectionState;
  readonly #gone: ends.Gone;

  constructor(state: ConnectionState, gone: ends.Gone) {
    this.#state = state;
    this.#gone = gone;
  }

  /** The tube of the puts that follow, and of the client when the batch has been done. */
  use(tube: string): BatchCommand<string> {
    return { "~command": use(tube, this.#state) };
  }

  put(body: Body, options?: PutOptions): BatchCommand<Inserted> {
    return { "~command": put(body, options) };
  }

  delete(id: number): BatchCommand<void> {
    return { "~command": ends.remove(id, this.#gone) };
  }

  deleteBatch(ids: readonly number[]): BatchCommand<ends.DeletedBatch> {
    return { "~command": ends.deleteBatch(ids, this.#gone) };
  }

  finish(id: number, result: Body, options: FinishOptions = {}): BatchCommand<void> {
    const { keepSeconds = ends.KEEP_DEFAULT_SECONDS } = options;
    return { "~command": ends.finish(id, result, keepSeconds, this.#gone) };
  }

  release(id: number, options: ends.ReleaseOptions = {}): BatchCommand<ends.Queued> {
    return { "~command": ends.release(id, options, this.#gone) };
  }

  bury(id: number, options: ends.BuryOptions = {}): BatchCommand<void> {
    return { "~command": ends.bury(id, options, this.#gone) };
  }

  move(
    id: number,
    tube: string,
    { failure }: { readonly failure?: Body } = {},
  ): BatchCommand<ends.Queued> {
    return { "~command": ends.move(id, tube, failure, this.#gone) };
  }

  handBack(
    id: number,
    { delaySeconds = 0 }: { readonly delaySeconds?: number } = {},
  ): BatchCommand<ends.Queued> {
    return { "~command": ends.handBack(id, delaySeconds, this.#gone) };
  }
}

/** `batch` */
export function batch<const Commands extends readonly BatchCommand<unknown>[]>(
  commands: Commands,
): Command<BatchResults<Commands>> {
  const parts = commands.map((command) => command["~command"]);
  return {
    head: `batch ${whole("commands", parts.length, 1, MANY_MAX)}`,
    parts,
    needs: ["batch", ...parts.flatMap(({ needs = [] }): readonly Feature[] => needs)],
    jobs: parts.flatMap(({ jobs = [] }): readonly number[] => jobs),
    read: (reply) => {
      const { word, replies = [] } = reply;
      if (word !== "BATCH" || replies.length !== parts.length) throw refusalOf("batch", reply);
      const results = replies.map((one, index) => parts[index]?.read(one));
      return results as BatchResults<Commands>;
    },
  };
}
