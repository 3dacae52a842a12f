/*
 * Recorder: a runtime for a subcommand that runs in the process of its test: it keeps what is
 * printed.
 */
import { nodeRuntime } from "../../src/runtimes/node.ts";
import type { Runtime } from "../../src/runtime.ts";

/** The runtime, and the lines that were printed. */
export interface Recorder {
  readonly runtime: Runtime;
  readonly printed: string[];
  readonly complaints: string[];
}

/** A runtime as the real one, except for where its lines go. */
export function recorder(): Recorder {
  const printed: string[] = [];
  const complaints: string[] = [];
  const runtime: Runtime = {
    ...nodeRuntime(),
    print: (line) => void printed.push(line),
    complain: (line) => void complaints.push(line),
  };
  return { runtime, printed, complaints };
}
