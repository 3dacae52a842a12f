/* Certificates: what the TLS addresses of one thread show of themselves, read from files and read
 * again when these change, so that a certificate is renewed without a restart.
 *
 * Invariant: what `current` returns has been tried: certificate and key belong together. Files that
 * do not pass are told of once, and what was there goes on. Used by tls.ts.
 */
import { createSecureContext } from "node:tls";
import type { TlsOptions } from "node:tls";
import type { TlsOptions as Files } from "../config/tls-options.ts";
import { FileError } from "../runtime.ts";
import { readText, stateOf } from "../runtimes/small-file.ts";
import { whyOf } from "../system-error.ts";

/** How often the files are looked at. */
const LOOK_MS = 2000;

/** Which files could not be used, and why. */
class CertificateError extends Error {
  override readonly name = "CertificateError";
  readonly code = "HM_CERTIFICATE";
}

/** The contents of the files. */
export class Certificates {
  readonly #paths: Readonly<Record<"cert" | "key" | "ca", string | undefined>>;
  readonly #troubled: (message: string) => void;
  #state: string;
  #current: TlsOptions;
  #timer: NodeJS.Timeout | undefined;

  /** Reads them. Throws a CertificateError. */
  constructor({ tlsCert, tlsKey, tlsClientCa }: Files, troubled: (message: string) => void) {
    this.#paths = { cert: tlsCert, key: tlsKey, ca: tlsClientCa };
    this.#troubled = troubled;
    this.#state = this.#look();
    this.#current = this.#read();
  }

  /** As servers take them. */
  get current(): TlsOptions {
    return this.#current;
  }

  /** Calls `renewed` each time that there are others, until `end` is called. */
  watch(renewed: (settings: TlsOptions) => void): void {
    this.#timer = setInterval(() => {
      const state = this.#look();
      if (state === this.#state) return;
      this.#state = state;
      try {
        this.#current = this.#read();
        renewed(this.#current);
      } catch (error) {
        this.#troubled(`TLS goes on with what it has: ${whyOf(error)}`);
      }
    }, LOOK_MS);
    this.#timer.unref();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  /** Another text whenever a file has changed, or how it can be seen. */
  #look(): string {
    return Object.values(this.#paths)
      .map((path) => (path === undefined ? "" : stateOf(path)))
      .join(", ");
  }

  #read(): TlsOptions {
    const { cert, key, ca } = this.#paths;
    const settings = {
      cert: read("--tls-cert", cert),
      key: read("--tls-key", key),
      ...(ca !== undefined && { ca: read("--tls-client-ca", ca) }),
    };
    try {
      createSecureContext(settings);
    } catch (cause) {
      const files = [cert, key, ca].filter((path) => path !== undefined).join(", ");
      throw new CertificateError(`${files} cannot be used: ${whyOf(cause)}`, { cause });
    }
    return { ...settings, requestCert: ca !== undefined, rejectUnauthorized: ca !== undefined };
  }
}

function read(flag: string, path: string | undefined): string {
  if (path === undefined) throw new CertificateError(`${flag} is missing`);
  try {
    return readText(path);
  } catch (cause) {
    if (!(cause instanceof FileError)) throw cause;
    throw new CertificateError(`${flag} ${cause.message}`, { cause });
  }
}
