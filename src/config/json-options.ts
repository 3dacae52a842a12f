/* JSON options: what can be set about the port that takes jobs as lines of JSON. A part of OPTIONS
 * (options.ts).
 */
import type { Option } from "./option.ts";
import { count, directory, GIB, hostWithoutPort, KIB, MIB, oneOf, size } from "./option-values.ts";

/** Who may end the server by a call of `quit`. */
type JsonQuit = "nobody" | "loopback";

/** The part of Options that is about it. */
export interface JsonOptions {
  /**
   * TCP port of the JSON door, 0 is any free port; if absent, there is none, and the options below
   * do nothing.
   */
  readonly jsonPort: number | undefined;
  /** Where to listen for JSON: a name or a number, without a port. */
  readonly jsonListen: string;
  /** The longest line of JSON, in bytes. */
  readonly jsonLineBytes: number;
  /** Bytes of the lines under way of all connections, beyond 64 KiB each. */
  readonly jsonRoomBytes: number;
  /**
   * Directory for bodies of jobs that are too big for the queue; absent means that these are
   * refused.
   */
  readonly jsonBlobs: string | undefined;
  /** Who may end the server by a call. */
  readonly jsonQuit: JsonQuit;
}

/** As declared. */
export const JSON_OPTIONS: { readonly [Key in keyof JsonOptions]: Option<JsonOptions[Key]> } = {
  jsonPort: {
    name: "json-port",
    category: "JSON",
    placeholder: "PORT",
    help: "take jobs as lines of JSON on this port; 0 is any free port",
    default: undefined,
    defaultText: "no JSON",
    ...count(0, 65535),
  },
  jsonListen: {
    name: "json-listen",
    category: "JSON",
    placeholder: "HOST",
    help: "listen on this address for JSON; whoever reaches it may put jobs",
    default: "127.0.0.1",
    ...hostWithoutPort,
  },
  jsonLineBytes: {
    name: "json-max-line",
    category: "JSON",
    placeholder: "SIZE",
    help: "longest line",
    default: 64 * MIB,
    ...size(KIB, 64 * MIB, "a size from 1KiB to 64MiB"),
  },
  jsonRoomBytes: {
    name: "json-memory",
    category: "JSON",
    placeholder: "SIZE",
    help: "what lines under way of all connections may take beyond 64 KiB each, beside --memory",
    default: 256 * MIB,
    ...size(MIB, 256 * GIB, "a size from 1MiB to 256GiB"),
  },
  jsonBlobs: {
    name: "json-blobs",
    category: "JSON",
    placeholder: "DIR",
    help: "keep bodies above 32 KiB in this directory, which workers need as well",
    default: undefined,
    defaultText: "in the queue",
    ...directory,
  },
  jsonQuit: {
    name: "json-quit",
    category: "JSON",
    placeholder: "WHO",
    help: "who may end the server by a call of quit: nobody; loopback: callers on this machine",
    default: "nobody",
    ...oneOf("nobody", "loopback"),
  },
};
