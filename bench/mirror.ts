/* The server that answers without thinking: it counts bytes, and sends as many canned replies as
 * whole commands have come in.
 *
 * It bounds what any server on Node could do on this host under this load, so that nobody takes the
 * load generator's limit, or the kernel's, for a server's. So it reads as cheaply as Node can: into
 * one buffer for all connections, by taking over the handles that its listening socket accepts.
 * Usage: `node bench/mirror.ts PORT PIPELINED`; the commands and sizes are MIRROR_WAVES.
 */
import { createServer, Socket, type Server, type SocketConstructorOpts } from "node:net";
import { MIRROR_WAVES } from "./load/dialect.ts";

const port = Number(process.argv[2]);
const pipelined = Number(process.argv[3]);
const input = Buffer.allocUnsafeSlow(65_536);

const waves = MIRROR_WAVES.map(({ requestBytes, reply }) => ({
  requestBytes,
  waveBytes: requestBytes * pipelined,
  replyBytes: reply.length,
  replies: Buffer.from(reply.repeat(pipelined), "latin1"),
}));

/**
 * Answers one connection: `heard` bytes of the present wave have come, `answered` of its commands
 * have been answered.
 */
function mirror(handle: object): void {
  let index = 0;
  let heard = 0;
  let answered = 0;
  const hear = (bytes: number): boolean => {
    const wave = waves[index];
    if (wave === undefined) throw new Error("there is no such wave");
    heard += bytes;
    const whole = Math.floor(heard / wave.requestBytes);
    if (whole > answered)
      socket.write(wave.replies.subarray(answered * wave.replyBytes, whole * wave.replyBytes));
    answered = whole;
    if (heard < wave.waveBytes) return true;
    index = (index + 1) % waves.length;
    heard = 0;
    answered = 0;
    return true;
  };
  const onread = { buffer: input, callback: hear };
  // Its types know other handles only.
  const socket = new Socket({ handle, onread } as SocketConstructorOpts);
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
}

/**
 * Has the server's own handle hand over what it accepts; that is not documented, so it is checked.
 */
function takeOver(server: Server, accepted: (handle: object) => void): void {
  const listening: unknown = Reflect.get(server, "_handle");
  if (typeof listening !== "object" || listening === null || !("onconnection" in listening))
    throw new Error("this Node accepts connections in another way");
  listening.onconnection = (error: number | undefined, handle: object | undefined) => {
    if (handle === undefined) throw new Error(`accept failed with ${error}`);
    accepted(handle);
  };
}

const server = createServer();
server.listen({ port, host: "127.0.0.1", backlog: 1024 }, () => {
  takeOver(server, mirror);
  console.log(`listening on 127.0.0.1:${port}`);
});
