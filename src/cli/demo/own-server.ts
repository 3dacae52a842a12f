/*
 * The demo's own server: the homemaker command in a process of its own, on a free port, ended with
 * the demo at the latest.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Where a server listens, and how to end it if it is ours. */
export interface DemoServer {
  readonly host: string;
  readonly port: number;
  stop(): void;
}

/** The server did not start. */
class OwnServerError extends Error {
  override readonly name = "OwnServerError";
  readonly code = "HM_DEMO_SERVER";
}

/**
 * Starts the server that stands beside the demo. Rejects with an OwnServerError that quotes it if
 * it ends before it listens.
 */
export function startOwnServer(): Promise<DemoServer> {
  const ending = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  const entry = fileURLToPath(new URL(`../main${ending}`, import.meta.url));
  const child = spawn(process.execPath, [entry, "-l", "127.0.0.1", "-p", "0"]);
  process.once("exit", () => child.kill());
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (chunk: Buffer): void => {
      said += chunk.toString();
      const [, host, port] = /listening on ([\d.]+):(\d+)/.exec(said) ?? [];
      if (host !== undefined) resolve({ host, port: Number(port), stop: () => void child.kill() });
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("error", (cause) =>
      reject(new OwnServerError("cannot start the server", { cause })),
    );
    child.once("exit", (code) => reject(new OwnServerError(`the server ended (${code}): ${said}`)));
  });
}
