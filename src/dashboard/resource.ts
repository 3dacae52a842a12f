/* Resource: what a page shows of the server, kept as fresh as it need be.
 *
 * It is asked for when its path changes and when something happened on the server, but never more
 * often than every so many seconds, never while the page is hidden or the reader has stopped it,
 * and never twice at a time. Each change is followed by one more look, since an answer may be a
 * second old; when nothing happens any more, ages still grow, so there is a look every ten seconds.
 * What was there stays on show, marked as stale, until the new comes.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { activity, follows, link } from "./live.ts";
import { ApiError, get } from "./server-api.ts";

/** What is known of a resource. */
export interface Resource<T> {
  /** null before the first answer. */
  readonly data: T | null;
  /** Why the last request failed; null if it did not. */
  readonly error: ApiError | null;
  /** Whether `data` belongs to an earlier path. */
  readonly isStale: boolean;
  /** Asks again, now. */
  readonly reload: () => void;
}

/** How often a page looks while nothing happens. */
const CALM_MILLIS = 10_000;

interface Known<T> {
  readonly path: string;
  readonly data: T | null;
  readonly error: ApiError | null;
}

/** Pages that are told to look again by hand. */
const reloads = new Set<() => void>();

/** Asks for everything on the page again. */
export function reloadPage(): void {
  for (const reload of reloads) reload();
}

/**
 * A resource of the API, from within a component.
 *
 * @param everySeconds how often it is asked for at most while things happen
 */
export function useResource<T>(path: string, everySeconds: number): Resource<T> {
  const [known, setKnown] = useState<Known<T>>({ path, data: null, error: null });
  const again = useRef<() => void>(() => undefined);

  useEffect(() => {
    const asking = new Asking<T>(path, everySeconds, setKnown);
    const reload = (): void => asking.ask();
    again.current = reload;
    reloads.add(reload);
    const unsubscribe = activity.subscribe(() => asking.heed());
    const unlink = link.subscribe(() => asking.heed());
    const unfollow = follows.subscribe(() => asking.heed());
    const heed = (): void => asking.heed();
    document.addEventListener("visibilitychange", heed);
    return () => {
      reloads.delete(reload);
      unsubscribe();
      unlink();
      unfollow();
      document.removeEventListener("visibilitychange", heed);
      asking.end();
    };
  }, [path, everySeconds]);

  return {
    data: known.data,
    error: known.error,
    isStale: known.path !== path,
    reload: () => again.current(),
  };
}

/** The requests for one path, one at a time. */
class Asking<T> {
  readonly #path: string;
  readonly #everyMillis: number;
  readonly #tell: (next: (before: Known<T>) => Known<T>) => void;
  readonly #abort = new AbortController();
  #askedAt = -Infinity;
  #heard = "";
  #isAsking = false;
  /** Whether the last answer may have been on its way already when what it should tell happened. */
  #isDoubtful = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    path: string,
    everySeconds: number,
    tell: (next: (before: Known<T>) => Known<T>) => void,
  ) {
    this.#path = path;
    this.#everyMillis = everySeconds * 1000;
    this.#tell = tell;
    this.ask();
  }

  /** Asks now. */
  ask(): void {
    this.#isDoubtful = true;
    this.#ask();
  }

  /** Plans when to ask the next time, after something that may have changed the plan. */
  heed(): void {
    clearTimeout(this.#timer);
    if (this.#isAsking || this.#abort.signal.aborted) return;
    if (!follows.peek() || document.hidden || link.peek() !== "live") return;
    const isNews = activity.peek() !== this.#heard;
    const every = isNews || this.#isDoubtful ? this.#everyMillis : CALM_MILLIS;
    const wait = Math.max(0, this.#askedAt + every - performance.now());
    this.#timer = setTimeout(() => {
      this.#isDoubtful = isNews;
      this.#ask();
    }, wait);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  #ask(): void {
    if (this.#isAsking || this.#abort.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#isAsking = true;
    this.#askedAt = performance.now();
    this.#heard = activity.peek();
    void this.#run();
  }

  async #run(): Promise<void> {
    const path = this.#path;
    try {
      const data = await get<T>(path, this.#abort.signal);
      this.#tell(() => ({ path, data, error: null }));
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.#tell((before) => ({ path, data: before.path === path ? before.data : null, error }));
    } finally {
      this.#isAsking = false;
    }
    this.heed();
  }
}
