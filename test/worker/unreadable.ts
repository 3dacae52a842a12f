/* Unreadable: what a handler may throw, and whoever reads it trips over. */

const no = (): never => {
  throw new Error("no");
};

function broken(what: string): Error {
  return Object.defineProperty(new Error("x"), what, { get: no });
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** What it is, what makes one, and what message is kept of it. */
export const UNREADABLE: readonly (readonly [string, () => unknown, string])[] = [
  ["its message", () => broken("message"), "(it cannot be read)"],
  ["its stack", () => broken("stack"), "x"],
  ["its code", () => broken("code"), "x"],
  ["its cause", () => broken("cause"), "x"],
  ["its cause's message", () => new Error("x", { cause: broken("message") }), "x"],
  ["a symbol as its name", () => Object.assign(new Error("x"), { name: Symbol("n") }), "x"],
  ["its texts", () => ({ toString: no, toJSON: no }), "(it cannot be read)"],
  ["a revoked proxy", revoked, "(it cannot be read)"],
];
