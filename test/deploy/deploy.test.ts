/* What deploy/ has for operators: the container's recipe and the composition with Prometheus and
 * Grafana name options, commands, metrics and files that there are.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseSubcommand } from "../../src/cli/subcommands.ts";
import { promtool } from "../observability/promtool.ts";
import { instructionsOf, variablesOf, wordsOf } from "./dockerfile.ts";
import { control, DEPLOY, optionsOf, text } from "./deployed.ts";

describe("the Dockerfile", () => {
  const all = instructionsOf(text("Dockerfile"));
  const lines = (name: string): readonly string[] =>
    all.filter((one) => one.name === name).map((one) => one.text);
  const env = variablesOf(lines("ENV")[0] ?? "");

  test("sets options that there are, and keeps the jobs in its volume", () => {
    const { dataDirectory, listen } = optionsOf([], env);
    expect(lines("VOLUME")).toEqual([dataDirectory]);
    expect(listen.map((address) => "port" in address && String(address.port))).toEqual(
      lines("EXPOSE"),
    );
  });

  test("asks for its health by a command that there is", () => {
    const [command, ...words] = wordsOf(lines("HEALTHCHECK")[0] ?? "");
    expect(command).toBe("homemaker");
    expect(parseSubcommand(words, control, env)).toMatchObject({ kind: "shell" });
  });

  test("runs the command itself below a process 1, as nobody's root", () => {
    expect(lines("ENTRYPOINT").map(wordsOf)).toEqual([["tini", "--", "homemaker"]]);
    expect(lines("USER")).toEqual([expect.stringMatching(/^[1-9]\d+:[1-9]\d+$/)]);
    const names = all.map(({ name }) => name);
    expect(names.indexOf("USER")).toBeGreaterThan(names.lastIndexOf("RUN"));
  });

  test("copies no more than what is kept in the repository", () => {
    const ignored = text("Dockerfile.dockerignore").trim().split("\n");
    expect(ignored).toEqual(expect.arrayContaining([".git", "build", "dist", "node_modules"]));
  });
});

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes: readonly string[];
  readonly secrets?: readonly string[];
}

describe("the composition", () => {
  const { services, secrets } = parse(text("compose/compose.yaml")) as {
    readonly services: Readonly<Record<"homemaker" | "prometheus" | "grafana", Service>>;
    readonly secrets: Readonly<Record<string, { readonly environment: string }>>;
  };
  const env = Object.fromEntries(
    Object.entries(services.homemaker.environment ?? {}).map(([name, value]) => [
      name,
      value.replace(/^\$\{(\w+):\?\}$/, "a-token-for-$1"),
    ]),
  );
  const { httpPort, httpHosts } = optionsOf([], env);
  /** The file of this repository that lies at a path of a service. */
  const mounted = (name: keyof typeof services, path: string): string => {
    const volume = services[name].volumes.find((one) => one.includes(`:${path}:`)) ?? "";
    return join(DEPLOY, "compose", volume.split(":")[0] ?? "");
  };

  test("gives every service files that there are", () => {
    const sources = Object.values(services).flatMap(({ volumes }) =>
      volumes.map((volume) => volume.split(":")[0] ?? "").filter((one) => one.startsWith(".")),
    );
    expect(sources.length).toBeGreaterThanOrEqual(5);
    expect(sources.filter((path) => !existsSync(join(DEPLOY, "compose", path)))).toEqual([]);
  });

  test("has Prometheus ask the server where it answers, with the token that only reads", () => {
    const file = mounted("prometheus", "/etc/prometheus/prometheus.yml");
    const { scrape_configs: jobs, rule_files: rules } = parse(readFileSync(file, "utf8")) as {
      readonly scrape_configs: readonly {
        readonly authorization: { readonly credentials_file: string };
        readonly static_configs: readonly { readonly targets: readonly string[] }[];
      }[];
      readonly rule_files: readonly string[];
    };
    const [job] = jobs;
    expect(job?.static_configs[0]?.targets).toEqual([`${httpHosts[0]}:${httpPort}`]);
    expect(Object.keys(services)).toContain(httpHosts[0]);
    const secret = (job?.authorization.credentials_file ?? "").replace("/run/secrets/", "");
    expect(services.prometheus.secrets).toContain(secret);
    expect(secrets[secret]?.environment).toBe("HOMEMAKER_HTTP_READ_TOKEN");
    expect(rules.map((path) => mounted("prometheus", path))).toEqual([
      join(DEPLOY, "../docs/monitoring/alerts.yaml"),
    ]);
  });

  test("has a Prometheus that understands its file", { tags: ["promtool"] }, () => {
    const file = mounted("prometheus", "/etc/prometheus/prometheus.yml");
    expect(promtool(["check", "config", "--syntax-only", file])).toBe("");
  });

  test("has Grafana show the dashboard of docs/monitoring, which asks that Prometheus", () => {
    const provisioning = "/etc/grafana/provisioning";
    const read = (path: string): unknown =>
      parse(readFileSync(mounted("grafana", `${provisioning}/${path}`), "utf8"));
    const { datasources } = read("datasources/homemaker.yaml") as {
      readonly datasources: readonly { readonly type: string; readonly url: string }[];
    };
    const { providers } = read("dashboards/homemaker.yaml") as {
      readonly providers: readonly { readonly options: { readonly path: string } }[];
    };
    const file = mounted("grafana", `${providers[0]?.options.path}/homemaker.json`);
    expect(file).toBe(join(DEPLOY, "../docs/monitoring/grafana.json"));
    const { templating } = JSON.parse(readFileSync(file, "utf8")) as {
      readonly templating: { readonly list: readonly { readonly query: unknown }[] };
    };
    expect(templating.list[0]?.query).toBe(datasources[0]?.type);
    expect(datasources.map(({ url }) => url)).toEqual(["http://prometheus:9090"]);
  });

  test("shows nothing of it beyond this machine", () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(2);
    expect(ports.filter((port) => !port.startsWith("127.0.0.1:"))).toEqual([]);
  });
});
