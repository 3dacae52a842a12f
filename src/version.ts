/* Version: what this is and which one, read from package.json so that it is written down once. */
import description from "../package.json" with { type: "json" };

/** The program's name, as it stands in help, messages and the ready line. */
export const PROGRAM: string = description.name;

/** The release, for instance "1.2.3": `--version`, the ready line and the stats key "version". */
export const VERSION: string = description.version;

/** The versions of Node that it runs on: ">=22.18". */
export const NEEDED_NODE: string = description.engines.node;
