/* Shown URL: the URL of a queue as lines and errors show it, which others read: without the token
 * or the password in it.
 *
 * Invariant: nothing that stands before the last `@` is shown, however wrongly a URL is written.
 * A path of a Unix socket has no such thing. Used by server-backend.ts, queue.ts and work.ts.
 */

/** What may be shown of it. */
export function shownUrl(url: string): string {
  if (url.startsWith("homemaker+unix:")) return url;
  const at = url.lastIndexOf("@");
  if (at < 0) return url;
  const [scheme = ""] = /^[a-z+]+:\/{0,2}/.exec(url) ?? [];
  return scheme + url.slice(at + 1);
}
