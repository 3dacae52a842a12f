/*
 * JsonService: the seam between the server's life and what takes jobs as lines of JSON beside the
 * queue. Implemented in src/json/, called by server.ts.
 */
import type { InProcess } from "../broker/in-process.ts";
import type { Options } from "../config/options.ts";
import type { LogSink } from "../log.ts";

/** What takes lines of JSON. */
export interface JsonService {
  /** Where it listens, HOST:PORT. */
  readonly address: string;
  /** Answers what is under way, takes nothing more, and closes. */
  stop(): Promise<void>;
}

/** What it works with. */
export interface JsonSurroundings {
  readonly options: Options;
  /** Takes what is told of each call. */
  readonly sink: LogSink;
  /** Its commands run. */
  readonly inProcess: InProcess;
  readonly connectionsMax: number;
  /** Why producers should go elsewhere; undefined if there is no reason. */
  readonly trouble: () => string | undefined;
  /** Has the server stop. */
  readonly quit: () => void;
}

/** Makes it, and listens. Rejects with a BindError. */
export type OpenJson = (around: JsonSurroundings) => Promise<JsonService>;
