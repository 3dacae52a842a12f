/* A server with a TLS address, with files of its own, and an authority of the test file's. */
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectPlainly } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import type { ConnectionOptions, TLSSocket } from "node:tls";
import { afterAll, onTestFinished } from "vitest";
import { Authority } from "./certificates.ts";
import type { Issued } from "./certificates.ts";
import { startHomemaker } from "./homemaker.ts";
import type { Credentials } from "./secure-socket.ts";
import type { ServerProcess } from "./server-process.ts";
import { until } from "./until.ts";

/** The authority, and what it has issued for servers: "first". */
export class Trust {
  readonly directory = mkdtempSync(join(tmpdir(), "homemaker-tls-"));
  readonly authority = new Authority(this.directory);
  readonly issued = this.authority.issue("first");

  /** What a server shows that nobody renews. */
  get credentials(): Credentials {
    const { certPath, keyPath } = this.issued;
    return { certPath, keyPath, ca: this.authority.cert };
  }

  /** Of a test file, at whose end it is gone. */
  static ofFile(): Trust {
    const trust = new Trust();
    afterAll(() => rmSync(trust.directory, { recursive: true }));
    return trust;
  }
}

/** A server with a TLS address, and its files. */
export class SecureServer {
  readonly #trust: Trust;
  readonly process: ServerProcess;
  readonly certPath: string;
  readonly keyPath: string;
  readonly port: number;

  static async start(trust: Trust, flags: readonly string[] = []): Promise<SecureServer> {
    const { issued } = trust;
    const home = mkdtempSync(join(trust.directory, "server-"));
    const [certPath, keyPath] = [join(home, "cert.pem"), join(home, "key.pem")];
    copyFileSync(issued.certPath, certPath);
    copyFileSync(issued.keyPath, keyPath);
    const files = ["--tls-cert", certPath, "--tls-key", keyPath];
    const process = await startHomemaker({
      threads: 2,
      flags: ["-l", "tls://127.0.0.1:0", ...files, ...flags],
    });
    onTestFinished(() => process.stop());
    const port = await portOf(process, "tls");
    return new SecureServer(trust, process, certPath, keyPath, port);
  }

  private constructor(
    trust: Trust,
    process: ServerProcess,
    certPath: string,
    keyPath: string,
    port: number,
  ) {
    this.#trust = trust;
    this.process = process;
    this.certPath = certPath;
    this.keyPath = keyPath;
    this.port = port;
  }

  /** Has another certificate in place of the one that it has. */
  replace({ cert, key }: Pick<Issued, "cert" | "key">): void {
    writeFileSync(this.keyPath, key);
    writeFileSync(this.certPath, cert);
  }

  /** A connection; rejects when the handshake fails. */
  async connect(options: ConnectionOptions = {}): Promise<TLSSocket> {
    const socket = connect({
      host: "127.0.0.1",
      port: this.port,
      ca: this.#trust.authority.cert,
      ...options,
    });
    onTestFinished(() => void socket.destroy());
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve).once("error", reject);
    });
    socket.on("error", () => undefined); // what ends with its server
    return socket;
  }

  /** The name on the certificate that it shows to those who come now. */
  async name(): Promise<string | undefined> {
    const socket = await this.connect();
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return Array.isArray(CN) ? CN[0] : CN;
  }

  /** A socket that never says anything; `isClosed` when the server has closed it. */
  async stranger(): Promise<{ readonly socket: Socket; isClosed: boolean }> {
    const socket = connectPlainly(this.port, "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    const stranger = { socket, isClosed: false };
    socket.on("error", () => undefined).on("close", () => (stranger.isClosed = true));
    await new Promise((resolve) => socket.once("connect", resolve));
    return stranger;
  }
}

/** The port of its address of that kind. */
export async function portOf(server: ServerProcess, kind: string): Promise<number> {
  const line = new RegExp(`listening on ${kind}://127\\.0\\.0\\.1:(\\d+)`);
  await until(`it listens at ${kind}://`, () => line.test(server.output));
  return Number(line.exec(server.output)?.[1]);
}
