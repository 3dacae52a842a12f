import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import { ControlError, loadControl } from "../../src/text/control.ts";
import { loadBuiltControl } from "./load-control.ts";
import { propertiesOf } from "../support/properties.ts";

const holds = propertiesOf("text");

const control = await loadBuiltControl();
const wholeNumbers = fc.maxSafeNat();
const surrogate = (unit: number): string => String.fromCharCode(unit);

describe("sizes", () => {
  it.each([
    ["0", 0],
    ["65535", 65535],
    ["007", 7],
    ["12b", 12],
    ["64k", 65536],
    ["64K", 65536],
    ["64kb", 65536],
    ["10MiB", 10_485_760],
    ["10mb", 10_485_760],
    ["1g", 1_073_741_824],
    ["2TIB", 2_199_023_255_552],
    ["9007199254740991", Number.MAX_SAFE_INTEGER],
    ["8191t", 8191 * 2 ** 40],
  ])("reads %s as %d bytes", (text, bytes) => {
    expect(control.parseSize(text)).toBe(bytes);
  });

  it.each([
    "",
    "k",
    "-1",
    "+1",
    "1.5g",
    " 1",
    "1 ",
    "1 k",
    "1x",
    "1kk",
    "0x10",
    "1e3",
    "١",
    "1ki",
    "1k\0",
    "\0",
    "9007199254740992",
    "8192t",
    "18446744073709551616",
    "99999999999999999999999999",
    "9007199254740991k",
  ])("refuses %j", (text) => {
    expect(control.parseSize(text)).toBeUndefined();
  });

  it("spells a size with the largest unit that is exact", () => {
    const spelled = [
      0,
      1,
      1023,
      1024,
      1025,
      65535,
      65536,
      1_048_576,
      3 * 2 ** 30,
      2 ** 40,
      2 ** 50,
    ];
    expect(spelled.map((bytes) => control.formatSize(bytes))).toEqual([
      "0",
      "1",
      "1023",
      "1KiB",
      "1025",
      "65535",
      "64KiB",
      "1MiB",
      "3GiB",
      "1TiB",
      "1024TiB",
    ]);
  });

  it("reads back what it spelled, for every size", () => {
    holds(
      fc.property(wholeNumbers, fc.nat(40), (number, shift) => {
        const bytes = Math.floor(number / 2 ** shift) * 2 ** shift;
        expect(control.parseSize(control.formatSize(bytes))).toBe(bytes);
      }),
    );
  });

  it("agrees with arithmetic on every number and unit", () => {
    const factors = { "": 1n, b: 1n, k: 1n << 10n, MiB: 1n << 20n, GB: 1n << 30n, t: 1n << 40n };
    const units = fc.constantFrom(...(Object.keys(factors) as (keyof typeof factors)[]));
    holds(
      fc.property(fc.bigInt(0n, 1n << 70n), fc.nat(70), units, (number, shift, unit) => {
        const count = number >> BigInt(shift);
        const bytes = count * factors[unit];
        const expected = bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : undefined;
        expect(control.parseSize(`${count}${unit}`)).toBe(expected);
      }),
    );
  });

  it("answers any text with a whole number or nothing", () => {
    holds(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const bytes = control.parseSize(text);
        const isSize = /^\d+(?:b|[kmgt](?:i?b)?)?$/i.test(text);
        expect(bytes === undefined || (isSize && Number.isSafeInteger(bytes) && bytes >= 0)).toBe(
          true,
        );
      }),
    );
  });
});

describe("durations", () => {
  it.each([
    ["50ms", 50],
    ["2s", 2000],
    ["30", 30_000],
    ["0", 0],
    ["1m", 60_000],
    ["6h", 21_600_000],
    ["1d", 86_400_000],
    ["9007199254740991ms", Number.MAX_SAFE_INTEGER],
  ])("reads %s as %d milliseconds", (text, millis) => {
    expect(control.parseDuration(text)).toBe(millis);
  });

  it.each([
    "",
    "ms",
    "-1s",
    "1.5s",
    "1M",
    "2S",
    "1 s",
    "1us",
    "1w",
    "9007199254740992ms",
    "9007199254740991",
  ])("refuses %j", (text) => {
    expect(control.parseDuration(text)).toBeUndefined();
  });

  it("spells a duration with the largest unit that is exact", () => {
    const spelled = [0, 1, 999, 1000, 1500, 90_000, 120_000, 3_600_000, 172_800_000];
    expect(spelled.map((millis) => control.formatDuration(millis))).toEqual([
      "0s",
      "1ms",
      "999ms",
      "1s",
      "1500ms",
      "90s",
      "2m",
      "1h",
      "2d",
    ]);
  });

  it("reads back what it spelled, for every duration", () => {
    const factors = fc.constantFrom(1, 1000, 60_000, 3_600_000, 86_400_000);
    holds(
      fc.property(wholeNumbers, factors, (number, factor) => {
        const millis = Math.floor(number / factor) * factor;
        expect(control.parseDuration(control.formatDuration(millis))).toBe(millis);
      }),
    );
  });
});

