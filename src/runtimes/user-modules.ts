/* User modules: code and JSON of the user's own, by their paths. Used by cli/main.ts for `homemaker
 * work`.
 */
import { dirname, resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The exports of a module; of a JSON file, its value as the default one. Rejects as `import`. */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(resolve(path));
  const options = path.endsWith(".json") ? { with: { type: "json" } } : {};
  return (await import(href, options)) as Readonly<Record<string, unknown>>;
}

/** A path that the file names, seen from that file. */
export function beside(file: string, path: string): string {
  return resolve(dirname(resolve(file)), path);
}
