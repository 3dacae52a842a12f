/* Stand-in for node:os in a browser: what is temporary is at the root of the origin's files. */

export function tmpdir(): string {
  return "";
}

export function hostname(): string {
  return location.hostname;
}
