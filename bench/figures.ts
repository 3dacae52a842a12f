/*
 * The figures that a measurement can bring: each is declared here once, with how a person reads it.
 */

/**
 * A figure's heading, the digits after the point, and the factor from what is measured to what is
 * shown.
 */
export interface Figure {
  readonly title: string;
  readonly digits: number;
  readonly scale: number;
  /** Digits of values below 10, where these need more. */
  readonly digitsBelowTen?: number;
}

/** All figures, in the order of their columns. */
export const FIGURES = {
  commandsPerSecond: { title: "thousand commands/s", digits: 1, scale: 1e-3, digitsBelowTen: 2 },
  cyclesPerSecond: { title: "million cycles/s", digits: 2, scale: 1e-6 },
  microsPerCycle: { title: "CPU, us/cycle", digits: 2, scale: 1 },
  serverMicrosPerCommand: { title: "server CPU, us/command", digits: 2, scale: 1 },
  serverBusyPercent: { title: "server busy, %", digits: 0, scale: 1 },
  loadMicrosPerCommand: { title: "load CPU, us/command", digits: 2, scale: 1 },
  loadBusyPercent: { title: "load busy, %", digits: 0, scale: 1 },
  jobsPerSecond: { title: "thousand jobs/s", digits: 1, scale: 1e-3, digitsBelowTen: 2 },
  clientMicrosPerJob: { title: "producer's and worker's CPU, us/job", digits: 1, scale: 1 },
  serverMicrosPerJob: { title: "server CPU, us/job", digits: 1, scale: 1 },
  putsPerSecond: { title: "thousand puts/s", digits: 1, scale: 1e-3, digitsBelowTen: 2 },
  drainedPerSecond: { title: "thousand jobs drained/s", digits: 1, scale: 1e-3, digitsBelowTen: 2 },
  p50Micros: { title: "p50, us", digits: 1, scale: 1 },
  p99Micros: { title: "p99, us", digits: 1, scale: 1 },
  scrapesPerSecond: { title: "scrapes/s", digits: 1, scale: 1 },
  nearP50Micros: { title: "p50 of the near group, us", digits: 1, scale: 1 },
  farP50Micros: { title: "p50 of the far group, us", digits: 1, scale: 1 },
  farP99Micros: { title: "p99 of the far group, us", digits: 1, scale: 1 },
  farPercent: { title: "connections in the far group, %", digits: 0, scale: 1 },
  processBytesPerJob: {
    title: "process memory per job beyond its body, bytes",
    digits: 1,
    scale: 1,
  },
  engineBytesPerJob: { title: "the same by the engine's own account, bytes", digits: 1, scale: 1 },
  processBytes: { title: "process memory at most, MB", digits: 0, scale: 1e-6 },
  bytesPerConnection: { title: "process memory per connection, bytes", digits: 0, scale: 1 },
  connections: { title: "connections held", digits: 0, scale: 1 },
  fdatasyncP50Micros: { title: "fdatasync p50, us", digits: 0, scale: 1 },
  fdatasyncP99Micros: { title: "fdatasync p99, us", digits: 0, scale: 1 },
  restartSeconds: { title: "restart with the jobs, s", digits: 2, scale: 1 },
  emptyRestartSeconds: { title: "restart without jobs, s", digits: 2, scale: 1 },
  recoverySeconds: { title: "the difference per million jobs, s", digits: 2, scale: 1 },
  boundPercent: { title: "directory at most, % of the bound", digits: 1, scale: 1 },
  directoryBytes: { title: "directory then, MB", digits: 2, scale: 1e-6 },
  liveBytes: { title: "live then, MB", digits: 2, scale: 1e-6 },
  directoryBytesMost: { title: "largest directory, MB", digits: 2, scale: 1e-6 },
  liveBytesMost: { title: "most live, MB", digits: 2, scale: 1e-6 },
} as const satisfies Record<string, Figure>;

/** The name of a figure. */
export type FigureName = keyof typeof FIGURES;

/** What one run brought; a figure that it does not measure is absent. */
export type Sample = { readonly [name in FigureName]?: number };

/** The names in the order of their columns. */
export const FIGURE_NAMES: readonly FigureName[] = Object.keys(FIGURES).filter(isFigureName);

/** Whether a text names a figure. */
function isFigureName(name: string): name is FigureName {
  return Object.hasOwn(FIGURES, name);
}

/** The value as a table shows it, without its unit. */
export function formatFigure(name: FigureName, value: number): string {
  const { digits, scale, digitsBelowTen = digits }: Figure = FIGURES[name];
  const shown = value * scale;
  return shown.toFixed(shown < 10 ? digitsBelowTen : digits);
}
