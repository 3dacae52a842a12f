/* A WebSocket's life between its connection and its session, with time and bytes from the test. */
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../support/virtual-clock.ts";
import { Random } from "../support/random.ts";
import { replayable, seedHere } from "../support/replay.ts";
import { clientFrame } from "./frames.ts";
import { Guest } from "./guest.ts";

const MASK = Uint8Array.of(1, 2, 3, 4);
const NOTHING = Uint8Array.of();

function frame(opcode: number, payload: Uint8Array | string = NOTHING): Buffer {
  return clientFrame({ opcode, payload: Buffer.from(payload), mask: MASK });
}

function close(code: number): Buffer {
  return frame(8, Uint8Array.of(code >> 8, code & 0xff));
}

/** What a guest was sent, in words. */
function seen(guest: Guest): readonly string[] {
  return guest.takeFrames().map(({ opcode, payload }) => {
    if (opcode === 8)
      return `close ${payload.readUInt16BE()} ${payload.toString("utf8", 2)}`.trim();
    const name =
      new Map([
        [2, "data"],
        [9, "ping"],
        [10, "pong"],
      ]).get(opcode) ?? "nonsense";
    return `${name} ${payload.toString()}`.trim();
  });
}

describe("messages", () => {
  test("a session gets one piece for all that came at once", () => {
    const guest = Guest.welcome();
    const said = ["put 0 0 60 5\r\n", "", "hel", "lo\r\n"].map((words) => frame(2, words));
    guest.say(Buffer.concat([...said, frame(9), frame(1, "stats\r\n")]));
    expect(guest.sessionGot.map(String)).toEqual(["put 0 0 60 5\r\nhello\r\nstats\r\n"]);
  });

  test.each([125, 126, 65_535, 65_536, 200_000])(
    "what a session writes at once is one message: %i bytes",
    (bytes) => {
      const guest = Guest.welcome();
      const written = Buffer.alloc(bytes, "abc");
      guest.session?.write(written);
      const [message, ...others] = guest.takeFrames();
      expect(message?.payload.equals(written)).toBe(true);
      expect(others).toEqual([]);
    },
  );

  test("random messages in random frames come as the stream that they are", () =>
    replayable(seedHere(), "test/websocket/connection.test.ts", () => {
      const random = new Random(seedHere());
      for (let round = 0; round < 50; round++) expectStream(random);
      return Promise.resolve();
    }));

  test("a length may be written in no more bytes than it needs", () => {
    for (const lengthBytes of [2, 8] as const) {
      const guest = Guest.welcome();
      guest.say(clientFrame({ opcode: 2, payload: Buffer.from("hi"), mask: MASK, lengthBytes }));
      expect(seen(guest)).toEqual(["close 1002 a length is written in the wrong form"]);
    }
  });

  test("a length of 2^63 is none", () => {
    const guest = Guest.welcome();
    guest.say(Buffer.from("82ff800000000000000001020304", "hex"));
    expect(seen(guest)).toEqual(["close 1002 a length is written in the wrong form"]);
  });

  test("frames that are not masked are refused", () => {
    const guest = Guest.welcome();
    guest.say(clientFrame({ opcode: 2, payload: Buffer.from("stats\r\n") }));
    expect(seen(guest)).toEqual(["close 1002 a client masks its frames"]);
    expect(guest.told).toEqual(["closed"]);
  });

  test("a message longer than it may be is refused by its headers, in one frame or in several", () => {
    const options = { wsMessageBytes: 1000 };
    const guest = Guest.welcome({ options });
    guest.say(frame(2, Buffer.alloc(1000)));
    expect(guest.takeFrames()).toHaveLength(1);
    guest.say(frame(2, Buffer.alloc(1001)).subarray(0, 8));
    expect(seen(guest)).toEqual(["close 1009 a message has at most 1000 bytes"]);
    const other = Guest.welcome({ options });
    const mask = MASK;
    other.say(clientFrame({ opcode: 2, payload: Buffer.alloc(999), isFinal: false, mask }));
    other.say(clientFrame({ opcode: 0, payload: Buffer.alloc(2), mask }));
    expect(seen(other).at(-1)).toBe("close 1009 a message has at most 1000 bytes");
  });
});

