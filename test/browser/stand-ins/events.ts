/* Stand-in for node:events in a browser. */

/** The next event of that name. */
export function once(target: EventTarget, name: string): Promise<readonly [Event]> {
  return new Promise((resolve) => {
    target.addEventListener(name, (event) => resolve([event]), { once: true });
  });
}

export function getEventListeners(): never {
  throw new Error("a page does not know who listens");
}
