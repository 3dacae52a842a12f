/* Thread life: how a page or a worker hears that another one is gone which has a port in common
 * with it. Browsers tell nobody that a worker was terminated, and some do not close its ports.
 *
 * Each page or worker with open ports holds a lock (navigator.locks) under a name of its own, which
 * it tells over each of them; the other end asks for the same lock, and is given it when the holder
 * is gone. Used by web-ports.ts.
 */
import { released, waitForLock } from "./held-lock.ts";

/** One that is held while there is an open port here. */
interface Hold {
  /** Resolves when the lock is held. */
  readonly name: Promise<string>;
  readonly release: () => void;
}

let own: Hold | undefined;
let openPorts = 0;
/** Who is to be told when somebody is gone, by the name of that one's lock. */
const watched = new Map<string, Set<() => void>>();

/** One more port is open here: resolves with the name of the lock that is held meanwhile. */
export function liveOn(): Promise<string> {
  openPorts++;
  own ??= held();
  return own.name;
}

/** That port is closed. */
export function letGo(): void {
  openPorts--;
  if (openPorts > 0) return;
  own?.release();
  own = undefined;
}

/** Calls `gone` when nobody holds that lock any more. Returns what ends the watch. */
export function watchLife(name: string, gone: () => void): () => void {
  const callbacks = watched.get(name) ?? new Set();
  callbacks.add(gone);
  if (!watched.has(name)) {
    watched.set(name, callbacks);
    void released(name).then(() => over(name));
  }
  return () => void callbacks.delete(gone);
}

function over(name: string): void {
  const callbacks = watched.get(name);
  watched.delete(name);
  for (const gone of callbacks ?? []) gone();
}

function held(): Hold {
  const name = `homemaker thread ${crypto.randomUUID()}`;
  const giveBack = waitForLock(name);
  return {
    name: giveBack.then(() => name),
    release: () => void giveBack.then((release) => release()),
  };
}