/** Plays one random stream in random frames, messages and pieces. */
function expectStream(random: Random): void {
  const guest = Guest.welcome();
  const stream = random.bytes(random.between(0, 3000));
  const frames: Buffer[] = [];
  let isWithin = false;
  for (let at = 0; at < stream.length || isWithin;) {
    const payload = stream.subarray(at, at + random.below(random.oneIn(3) ? 300 : 12));
    const isFinal = random.oneIn(3);
    const opcode = isWithin ? 0 : 2;
    frames.push(clientFrame({ opcode, payload, isFinal, mask: random.bytes(4) }));
    if (random.oneIn(5)) frames.push(frame(random.pick([9, 10]), payload.subarray(0, 125)));
    isWithin = !isFinal;
    at += payload.length;
  }
  const bytes = Buffer.concat(frames);
  guest.say(bytes, ...Array.from(bytes, () => random.between(1, 40)));
  expect(guest.input.equals(stream)).toBe(true);
}

describe("the end", () => {
  test("a Close of the peer ends the input, and what was asked is answered before it is", () => {
    const guest = Guest.welcome({ stays: true });
    guest.say(Buffer.concat([frame(2, "one\r\n"), close(4321)]));
    guest.session?.write(Buffer.from("late"));
    expect(guest.isClosed).toBe(false);
    guest.session?.close();
    expect(seen(guest)).toEqual(["data one", "data late", "close 4321"]);
    expect({ told: guest.told, isClosed: guest.isClosed }).toEqual({
      told: ["ended"],
      isClosed: true,
    });
  });

  test("a FIN in the place of a Close is the end of the input as well", () => {
    const guest = Guest.welcome();
    guest.say(frame(2, "one\r\n"));
    guest.end();
    expect(seen(guest)).toEqual(["data one", "close 1000"]);
    expect({ told: guest.told, isClosed: guest.isClosed }).toEqual({
      told: ["ended"],
      isClosed: true,
    });
  });

  test("a connection that is gone is told to the session once, whatever else there was", () => {
    const guest = Guest.welcome({ stays: true });
    guest.say(close(1000));
    guest.vanish();
    expect(guest.told).toEqual(["ended", "closed"]);
    const rude = Guest.welcome();
    rude.say(frame(11));
    rude.vanish();
    expect(rude.told).toEqual(["closed"]);
  });

  test("a session that closes waits for the Close of the peer, and takes nothing more", () => {
    const guest = Guest.welcome();
    guest.session?.pause();
    guest.session?.close();
    expect(guest.session?.write(Buffer.from("too late"))).toBe(false);
    expect(seen(guest)).toEqual(["close 1000"]);
    expect({ isPaused: guest.isPaused, isClosed: guest.isClosed }).toEqual({
      isPaused: false,
      isClosed: false,
    });
    guest.say(Buffer.concat([frame(2, "stats\r\n"), frame(9, "there?")]));
    expect({ got: guest.sessionGot, isClosed: guest.isClosed }).toEqual({
      got: [],
      isClosed: false,
    });
    guest.say(close(1000));
    expect({ told: guest.told, isClosed: guest.isClosed }).toEqual({ told: [], isClosed: true });
  });

  test("a peer that does not answer a Close is cut off after ten seconds", () => {
    const guest = Guest.welcome();
    guest.session?.close();
    guest.clock.advance(9.9);
    guest.say(frame(2, "I am still talking"));
    expect(guest.isClosed).toBe(false);
    guest.clock.advance(0.2);
    expect(guest.isClosed).toBe(true);
  });

  test("when the server stops, its peers hear so", () => {
    const guest = Guest.welcome();
    guest.serverLeaves();
    expect(seen(guest)).toEqual(["close 1001 the server stops"]);
    const stranger = new Guest();
    stranger.serverLeaves();
    expect(stranger.takeText()).toBe("");
  });

  test("an empty message is the end of the input for whoever has asked for that", () => {
    const guest = Guest.welcome({ stays: true }, "Sec-WebSocket-Protocol: homemaker");
    guest.say(Buffer.concat([frame(2, "reserve\r\n"), frame(2), frame(2, "stats\r\n"), frame(9)]));
    expect({ told: guest.told, got: String(guest.input) }).toEqual({
      told: ["ended"],
      got: "reserve\r\n",
    });
    guest.session?.write(Buffer.from("TIMED_OUT\r\n"));
    guest.session?.close();
    expect(seen(guest)).toEqual(["pong", "data reserve", "data TIMED_OUT", "close 1000"]);
    guest.say(close(1000));
    expect(guest.isClosed).toBe(true);
  });

  test("an empty message means nothing to others", () => {
    const guest = Guest.welcome();
    guest.say(Buffer.concat([frame(2), frame(1), frame(2, "stats\r\n")]));
    expect({ told: guest.told, got: String(guest.input) }).toEqual({ told: [], got: "stats\r\n" });
  });
});

