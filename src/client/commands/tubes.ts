/* Tubes: the commands on tubes, on the server, and on what this connection uses and watches.
 *
 * What a connection is set to is noted when the server says so (connection-state.ts), so that the
 * next connection can be set to the same.
 */
import { RESERVE_MODES, WEIGHT_MAX } from "../../protocol/reserve-mode.ts";
import type { ReserveMode } from "../../protocol/reserve-mode.ts";
import { CLIENT_WORD_BYTES_MAX, isClientWord, PID_MAX } from "../../protocol/client-name.ts";
import { VOUCH_SECONDS_MAX, WINDOW_MAX } from "../../protocol/commands.ts";
import { TUBE_SETTINGS } from "../../protocol/tube-settings.ts";
import { authLine } from "../token.ts";
import { done, named, oneOf, reading, whole } from "../command.ts";
import type { Command } from "../command.ts";
import type { ConnectionState } from "../connection-state.ts";
import { BadCommandError } from "../errors.ts";

/** What is set for a tube, by the names of docs/protocol.md, set-tube; null takes it away. */
export interface TubeSettings {
  readonly jobs?: number | null;
  readonly bytes?: number | null;
  readonly body?: number | null;
  readonly rate?: string | null;
  readonly burst?: number | null;
  readonly reserved?: number | null;
  readonly order?: "priority" | "fair" | null;
  readonly exp?: number | null;
  readonly max?: number | null;
  readonly ack?: "memory" | "os" | "interval" | "sync" | "replicated" | null;
  readonly dead?: string | null;
}

/** `use` */
export function use(tube: string, state: ConnectionState): Command<string> {
  return {
    head: `use ${named("tube", tube)}`,
    isSafe: true,
    read: reading("use", "USING", () => (state.used = tube)),
  };
}

/** `watch` */
export function watch(
  tube: string,
  weight: number | undefined,
  state: ConnectionState,
): Command<number> {
  state.watching();
  const head = `watch ${named("tube", tube)}`;
  const isPlain = weight === undefined;
  return {
    head: isPlain ? head : `${head} ${whole("weight", weight, 1, WEIGHT_MAX)}`,
    isSafe: true,
    needs: isPlain ? undefined : ["weights"],
    read: reading("watch", "WATCHING", ({ args }) => {
      state.watched.set(tube, weight ?? 1);
      return Number(args[0]);
    }),
  };
}

/** `ignore` */
export function ignore(tube: string, state: ConnectionState): Command<number> {
  state.watching();
  return {
    head: `ignore ${named("tube", tube)}`,
    isSafe: true,
    read: reading("ignore", "WATCHING", ({ args }) => {
      state.watched.delete(tube);
      return Number(args[0]);
    }),
  };
}

/** `reserve-mode` */
export function reserveMode(mode: ReserveMode, state: ConnectionState): Command<void> {
  state.watching();
  return {
    head: `reserve-mode ${oneOf("mode", RESERVE_MODES, mode)}`,
    isSafe: true,
    needs: ["reserve-mode"],
    read: reading("reserve-mode", "USING", () => void (state.mode = mode)),
  };
}

/** `window` */
export function window(size: number, state: ConnectionState): Command<void> {
  return {
    head: `window ${whole("window", size, 0, WINDOW_MAX)}`,
    isSafe: true,
    bringsJobs: size > 0,
    needs: ["window"],
    read: reading("window", "WINDOW", () => void (state.window = size)),
  };
}

/** `kick` */
export function kick(bound: number): Command<number> {
  const read = reading("kick", "KICKED", ({ args }) => Number(args[0]));
  return { head: `kick ${whole("bound", bound, 0)}`, read };
}

/** `pause-tube` */
export function pauseTube(tube: string, seconds: number): Command<void> {
  return {
    head: `pause-tube ${named("tube", tube)} ${whole("seconds", seconds, 0)}`,
    isSafe: true,
    read: done("pause-tube", "PAUSED"),
  };
}

