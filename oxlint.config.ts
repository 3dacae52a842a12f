/* What the linter asks for (`npm run lint`). The layers of src/ are src/toolchain/layers.ts's. */
import { defineConfig } from "oxlint";
import type { OxlintOverride } from "oxlint";
import { FOLDERS, SEAMS_LAYER, unknownTo } from "./src/toolchain/layers.ts";
import type { Folder } from "./src/toolchain/layers.ts";

type Rules = NonNullable<OxlintOverride["rules"]>;

/** Imports that are refused; one of the two says which. */
type Pattern = { readonly message: string } & (
  | { readonly regex: string }
  | { readonly group: string[] }
);

const RUNTIME_GLOBALS = [
  "process",
  "Buffer",
  "Deno",
  "Bun",
  "window",
  "document",
  "self",
  "navigator",
  "require",
  "global",
];
const RUNTIME_MODULES = "^(node:|bun(:|$)|jsr:|npm:)";
/** The one file that knows as-bind. */
const BINDER = { folder: "text", file: "src/text/control.ts" };
/** The one file of its folder that knows a package; test/worker/imports.test.ts says which. */
const CRON = { folder: "worker", file: "src/worker/moments.ts" };

/** What holds in all of src/ but the dashboard. */
const ONLY_CONSTANTS: Pattern = {
  group: ["**/assembly/**", "!**/assembly/constants.ts", "!**/assembly/layouts.ts"],
  message:
    "Of assembly/ the host imports constants.ts and layouts.ts; the rest it calls as compiled modules.",
};
const NO_AS_BIND: Pattern = {
  regex: "^as-bind",
  message: `Only ${BINDER.file} binds the control module.`,
};
const NO_RUNTIME_MODULE: Pattern = {
  regex: RUNTIME_MODULES,
  message: "This file names no runtime (src/toolchain/layers.ts has those that may).",
};
const NO_PACKAGE: Pattern = {
  regex: "^[^.]",
  message: "It needs nothing but itself: it runs wherever JavaScript does.",
};

function refuse(patterns: readonly Pattern[]): Rules {
  return { "no-restricted-imports": ["error", { patterns: [...patterns] }] };
}

function refuseGlobals(): Rules {
  const message = "This file names nothing that only one runtime has (src/toolchain/layers.ts).";
  const globals = RUNTIME_GLOBALS.map((name) => ({ name, message }));
  return { "no-restricted-globals": ["error", ...globals] };
}

/** The imports that a folder's files may not have, whatever they are called. */
function patternsOf(folder: Folder): readonly Pattern[] {
  const unknown = unknownTo(folder);
  const packages = folder.knowsOnly === undefined ? [] : [NO_PACKAGE];
  if (unknown.length === 0) return [ONLY_CONSTANTS, ...packages];
  const layers: Pattern = {
    regex: `^\\.{1,2}/(.*/)?(${unknown.join("|")})/`,
    message: "An import only points down (src/toolchain/layers.ts).",
  };
  return [ONLY_CONSTANTS, layers, ...packages];
}

/** The rules of a folder: in general, and for those of its files that may name a runtime. */
function overridesOf(folder: Folder): OxlintOverride[] {
  const inside = `src/${folder.name}`;
  const patterns = [...patternsOf(folder), NO_AS_BIND];
  const general = {
    files: [`${inside}/**`],
    rules: { ...refuse([...patterns, NO_RUNTIME_MODULE]), ...refuseGlobals() },
  };
  if (folder.namesRuntime === undefined) return [general];
  const files = folder.namesRuntime.map((name) => `${inside}/${name}`);
  const named = folder.isForBrowsers === true ? [...patterns, NO_RUNTIME_MODULE] : patterns;
  return [general, { files, rules: { ...refuse(named), "no-restricted-globals": "off" } }];
}

/** The seams: the files that lie in src/ itself. */
function overrideOfSeams(): OxlintOverride {
  const patterns = patternsOf({ name: "", layer: SEAMS_LAYER });
  const rules = { ...refuse([...patterns, NO_AS_BIND, NO_RUNTIME_MODULE]), ...refuseGlobals() };
  return { files: ["src/*.ts"], rules };
}

function overrideOfBinder(): OxlintOverride {
  const patterns = patternsOf(folderOf(BINDER));
  return { files: [BINDER.file], rules: refuse([...patterns, NO_RUNTIME_MODULE]) };
}