describe("back-pressure", () => {
  test("a session stops and starts the connection itself, and sees its backlog", () => {
    const guest = Guest.welcome();
    guest.session?.pause();
    expect(guest.isPaused).toBe(true);
    guest.session?.resume();
    expect(guest.isPaused).toBe(false);
    guest.backlogBytes = 77;
    expect(guest.session?.backlogBytes).toBe(77);
    guest.read();
    expect(guest.told).toEqual(["drained"]);
    expect(guest.session?.peer).toBe("the test");
  });

  test("a peer that pings and reads nothing gets one Pong, to its last Ping, when it reads", () => {
    const guest = Guest.welcome();
    guest.backlogBytes = 1;
    guest.say(Buffer.concat(Array.from({ length: 1000 }, (_, index) => frame(9, `${index}`))));
    expect(seen(guest)).toEqual([]);
    guest.read();
    expect(seen(guest)).toEqual(["pong 999"]);
    guest.read();
    expect(seen(guest)).toEqual([]);
  });
});

describe("silence", () => {
  test("who does not greet within ten seconds is cut off", () => {
    const guest = new Guest();
    guest.say(Buffer.from("GET / HTTP/1.1\r\n"));
    guest.clock.advance(9.9);
    expect(guest.isClosed).toBe(false);
    guest.clock.advance(0.2);
    expect(guest.isClosed).toBe(true);
  });

  test("a silent peer is pinged, and closed after as long again", () => {
    const guest = Guest.welcome({ options: { wsIdleMillis: 5000 } });
    guest.clock.advance(4.9);
    expect(seen(guest)).toEqual([]);
    guest.clock.advance(0.2);
    expect(seen(guest)).toEqual(["ping"]);
    guest.clock.advance(5);
    expect(seen(guest)).toEqual(["close 1008 nothing was heard for too long"]);
    expect({ told: guest.told, isClosed: guest.isClosed }).toEqual({
      told: ["closed"],
      isClosed: true,
    });
  });

  test("one that answers its Pings, or says anything else, may stay for ever", () => {
    const guest = Guest.welcome({ options: { wsIdleMillis: 5000 } });
    for (let round = 0; round < 20; round++) {
      guest.clock.advance(5.1);
      for (const { payload } of guest.takeFrames()) guest.say(frame(10, payload));
      if (round % 4 === 3) guest.say(frame(2, "stats\r\n"));
    }
    expect({ told: guest.told, isClosed: guest.isClosed }).toEqual({ told: [], isClosed: false });
  });

  test("one that the server does not read from is not silent", () => {
    const guest = Guest.welcome({ options: { wsIdleMillis: 5000 } });
    guest.session?.pause();
    guest.clock.advance(100);
    expect({ seen: seen(guest), isClosed: guest.isClosed }).toEqual({ seen: [], isClosed: false });
  });

  test("nobody is pinged where the operator wants that never", () => {
    const guest = Guest.welcome({ options: { wsIdleMillis: Infinity } });
    guest.clock.advance(1_000_000);
    expect(seen(guest)).toEqual([]);
  });

  test("a server that was frozen itself gives everybody another round", () => {
    const clock = new FreezingClock();
    const guest = Guest.welcome({ options: { wsIdleMillis: 5000 }, clock });
    clock.advance(5);
    expect(seen(guest)).toEqual(["ping"]);
    clock.freeze(3600);
    expect({ seen: seen(guest), isClosed: guest.isClosed }).toEqual({ seen: [], isClosed: false });
    clock.advance(5.1);
    expect(seen(guest)).toEqual(["close 1008 nothing was heard for too long"]);
  });

  test("nothing is looked after any more when all are gone", () => {
    const guest = Guest.welcome();
    guest.vanish();
    guest.clock.advance(100);
    expect(guest.clock.timers).toBe(0);
  });
});

/** Time that can pass without a timer ringing in time. */
class FreezingClock extends VirtualClock {
  #frozenMicros = 0;

  override now(): number {
    return super.now() + this.#frozenMicros;
  }

  freeze(seconds: number): void {
    this.#frozenMicros += seconds * 1_000_000;
    this.advance(5);
  }
}