/** `drain`, `undrain` */
export function drain(name: "drain" | "undrain"): Command<void> {
  const word = name === "drain" ? "DRAINING" : "NOT_DRAINING";
  return { head: name, isSafe: true, needs: [name], read: done(name, word) };
}

/** `step-down`; done twice, it would be done to two servers. */
export function stepDown(standbys: number): Command<void> {
  return {
    head: `step-down ${whole("standbys", standbys, 0)}`,
    needs: ["step-down"],
    read: done("step-down", "STEPPING_DOWN"),
  };
}

/** `flush-tube` */
export function flushTube(tube: string): Command<number> {
  return {
    head: `flush-tube ${named("tube", tube)}`,
    needs: ["flush-tube"],
    read: reading("flush-tube", "FLUSHED", ({ args }) => Number(args[0])),
  };
}

/** `set-tube` */
export function setTube(tube: string, settings: TubeSettings): Command<void> {
  const words = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [settingWord(name, value)],
  );
  if (words.length === 0) throw new BadCommandError("settings: there are none");
  return {
    head: `set-tube ${named("tube", tube)} ${words.join(" ")}`,
    isSafe: true,
    needs: ["set-tube"],
    read: done("set-tube", "TUBE_SET"),
  };
}

function settingWord(name: string, value: string | number | null): string {
  const row = TUBE_SETTINGS.find((one) => one.name === name);
  if (row === undefined) throw new BadCommandError(`settings: there is no setting ${name}`);
  if (value === null) return `${name}=`;
  const text = String(value);
  if (text !== "" && row.read(text) !== undefined) return `${name}=${text}`;
  throw new BadCommandError(`${name}: it takes ${row.range}`);
}

/** `session` */
export function session(): Command<string> {
  return {
    head: "session",
    isSafe: true,
    needs: ["session"],
    read: reading("session", "SESSION", ({ args }) => args[0] ?? ""),
  };
}

/** What a client may say of itself beside its name. */
export interface ClientPlace {
  /** Where it runs: 1 to 200 printable ASCII characters without spaces, as its name. */
  readonly host?: string | undefined;
  /** Its process, 1 to 4294967295; it stands behind a host. */
  readonly pid?: number | undefined;
}

/** `client-name` */
export function clientName(
  name: string,
  { host, pid }: ClientPlace,
  state: ConnectionState,
): Command<void> {
  const words = ["client-name", clientWord("name", name)];
  if (host !== undefined) words.push(clientWord("host", host));
  if (pid !== undefined) words.push(String(whole("pid", pid, 1, PID_MAX)));
  if (host === undefined && pid !== undefined) throw new BadCommandError("pid: of which host?");
  const head = words.join(" ");
  return {
    head,
    isSafe: true,
    needs: ["client-name"],
    read: reading("client-name", "NAMED", () => void (state.naming = head)),
  };
}

function clientWord(what: string, text: string): string {
  if (typeof text === "string" && isClientWord(text)) return text;
  throw new BadCommandError(
    `${what}: it takes 1 to ${CLIENT_WORD_BYTES_MAX} printable ASCII characters without spaces`,
  );
}

/** `auth` */
export function auth(token: string, state: ConnectionState): Command<void> {
  return {
    head: authLine(token),
    called: "auth",
    isSafe: true,
    needs: ["auth"],
    read: reading("auth", "AUTHENTICATED", () => void (state.token = token)),
  };
}

/** `vouch` */
export function vouch(token: string, seconds: number): Command<number> {
  if (!/^[0-9a-f]{32}$/.test(token)) throw new BadCommandError("token: that is none of a session");
  return {
    head: `vouch ${token} ${whole("seconds", seconds, 1, VOUCH_SECONDS_MAX)}`,
    isSafe: true,
    needs: ["vouch"],
    read: reading("vouch", "VOUCHED", ({ args }) => Number(args[0])),
  };
}
