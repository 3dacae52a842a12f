/* A new kind of address, transport or storage is a file and a line in a table: here each is planted
 * in a copy of the sources, which must then compile, listen there, be reached there, and keep its
 * jobs there.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ServerProcess } from "../support/server-process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "homemaker-kinds-"));
const CLI = join(copy, "src/cli/main.ts");

const ADDRESS = `
import type { AddressKind } from "./address-kind.ts";
export interface PigeonAddress {
  readonly kind: "pigeon";
  readonly loft: string;
}
export const PIGEON: AddressKind<PigeonAddress, PigeonAddress> = {
  forms: ["pigeon:LOFT"],
  prefix: "pigeon:",
  parse: (loft) => (loft === "" ? undefined : { kind: "pigeon", loft }),
  complete: (address) => address,
  format: ({ loft }) => \`pigeon:\${loft}\`,
};
`;

/** It flies by a Unix socket: how bytes travel is not what is tried here. */
const TRANSPORT = `
import type { PigeonAddress } from "../config/pigeon-address.ts";
import type { TransportKind } from "./transport-kind.ts";
import { UNIX_TRANSPORT } from "./unix.ts";
const pathOf = ({ loft }: PigeonAddress): string => \`\${loft}.pigeons\`;
export const PIGEON_TRANSPORT: TransportKind<PigeonAddress> = {
  isShared: false,
  listen: (address, ...rest) => UNIX_TRANSPORT.listen({ kind: "unix", path: pathOf(address) }, ...rest),
  connection: (address) => ({ path: pathOf(address) }),
  needsPrivilege: () => false,
};
`;

const STORAGE = `
import { NodeStorage } from "./node-fs.ts";
import { ReadOnlyStorage } from "./read-only.ts";
export const SHELF = {
  prefix: "shelf:",
  open: (place: string) => new NodeStorage(\`\${place}.shelf\`),
  look: (place: string) => new ReadOnlyStorage(\`\${place}.shelf\`),
};
`;

/** Adds a file, and its line to a table that begins so. */
function plant(file: string, text: string, table: string, begins: string, line: string): void {
  writeFileSync(join(copy, file), text);
  const path = join(copy, table);
  const source = readFileSync(path, "utf8");
  expect(source.split(begins)).toHaveLength(2);
  const [name = ""] = /[A-Z_]+/.exec(line) ?? [];
  const from = `./${file.slice(file.lastIndexOf("/") + 1)}`;
  const added = source.replace(begins, `${begins}${line}`);
  writeFileSync(path, `import { ${name} } from "${from}";\n${added}`);
}

beforeAll(() => {
  mkdirSync(join(copy, "src"));
  for (const path of ["assembly", "src", "package.json", "tsconfig.json"]) {
    cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  }
  for (const path of ["build", "node_modules"]) symlinkSync(join(ROOT, path), join(copy, path));
  const addresses = "src/config/listen-address.ts";
  plant(
    "src/config/pigeon-address.ts",
    ADDRESS,
    addresses,
    "const KINDS = {\n",
    "pigeon: PIGEON,\n",
  );
  const transports = "src/transports/transports.ts";
  const line = "pigeon: PIGEON_TRANSPORT,\n";
  plant("src/transports/pigeon.ts", TRANSPORT, transports, "\n  tcp: TCP_TRANSPORT,\n", line);
  const storages = "src/storage/storages.ts";
  plant(
    "src/storage/shelf.ts",
    STORAGE,
    storages,
    "STORAGES: readonly StorageKind[] = [",
    "SHELF, ",
  );
});
afterAll(() => rmSync(copy, { recursive: true }));

test("planted kinds are all that the sources need to compile", async () => {
  const { stdout, exitCode } = await execa("tsc", [], {
    cwd: copy,
    preferLocal: true,
    localDir: ROOT,
    reject: false,
  });
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
});

test("a server listens at a planted address, is reached there, and keeps its jobs in a planted place", async () => {
  const [at, data] = [`pigeon:${join(copy, "loft")}`, `shelf:${join(copy, "jobs")}`];
  const own = async (...words: readonly string[]): Promise<string> =>
    (await execa(process.execPath, [CLI, ...words], { input: "hello" })).stdout;
  const launch = {
    command: process.execPath,
    arguments: [CLI, "-l", at, "--data", data, "--threads", "2"],
    address: (output: string) =>
      output.includes(`listening on ${at} `)
        ? { path: `${join(copy, "loft")}.pigeons` }
        : undefined,
    patienceMs: 30_000,
  };
  for (const round of [1, 2]) {
    const server = await ServerProcess.start(launch);
    expect(await own("put", "work", "-a", at)).toContain(String(round));
    expect(await own("tubes", "-a", at)).toMatch(new RegExp(`work +${round} `));
    await server.stop();
  }
  expect(await own("verify", data)).toContain("jobs: 2 (2 ready");
  expect(await own("--help")).toContain("listen on this address");
});
