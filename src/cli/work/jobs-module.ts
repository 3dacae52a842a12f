/* Jobs module: what a user's module exports that workers can run: handlers, arrays of handlers, and
 * options of workers, each of which is a pool of its own.
 *
 * All that is exported beside them is the module's own affair: definitions, schemas, helpers. Read
 * by pools.ts.
 */
import type { Handler } from "../../worker/job-definition.ts";
import type { WorkerOptions } from "../../worker/worker-options.ts";
import { WorkError } from "./work-error.ts";

/** What a module has to run. */
export interface JobsModule {
  /** Handlers that stand by themselves, in the order of the names they are exported by. */
  readonly handlers: readonly Handler<undefined>[];
  /** Options of workers by the name that they are exported by. */
  readonly pools: ReadonlyMap<string, WorkerOptions<unknown>>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Reads the exports of some modules. Throws a WorkError. */
export function jobsOf(
  modules: readonly (readonly [path: string, exported: Fields])[],
): JobsModule {
  const handlers = new Set<Handler<undefined>>();
  const pools = new Map<string, WorkerOptions<unknown>>();
  for (const [path, exported] of modules) {
    const found = oneModule(path, exported);
    for (const handler of found.handlers) handlers.add(handler); // once, however many names it has
    for (const [name, options] of found.pools) {
      if (pools.has(name))
        throw new WorkError(`${path}: another module exports a pool ${name}, too`);
      pools.set(name, options);
    }
  }
  const list = [...handlers];
  const names = list.map(({ job }) => job.name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new WorkError(`two handlers are for jobs of the type ${twice}`);
  return { handlers: list, pools };
}

function oneModule(path: string, exported: Fields): JobsModule {
  const handlers: Handler<undefined>[] = [];
  const pools = new Map<string, WorkerOptions<unknown>>();
  for (const [name, value] of Object.entries(exported)) {
    if (isHandler(value)) handlers.push(value);
    else if (Array.isArray(value)) handlers.push(...handlersIn(value, `${path}: ${name}`));
    else if (isWorkerOptions(value)) pools.set(name, value);
    else if (name === "default" && !isDefinition(value)) {
      throw new WorkError(
        `${path}: the default export is no handler, no array of handlers and no worker's options`,
      );
    }
  }
  if (handlers.length === 0 && pools.size === 0) throw new WorkError(nothingIn(path, exported));
  return { handlers, pools };
}

/** An array without any handler is the module's own affair. */
function handlersIn(list: readonly unknown[], what: string): readonly Handler<undefined>[] {
  const handlers = list.filter(isHandler);
  if (handlers.length > 0 && handlers.length < list.length) {
    const at = list.findIndex((one) => !isHandler(one));
    throw new WorkError(`${what}[${at}] is no handler; write definition.handler(...)`);
  }
  return handlers;
}

function nothingIn(path: string, exported: Fields): string {
  const definitions = Object.values(exported).filter(isDefinition);
  const hint =
    definitions.length === 0
      ? ""
      : `; of ${definitions.map(({ name }) => name).join(", ")} there are definitions only: ` +
        "export definition.handler(...)";
  return `${path} exports no handler and no worker's options${hint}`;
}

function isHandler(value: unknown): value is Handler<undefined> {
  return isFields(value) && typeof value["run"] === "function" && isDefinition(value["job"]);
}

function isDefinition(value: unknown): value is { readonly name: string } {
  return (
    isFields(value) &&
    typeof value["name"] === "string" &&
    typeof value["tube"] === "string" &&
    typeof value["payloadOf"] === "function"
  );
}

function isWorkerOptions(value: unknown): value is WorkerOptions<unknown> {
  if (!isFields(value)) return false;
  const { handlers } = value;
  if (typeof handlers === "function") return true;
  return Array.isArray(handlers) ? handlers.every(isHandler) : isFields(handlers);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}
