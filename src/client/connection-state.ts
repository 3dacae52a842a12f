/* ConnectionState: what a connection is set to, as far as the server has said yes: the tube in use,
 * the watched tubes with their weights, the mode, the window, the name of the client, its token.
 *
 * It outlives connections: each new one is set to the same before anything else is sent on it.
 * Changed by the readers of replies in commands/tubes.ts, read by link.ts.
 */
import type { ReserveMode } from "../protocol/reserve-mode.ts";
import { DEFAULT_TUBE } from "../protocol/tube-name.ts";
import { NotSupportedError } from "./errors.ts";
import type { Support } from "./support.ts";

/** What one client's connection is set to. */
export class ConnectionState {
  used = DEFAULT_TUBE;
  readonly watched = new Map([[DEFAULT_TUBE, 1]]);
  mode: ReserveMode = "fifo";
  window = 0;
  /** What it shows first on each connection; undefined if it has none. */
  token: string | undefined;
  /** The command that said what the client is called; "" if none did. */
  naming = "";
  /** Counts the commands that change what a reserve may be given. */
  #watchVersion = 0;

  /** Reserves with the same one may be given each other's jobs. */
  get watchVersion(): number {
    return this.#watchVersion;
  }

  /** What is watched is about to change. */
  watching(): void {
    this.#watchVersion++;
  }

  /**
   * The commands that set a new connection to all this. Throws a NotSupportedError when the server
   * does not know what is needed for it.
   */
  commands(support: Support): readonly string[] {
    const commands: string[] = [];
    for (const [tube, weight] of this.watched) {
      if (weight !== 1) check(support, "weights");
      if (weight !== 1) commands.push(`watch ${tube} ${weight}`);
      else if (tube !== DEFAULT_TUBE) commands.push(`watch ${tube}`);
    }
    if (!this.watched.has(DEFAULT_TUBE)) commands.push(`ignore ${DEFAULT_TUBE}`);
    if (this.used !== DEFAULT_TUBE) commands.push(`use ${this.used}`);
    if (this.mode !== "fifo") {
      check(support, "reserve-mode");
      commands.push(`reserve-mode ${this.mode}`);
    }
    // A server that knows no names serves a client without one all the same.
    if (this.naming !== "" && support.has("client-name")) commands.push(this.naming);
    if (this.window > 0) check(support, "window");
    // From the first `window` on the server tells of jobs whose time to run is over.
    if (support.has("window")) commands.push(`window ${this.window}`);
    return commands;
  }
}

function check(support: Support, feature: string): void {
  if (support.has(feature)) return;
  throw new NotSupportedError(`this client needs ${feature}, which the server does not know`);
}
