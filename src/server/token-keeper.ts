/* TokenKeeper: the file of --tokens: it is read when the server starts, and again when it has
 * changed or a SIGHUP comes, so that tokens come and go without a restart.
 *
 * Invariants: what `current` returns was read whole and is right; a file that is not is told of
 * once, and what was there goes on. A file is read when it looked the same twice, after a SIGHUP
 * too, since somebody may be writing it. A SIGHUP never ends the server: it is heard from the first
 * reading on, and one that comes before `watch` counts then. Used by server.ts.
 */
import { parseTokens, TokenFileError } from "../config/token-file.ts";
import type { TokenList } from "../config/token-file.ts";
import type { Log } from "../log.ts";
import { FileError } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";

/** How often the file is looked at. */
const LOOK_MS = 1000;
/** How long it must have looked the same after a SIGHUP. */
const SETTLE_MS = 200;

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
  /** Who is told of others; undefined before `watch` and after `end`. */
  #renewed: ((list: TokenList) => void) | undefined;
  #isAsked = false;
  #stop: () => void = () => undefined;
  #stopSettling: () => void = () => undefined;

  /** Reads them. Throws a TokenFileError. */
  constructor(path: string, runtime: KeeperRuntime, log: Pick<Log, "write">) {
    this.#path = path;
    this.#runtime = runtime;
    this.#log = log;
    this.#readState = this.#lastState = runtime.stateOf(path);
    this.#current = this.#read();
    runtime.onSignal("SIGHUP", () => this.#hangUp());
  }

  get current(): TokenList {
    return this.#current;
  }

  /** Calls `renewed` each time that there are others, until `end` is called. */
  watch(renewed: (list: TokenList) => void): void {
    this.#renewed = renewed;
    if (this.#isAsked) this.#hangUp();
    const look = (): void => {
      const state = this.#runtime.stateOf(this.#path);
      const isSettled = state === this.#lastState;
      this.#lastState = state;
      if (isSettled && state !== this.#readState) this.#renew();
      this.#stop = this.#runtime.after(LOOK_MS, look);
    };
    this.#stop = this.#runtime.after(LOOK_MS, look);
  }

  end(): void {
    this.#renewed = undefined;
    this.#stop();
    this.#stopSettling();
  }

  /** Reads it as soon as nobody seems to be writing it, changed or not. */
  #hangUp(): void {
    this.#isAsked = true;
    this.#stopSettling();
    if (this.#renewed === undefined) return;
    const before = this.#runtime.stateOf(this.#path);
    this.#stopSettling = this.#runtime.after(SETTLE_MS, () => {
      if (this.#runtime.stateOf(this.#path) === before) this.#renew();
      else this.#hangUp();
    });
  }

  #renew(): void {
    this.#isAsked = false;
    this.#stopSettling();
    this.#readState = this.#lastState = this.#runtime.stateOf(this.#path);
    try {
      this.#current = this.#read();
    } catch (error) {
      if (!(error instanceof TokenFileError)) throw error;
      this.#log.write("warn", "the tokens stay as they were", { why: error.message });
      return;
    }
    this.#log.write("info", "the tokens were read anew", { tokens: this.#current.tokens.length });
    this.#renewed?.(this.#current);
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
