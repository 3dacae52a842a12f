/* Stand-in for node:path in a browser. */

export function join(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("/");
}
