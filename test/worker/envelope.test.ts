/* Bodies: what Homemaker writes, what other programs write, and what comes of each. */
import { describe, expect, test } from "vitest";
import { bytes, decodeWith, encodeWith, json } from "../../src/worker/codec.ts";
import { decodeEnvelope, encodeBytes, encodeJson } from "../../src/worker/envelope.ts";

const BYTES = new TextEncoder();
const TEXT = new TextDecoder();
/** Each byte there is, twice, so that line ends and NUL stand in the midst. */
const ALL = Uint8Array.from({ length: 512 }, (_, index) => index % 256);

describe("a body", () => {
  test("is one object of JSON, as any language writes it", () => {
    const body = encodeJson("email.send", { to: "a@example.org" }, { at: 7, v: 2 });
    expect(TEXT.decode(body)).toBe(
      '{"type":"email.send","data":{"to":"a@example.org"},"hm":{"at":7,"v":2}}',
    );
    expect(decodeEnvelope(body)).toEqual({
      type: "email.send",
      data: { to: "a@example.org" },
      hm: { at: 7, v: 2 },
    });
  });

  test("of bytes has a line of JSON before them", () => {
    const body = encodeBytes("scan", ALL, { at: 7, codec: "bytes" });
    const { type, data, hm } = decodeEnvelope(body);
    expect({ type, hm }).toEqual({ type: "scan", hm: { at: 7, codec: "bytes" } });
    expect(data).toEqual(ALL);
  });

  test("that another program made needs no more than a type and data", () => {
    expect(decodeEnvelope(BYTES.encode('{"data":[1],"type":"t"}'))).toEqual({
      type: "t",
      data: [1],
      hm: {},
    });
    expect(decodeEnvelope(BYTES.encode('{\n  "type": "t",\n  "data": 1,\n  "hm": 3\n}\n'))).toEqual(
      {
        type: "t",
        data: 1,
        hm: {},
      },
    );
  });

  test.each(["", "hello", "{", "{}", "[1]", "7", '{"type":7}', "{\n", '{"hm":{"codec":"b"}}\nx'])(
    "that has no type is taken as it is: %j",
    (text) => {
      const body = BYTES.encode(text);
      expect(decodeEnvelope(body)).toEqual({ type: undefined, data: body, hm: {} });
    },
  );

  test("that is no text is taken as it is", () => {
    const body = Uint8Array.of(0x7b, 0xff, 0x0a, 0xfe);
    expect(decodeEnvelope(body).data).toBe(body);
  });

  test("keeps nothing of what it does not know, and nothing of a wrong kind", () => {
    const text = '{"type":"t","data":1,"hm":{"at":"x","v":[],"key":7,"codec":1,"other":1}}';
    expect(decodeEnvelope(BYTES.encode(text)).hm).toEqual({});
  });

  test("with a payload that JSON cannot write is an error that says so", () => {
    const circle: { own?: unknown } = {};
    circle.own = circle;
    expect(() => encodeJson("t", circle, {})).toThrow(
      expect.objectContaining({ code: "HM_CODEC" }),
    );
    expect(() => encodeJson("t", circle, {})).toThrow(/^t: the payload cannot be written as JSON/);
  });
});

describe("a codec", () => {
  test("of JSON writes nothing as nothing", () => {
    expect(encodeWith(json, undefined, "x")).toHaveLength(0);
    expect(decodeWith(json, new Uint8Array(0), "x")).toBeUndefined();
    expect(decodeWith(json, encodeWith(json, [1, null], "x"), "x")).toEqual([1, null]);
  });

  test("says what it cannot write or read, and of what", () => {
    expect(() => encodeWith(json, () => 1, "mail: the payload")).toThrow(
      "mail: the payload: JSON has no way to write a function",
    );
    expect(() => encodeWith(bytes, "text", "scan: the payload")).toThrow(
      "scan: the payload: a job with the codec `bytes` takes a Uint8Array",
    );
    expect(() => decodeWith(json, BYTES.encode("{"), "x")).toThrow(
      expect.objectContaining({ code: "HM_CODEC", cause: expect.any(SyntaxError) }),
    );
  });
});
