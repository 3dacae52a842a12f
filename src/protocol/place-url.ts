/* Place URL: the URL of a queue, parted: the scheme, who comes, and the place.
 *
 *   homemaker+tls://  hm_x  @  10.0.0.7:11301
 *   scheme            user     place
 *
 * Who comes is a token, or a name and a password, and is shown nowhere: not in lines, nor in
 * errors, nor in ids. Invariant: nothing that stands before the last `@` is the place, however
 * wrongly a URL is written. A path of a Unix socket may hold one, and has nobody before it. Used by
 * whatever reads or shows the URL of a queue, or of a copy of its journal.
 */

/** The parts; each may be empty. */
export interface PlaceUrl {
  /** With what stands between it and the rest: `redis://`. */
  readonly scheme: string;
  /** As it is written: percent-encoded. */
  readonly user: string;
  readonly place: string;
}

const SCHEME = /^[a-z+]+:\/{0,2}/i;
const UNIX = "homemaker+unix:";

/** The parts of it. */
export function partUrl(url: string): PlaceUrl {
  if (url.startsWith(UNIX)) return { scheme: UNIX, user: "", place: url.slice(UNIX.length) };
  const [scheme = ""] = SCHEME.exec(url) ?? [];
  const rest = url.slice(scheme.length);
  const at = rest.lastIndexOf("@");
  return { scheme, user: rest.slice(0, Math.max(at, 0)), place: rest.slice(at + 1) };
}

/** What may be shown of it. */
export function shownUrl(url: string): string {
  const { scheme, place } = partUrl(url);
  return scheme + place;
}