function overrideOfCron(): OxlintOverride {
  const patterns = patternsOf(folderOf(CRON)).filter((pattern) => pattern !== NO_PACKAGE);
  const rules = refuse([...patterns, NO_AS_BIND, NO_RUNTIME_MODULE]);
  return { files: [CRON.file], rules };
}

function folderOf({ folder: wanted }: { readonly folder: string }): Folder {
  const folder = FOLDERS.find(({ name }) => name === wanted);
  if (folder === undefined) throw new RangeError(`no folder ${wanted}`);
  return folder;
}

const ASSEMBLY: OxlintOverride = {
  files: ["assembly/**"],
  rules: {
    eqeqeq: "off",
    "typescript/consistent-type-imports": "off",
    "typescript/no-extraneous-class": "off",
    "unicorn/no-new-array": "off",
    "no-loss-of-precision": "off",
    "no-shadow": "off",
    "no-unmodified-loop-condition": "off",
    ...refuse([
      { regex: "^[^.]|/(src|test|bench)/", message: "assembly/ imports nothing but itself." },
    ]),
  },
};

const AS_TEXT = "What users wrote is never interpreted: text nodes only.";

const DASHBOARD: OxlintOverride = {
  files: ["src/dashboard/**"],
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "promise", "react", "jsx-a11y"],
  rules: {
    "jsx-a11y/prefer-tag-over-role": "off",
    "react/immutability": "off",
    "react/no-danger": "error",
    "react/react-in-jsx-scope": "off",
    "react/no-unknown-property": "off",
    "no-restricted-properties": [
      "error",
      { property: "innerHTML", message: AS_TEXT },
      { property: "outerHTML", message: AS_TEXT },
      { property: "insertAdjacentHTML", message: AS_TEXT },
    ],
    ...refuse([
      { regex: RUNTIME_MODULES, message: "The dashboard runs in a browser." },
      {
        group: ["../*", "!../http/api.ts", "!../http/api-tubes.ts", "!../http/api-jobs.ts"],
        message: "Of the server the dashboard knows the declarations of src/http/api*.ts alone.",
      },
    ]),
  },
};

/** What a test may call in place of `expect`: each throws, or rejects, when things are not so. */
const ASSERTIONS = [
  ...["expect*", "stage.expect*", "until*", "holds", "desk.sees", "judged.check*", "world.verify"],
];

const TESTS: OxlintOverride = {
  files: ["test/**"],
  rules: {
    "no-control-regex": "off",
    "vitest/expect-expect": ["error", { assertFunctionNames: [...ASSERTIONS] }],
    "vitest/no-conditional-tests": "off",
    "vitest/valid-title": "off",
    "vitest/no-disabled-tests": "error",
    "vitest/no-focused-tests": "error",
    "typescript/unbound-method": "off",
    "vitest/no-conditional-expect": "off",
    "vitest/no-standalone-expect": "off",
  },
};

export default defineConfig({
  plugins: ["eslint", "typescript", "unicorn", "oxc", "import", "node", "promise", "vitest"],
  categories: { correctness: "error", suspicious: "error" },
  options: { reportUnusedDisableDirectives: "error" },
  env: { builtin: true },
  ignorePatterns: ["build", "dist", "coverage"],
  rules: {
    eqeqeq: "error",
    "no-empty": "error",
    "no-var": "error",
    "prefer-const": "error",
    "no-underscore-dangle": "off",
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "import/no-default-export": "error",
    "import/no-named-as-default-member": "off",
    "typescript/ban-ts-comment": "error",
    "typescript/consistent-return": "off",
    "typescript/consistent-type-imports": "error",
    "typescript/no-explicit-any": "error",
    "typescript/no-misused-promises": "error",
    "typescript/no-non-null-assertion": "error",
    "typescript/no-unsafe-type-assertion": "off",
    "typescript/switch-exhaustiveness-check": [
      "error",
      { considerDefaultExhaustiveForUnions: true },
    ],
    "unicorn/consistent-function-scoping": "off",
    "unicorn/filename-case": ["error", { case: "kebabCase" }],
    "unicorn/no-useless-spread": "off",
    "unicorn/prefer-node-protocol": "error",
    "unicorn/require-post-message-target-origin": "off",
  },
  overrides: [
    ASSEMBLY,
    overrideOfSeams(),
    ...FOLDERS.flatMap(overridesOf),
    overrideOfBinder(),
    overrideOfCron(),
    DASHBOARD,
    TESTS,
    { files: ["*.config.ts", "**/*.d.ts"], rules: { "import/no-default-export": "off" } },
  ],
});
