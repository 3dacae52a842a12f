/* Held lock: a lock of the browser's (navigator.locks), which all pages and workers of an origin
 * share by its name, held until it is given back or whoever holds it is gone.
 */

/** Takes it if nobody holds it. Resolves with what gives it back; undefined if somebody does. */
export function takeLock(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const holding = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (lock === null) {
        resolve(undefined);
        return undefined;
      }
      return held(resolve);
    });
    holding.catch(reject);
  });
}

/** The same, once nobody holds it. Rejects with the signal's reason if it is aborted before. */
export function waitForLock(name: string, signal?: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const options = signal === undefined ? {} : { signal };
    navigator.locks.request(name, options, () => held(resolve)).catch(reject);
  });
}

/** Resolves when nobody holds it, and this has not taken it either. */
export function released(name: string): Promise<void> {
  return navigator.locks.request(name, () => undefined);
}

function held(taken: (giveBack: () => void) => void): Promise<void> {
  const holding = Promise.withResolvers<void>();
  taken(holding.resolve);
  return holding.promise;
}
