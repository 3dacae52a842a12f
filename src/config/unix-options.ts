/* Unix options: who may connect by the Unix sockets. A part of OPTIONS (options.ts). */
import type { ListenAddress } from "./listen-address.ts";
import { idleConflictIn } from "./option.ts";
import type { Option } from "./option.ts";
import { fileMode, groupName } from "./option-values.ts";

/** The part of Options that is about them. */
export interface UnixOptions {
  /** Permissions of the socket files, 0 to 0o777; absent means that the umask says. */
  readonly socketMode: number | undefined;
  /** Name or number of their group; absent means the process's. */
  readonly socketGroup: string | undefined;
}

/** As declared. */
export const UNIX_OPTIONS: { readonly [Key in keyof UnixOptions]: Option<UnixOptions[Key]> } = {
  socketMode: {
    name: "socket-mode",
    category: "Network",
    placeholder: "MODE",
    help: "permissions of the Unix sockets; to connect somebody needs the one to write",
    default: undefined,
    defaultText: "what the umask leaves",
    ...fileMode,
  },
  socketGroup: {
    name: "socket-group",
    category: "Network",
    placeholder: "GROUP",
    help: "group of the Unix sockets, by name or number",
    default: undefined,
    defaultText: "the group of the process",
    ...groupName,
  },
};

/** What is wrong with the settings of Unix sockets. */
export function unixConflictIn({
  listen,
  ...settings
}: UnixOptions & { readonly listen: readonly ListenAddress[] }): string | undefined {
  if (listen.some(({ kind }) => kind === "unix")) return undefined;
  return idleConflictIn(UNIX_OPTIONS, settings, "unix:PATH");
}
