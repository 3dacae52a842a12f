/* Layers: which folder of src/ lies above which. An import only points down, or to a neighbour in
 * the same layer, and runs in no circle; what is imported for its types alone counts.
 *
 * assembly/ is layer 0; the files that lie in src/ itself, the seams, are of layer 1. The dashboard
 * stands beside: it runs in a browser. oxlint.config.ts makes rules of this table, and a test holds
 * docs/architecture.md to it. A new folder needs a line here before anything in it is linted.
 */

/** A folder of src/. */
export interface Folder {
  readonly name: string;
  readonly layer: number;
  /** Its files that may name `node:*` and what else one runtime has; if absent, none. */
  readonly namesRuntime?: readonly string[];
  /** What one runtime has is what browsers have there: `node:*` it names nowhere. */
  readonly isForBrowsers?: true;
  /** It does not know its neighbours in the layer either. */
  readonly isApart?: true;
  /** The only folders that it knows, and no package; if absent, all that do not lie above. */
  readonly knowsOnly?: readonly string[];
}

/** The layer of the files in src/ itself. */
export const SEAMS_LAYER = 1;

/** Every folder of src/ but the dashboard, from the top down. */
export const FOLDERS: readonly Folder[] = [
  {
    name: "cli",
    layer: 6,
    namesRuntime: ["{main,server-command,subcommand,with-runtime}.ts", "demo/**"],
  },
  { name: "entries", layer: 6 },
  { name: "toolchain", layer: 6, namesRuntime: ["**"] },
  { name: "browser", layer: 5, namesRuntime: ["**"], isForBrowsers: true },
  { name: "embedded", layer: 5, namesRuntime: ["**"] },
  { name: "http", layer: 5, namesRuntime: ["**"] },
  { name: "json", layer: 5, namesRuntime: ["**"] },
  { name: "rabbitmq", layer: 5, namesRuntime: ["**"] },
  { name: "redis", layer: 5, namesRuntime: ["**"] },
  { name: "runtimes", layer: 5, namesRuntime: ["**"] },
  { name: "storage", layer: 5, namesRuntime: ["**"] },
  { name: "transports", layer: 5, namesRuntime: ["**"] },
  { name: "broker", layer: 4, isApart: true },
  { name: "observability", layer: 4 },
  { name: "server", layer: 4 },
  { name: "telemetry", layer: 4 },
  { name: "testing", layer: 4, knowsOnly: ["worker", "client", "protocol"] },
  { name: "worker", layer: 4, knowsOnly: ["client", "protocol"] },
  { name: "client", layer: 3, knowsOnly: ["protocol"] },
  { name: "journal", layer: 3, isApart: true },
  { name: "session", layer: 3, isApart: true },
  { name: "engine", layer: 2 },
  { name: "config", layer: 1 },
  { name: "protocol", layer: 1 },
  { name: "text", layer: 1 },
];

/** The folders that a file of that folder may not import. */
export function unknownTo({ name, layer, isApart, knowsOnly }: Folder): readonly string[] {
  const unknown = FOLDERS.filter((other) => {
    if (other.name === name) return false;
    if (knowsOnly !== undefined) return !knowsOnly.includes(other.name);
    return other.layer > layer || (isApart === true && other.layer === layer);
  });
  return unknown.map((other) => other.name);
}
