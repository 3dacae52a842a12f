/* TokenKeeper: the file of --tokens: it is read when the server starts, and again when it has
 * changed or a SIGHUP comes, so that tokens come and go without a restart.
 *
 * Invariants: what `current` returns was read whole and is right; a file that is not is told of
 * once, and what was there goes on. A file is read when it looked the same twice, since somebody
 * may be writing it. Used by server.ts.
 */
import { parseTokens, TokenFileError } from "../config/token-file.ts";
import type { TokenList } from "../config/token-file.ts";
import type { Log } from "../log.ts";
import { FileError } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";

/** How often the file is looked at. */
const LOOK_MS = 1000;

/** What it asks of the runtime. */
export type KeeperRuntime = Pick<Runtime, "readText" | "stateOf" | "after" | "onSignal">;

/** The tokens of a server. */
export class TokenKeeper {
  readonly #path: string;
  readonly #runtime: KeeperRuntime;
  readonly #log: Pick<Log, "write">;
  /** How the file looked when it was read last, and when it was looked at last. */
  #readState: string;
  #lastState: string;
  #current: TokenList;
  #stop: () => void = () => undefined;

  /** Reads them. Throws a TokenFileError. */
  constructor(path: string, runtime: KeeperRuntime, log: Pick<Log, "write">) {
    this.#path = path;
    this.#runtime = runtime;
    this.#log = log;
    this.#readState = this.#lastState = runtime.stateOf(path);
    this.#current = this.#read();
  }

  get current(): TokenList {
    return this.#current;
  }

  /** Calls `renewed` each time that there are others, until `end` is called. */
  watch(renewed: (list: TokenList) => void): void {
    this.#runtime.onSignal("SIGHUP", () => this.#renew(renewed));
    const look = (): void => {
      const state = this.#runtime.stateOf(this.#path);
      const isSettled = state === this.#lastState;
      this.#lastState = state;
      if (isSettled && state !== this.#readState) this.#renew(renewed);
      this.#stop = this.#runtime.after(LOOK_MS, look);
    };
    this.#stop = this.#runtime.after(LOOK_MS, look);
  }

  end(): void {
    this.#stop();
  }

  #renew(renewed: (list: TokenList) => void): void {
    this.#readState = this.#lastState = this.#runtime.stateOf(this.#path);
    try {
      this.#current = this.#read();
    } catch (error) {
      if (!(error instanceof TokenFileError)) throw error;
      this.#log.write("warn", "the tokens stay as they were", { why: error.message });
      return;
    }
    this.#log.write("info", "the tokens were read anew", { tokens: this.#current.tokens.length });
    renewed(this.#current);
  }

  #read(): TokenList {
    try {
      return parseTokens(this.#runtime.readText(this.#path));
    } catch (error) {
      if (error instanceof FileError) throw wrong(`--tokens ${error.message}`, error);
      if (!(error instanceof TokenFileError)) throw error;
      throw wrong(`--tokens ${this.#path}: ${error.message}`, error);
    }
  }
}

function wrong(message: string, cause: Error): TokenFileError {
  return new TokenFileError(message, { cause });
}
