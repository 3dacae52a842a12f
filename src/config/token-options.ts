/* Token options: where it stands who may do what. A part of OPTIONS (options.ts). */
import type { Option } from "./option.ts";
import { file } from "./option-values.ts";

/** The part of Options that is about it. */
export interface TokenOptions {
  /** The file of tokens (token-file.ts); absent means that everybody may do everything. */
  readonly tokenFile: string | undefined;
}

/** As declared. */
export const TOKEN_OPTIONS: { readonly [Key in keyof TokenOptions]: Option<TokenOptions[Key]> } = {
  tokenFile: {
    name: "tokens",
    category: "Tokens",
    placeholder: "FILE",
    help: "tokens and what each may do; read again when it changes, and on SIGHUP",
    default: undefined,
    defaultText: "none; who reaches the server may do everything",
    ...file,
  },
};
