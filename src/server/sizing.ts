/* Sizing: how many threads and connections a server has on this machine, and what its operator is
 * told where that is less than was asked for, or more than there is room for. Used once, by
 * server.ts.
 */
import { THREADS_MAX } from "../../assembly/constants.ts";
import type { BoundAddress } from "../config/listen-address.ts";
import { fittingThreads, neededBytes } from "../config/memory-plan.ts";
import type { Options } from "../config/options.ts";
import type { Log } from "../log.ts";
import type { Runtime } from "../runtime.ts";
import { HTTP_CONNECTIONS_MAX, JSON_CONNECTIONS_MAX, shareFiles } from "./file-budget.ts";
import type { FileBudget } from "./file-budget.ts";

/** The sizes of one server. */
export class Sizing {
  readonly #options: Options;
  readonly #runtime: Runtime;
  readonly #log: Log;

  constructor(options: Options, runtime: Runtime, log: Log) {
    this.#options = options;
    this.#runtime = runtime;
    this.#log = log;
  }

  /** How many I/O threads serve at these addresses. */
  async threadCount(addresses: readonly BoundAddress[]): Promise<number> {
    const wanted = this.#options.threads ?? this.#defaultThreads();
    const sharesSome = addresses.some((address) => this.#runtime.isShared(address));
    if (wanted === 1 || !sharesSome || (await this.#runtime.canSharePorts())) return wanted;
    const why = "threads cannot share a port here, so there is one I/O thread";
    this.#log.write("warn", why, { runtime: this.#runtime.name, wanted });
    return 1;
  }

  /** One for each processor, or fewer where memory is short. */
  #defaultThreads(): number {
    const { processors, memoryBytes: availableBytes } = this.#runtime;
    const most = Math.min(processors, THREADS_MAX - 1);
    const threads = fittingThreads(most, availableBytes, this.#hasJournal);
    if (threads < most) {
      const why = "fewer I/O threads than processors: more would need too much memory";
      this.#log.write("info", why, { threads, processors, availableBytes });
    }
    return threads;
  }

  /** Whoever is to be killed by the kernel, which says nothing, is told before. */
  warnOfMemory(threads: number): void {
    const { memoryBytes: availableBytes } = this.#runtime;
    const { memoryBytes: askedBytes, maxIndexBytes: askedIndexBytes } = this.#options;
    const hasJournal = this.#hasJournal;
    const asked = { askedBytes, askedIndexBytes };
    const needed = neededBytes({ availableBytes, threads, hasJournal, ...asked });
    if (needed <= availableBytes) return;
    const why = "the memory is less than the process may need: it may be killed without a word";
    this.#log.write("warn", why, { neededBytes: needed, availableBytes, threads });
  }

  get #hasJournal(): boolean {
    return this.#options.dataDirectory !== undefined;
  }

  /**
   * Fewer connections than asked for if there are too few files to be had: running out of them
   * while serving is worse. Throws an OpenFilesError.
   */
  shareFiles(threads: number, wanted: readonly BoundAddress[]): FileBudget {
    const { openFilesMax: openFiles } = this.#runtime;
    const { maxConnections, httpPort, jsonPort } = this.#options;
    const [hasHttp, hasJson] = [httpPort !== undefined, jsonPort !== undefined];
    const listeners = threads * wanted.length;
    const hasJournal = this.#hasJournal;
    const needs = { threads, listeners, hasJournal, hasHttp, hasJson, maxConnections };
    const budget = shareFiles(openFiles, needs);
    const { connections, httpConnections, jsonConnections } = budget;
    const isHttpShort = hasHttp && httpConnections < HTTP_CONNECTIONS_MAX;
    const isJsonShort = hasJson && jsonConnections < JSON_CONNECTIONS_MAX;
    if (connections < maxConnections || isHttpShort || isJsonShort) {
      const why = "fewer connections than asked for: the limit of open files is too low";
      this.#log.write("warn", why, {
        maxConnections: connections,
        wanted: maxConnections,
        ...(hasHttp && { httpConnections }),
        ...(hasJson && { jsonConnections }),
        openFiles,
      });
    }
    return budget;
  }
}
