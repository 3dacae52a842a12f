/* Certificates: an authority of a test's own, and what it issues, made by openssl in a directory
 * that the test removes.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { program } from "./programs.ts";

const KEYS = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const DAYS = "2";
/** Nothing by itself: what openssl comes with makes an authority of everybody. */
const CONFIG = "[req]\ndistinguished_name=name\n[name]\n";
const AUTHORITY = ["-addext", "basicConstraints=critical,CA:TRUE"];
const NO_AUTHORITY = ["-addext", "basicConstraints=critical,CA:FALSE"];

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
    writeFileSync(join(directory, "openssl.conf"), CONFIG);
    this.#own = this.#make(name, AUTHORITY);
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
    const signed = ["-CA", certPath, "-CAkey", keyPath];
    return this.#make(name, [...signed, ...NO_AUTHORITY, ...names]);
  }

  #make(name: string, flags: readonly string[]): Issued {
    const stem = join(this.#directory, `${name.replaceAll(" ", "-")}-${this.#issued++}`);
    const [certPath, keyPath] = [`${stem}.pem`, `${stem}.key`];
    const config = ["-config", join(this.#directory, "openssl.conf")];
    const out = [
      ...config,
      "-keyout",
      keyPath,
      "-out",
      certPath,
      "-subj",
      `/CN=${name}`,
      "-days",
      DAYS,
    ];
    execFileSync(program("openssl"), ["req", "-x509", ...KEYS, ...out, ...flags], {
      stdio: "pipe",
    });
    const [cert = "", key = ""] = [certPath, keyPath].map((path) => readFileSync(path, "utf8"));
    return { certPath, keyPath, cert, key };
  }
}
