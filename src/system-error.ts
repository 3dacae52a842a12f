/* System error: what the operating system refused, in words for the operator.
 *
 * Used wherever a user's own choice (a directory, a path, a user) can be what is wrong.
 */

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "no permission",
  EPERM: "no permission",
  ENOENT: "there is no such file or directory",
  ENOTDIR: "a part of the path is not a directory",
  EEXIST: "there is a file of that name",
  EISDIR: "it is a directory",
  ELOOP: "its symbolic links lead in a circle",
  ENAMETOOLONG: "the name is too long",
  EROFS: "the file system may only be read",
  ECONNREFUSED: "nobody listens there",
  ENOTFOUND: "there is no host of that name",
  EHOSTUNREACH: "there is no way to that host",
  ENETUNREACH: "there is no way to that network",
  ETIMEDOUT: "no answer came in time",
  EMFILE: "this process has too many files open",
  ENFILE: "the machine has too many files open",
};

/** The system's code of an error, such as ENOENT; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** Whether the runtime refused it: Deno was not given the permission, which the message names. */
export function isForbidden(error: unknown): error is Error {
  return error instanceof Error && error.name === "NotCapable";
}

/** Why, in a few words, with the system's code; what it is not known by is told as it came. */
export function whyOf(error: unknown): string {
  const code = codeOf(error);
  const reason = REASONS[code];
  if (reason !== undefined) return `${reason} (${code})`;
  return error instanceof Error ? error.message : String(error);
}
