/* Certificates: an authority of a test's own, and what it issues, made by openssl in a directory
 * that the test removes.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "./programs.ts";

const KEYS = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const DAYS = "2";

/** A certificate and its key, in PEM format. */
export interface Issued {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

/** Somebody who issues certificates. */
export class Authority {
  readonly #directory: string;
  readonly #own: Issued;
  #issued = 0;

  constructor(directory: string, name = "an authority") {
    this.#directory = directory;
    this.#own = this.#make(name, []);
  }

  /** Where its own certificate is. */
  get path(): string {
    return this.#own.certPath;
  }

  /** Its own certificate. */
  get cert(): string {
    return this.#own.cert;
  }

  /** For a server on the loopback address, or a client, of that name. */
  issue(name: string): Issued {
    const { certPath, keyPath } = this.#own;
    const names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    return this.#make(name, ["-CA", certPath, "-CAkey", keyPath, ...names]);
  }

  #make(name: string, flags: readonly string[]): Issued {
    const stem = join(this.#directory, `${name.replaceAll(" ", "-")}-${this.#issued++}`);
    const [certPath, keyPath] = [`${stem}.pem`, `${stem}.key`];
    const out = ["-keyout", keyPath, "-out", certPath, "-subj", `/CN=${name}`, "-days", DAYS];
    execFileSync(program("openssl"), ["req", "-x509", ...KEYS, ...out, ...flags], {
      stdio: "pipe",
    });
    const [cert = "", key = ""] = [certPath, keyPath].map((path) => readFileSync(path, "utf8"));
    return { certPath, keyPath, cert, key };
  }
}