describe("the YAML of the stats", () => {
  it("writes a dictionary in beanstalkd's layout", () => {
    const text = control.yamlDictionary([
      ["name", "default"],
      ["current-jobs-ready", 12],
      ["rusage-utime", "0.148125"],
      ["time-left", -1],
      ["draining", false],
      ["state", "reserved"],
      ["id", "2f1e5a0b77c0d4e9"],
      ["version", "1.13"],
      ["hostname", "queue-1"],
      ["os", "#1 SMP Debian 6.1.1-1 (2025-01-01)"],
      ["platform", "x86_64"],
    ]);
    expect(text).toBe(
      '---\nname: "default"\ncurrent-jobs-ready: 12\nrusage-utime: 0.148125\ntime-left: -1\ndraining: false\nstate: reserved\n' +
        'id: 2f1e5a0b77c0d4e9\nversion: "1.13"\nhostname: "queue-1"\nos: "#1 SMP Debian 6.1.1-1 (2025-01-01)"\nplatform: "x86_64"\n',
    );
  });

  it("quotes by key, unless the caller says otherwise", () => {
    const text = control.yamlDictionary([
      ["tube", "a"],
      ["tube", "a", false],
      ["state", "a", true],
    ]);
    expect(text).toBe('---\ntube: "a"\ntube: a\nstate: "a"\n');
  });

  it("quotes a bare value after all when it could break out of its line", () => {
    const text = control.yamlDictionary([
      ["id", "a\nb: c"],
      ["id", ""],
      ["id", "-"],
      ["id", "a b"],
    ]);
    expect(text).toBe('---\nid: "a\\nb: c"\nid: ""\nid: "-"\nid: "a b"\n');
  });

  it("escapes what YAML does not allow between double quotes", () => {
    const odd = `"\\\n\r\t\0\u007f\u0085\u2028\ufeff${surrogate(0xd83d)} é😀${surrogate(0xde00)}`;
    expect(control.yamlDictionary([["name", odd]])).toBe(
      String.raw`---
name: "\"\\\n\r\t\x00\x7f\x85\u2028\ufeff\ud83d é😀\ude00"
`,
    );
  });

  it("is read back by a YAML reader, whatever a string holds", () => {
    const words = fc.string({ unit: fc.nat(0xffff).map(surrogate) });
    holds(
      fc.property(words, words, fc.integer(), fc.boolean(), (name, version, delay, draining) => {
        const text = control.yamlDictionary([
          ["name", name],
          ["version", version],
          ["delay", delay],
          ["draining", draining],
        ]);
        expect(parse(text)).toEqual({ name, version, delay, draining });
        expect(text.split("\n")).toHaveLength(6);
      }),
    );
  });

  it("writes a list in beanstalkd's layout", () => {
    expect(control.yamlList(["default", "mail.high", "a+b/c;d$e_f(g)"])).toBe(
      "---\n- default\n- mail.high\n- a+b/c;d$e_f(g)\n",
    );
    expect(control.yamlList([])).toBe("---\n");
  });

  it("writes lists of every length as if in one piece", () => {
    const tubes = fc.array(fc.stringMatching(/^[A-Za-z0-9+/;.$_()][-A-Za-z0-9+/;.$_()]{0,20}$/), {
      minLength: 1,
      maxLength: 1200,
      size: "max",
    });
    holds(
      fc.property(tubes, (items) => {
        const expected = `---\n${items.map((item) => `- ${item}\n`).join("")}`;
        expect(control.yamlList(items)).toBe(expected);
        expect(parse(expected, { schema: "failsafe" })).toEqual(items);
      }),
      { numRuns: 10 },
    );
  });
});

describe("the control module", () => {
  it("does not take more memory with every call", async () => {
    const made = vi.spyOn(WebAssembly, "Instance");
    const own = await loadBuiltControl();
    const instance: unknown = made.mock.results[0]?.value;
    made.mockRestore();
    if (!(instance instanceof WebAssembly.Instance)) throw new Error("no instance was made");
    const { memory } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory)) throw new Error("the instance shows no memory");
    const exercise = (calls: number): void => {
      for (let i = 0; i < calls; i++) {
        own.parseSize(`${i}k`);
        own.formatDuration(i);
        if (i % 50 === 0)
          own.yamlDictionary([
            ["name", "x".repeat(200)],
            ["pause", i],
          ]);
        if (i % 500 === 0) own.yamlList(Array.from({ length: 600 }, () => "y".repeat(200)));
      }
    };
    exercise(2000);
    const warmBytes = memory.buffer.byteLength;
    exercise(50_000); // two calls each time and more
    expect(memory.buffer.byteLength).toBe(warmBytes);
    expect(warmBytes).toBeLessThan(8 * 1024 * 1024);
  });

  it("refuses bytes that are not its own", async () => {
    await expect(loadControl(new Uint8Array([1, 2, 3]))).rejects.toBeInstanceOf(ControlError);
    const empty = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    await expect(loadControl(empty)).rejects.toMatchObject({ code: "HM_CONTROL_MODULE" });
  });
});
