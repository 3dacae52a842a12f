/* The server that answers without thinking: it counts bytes, and sends as many canned replies as
 * whole commands have come in.
 *
 * It bounds what any server could do on this host under this load, so that nobody takes the load
 * generator's limit, or the kernel's, for a server's. Usage: `node bench/mirror.ts PORT PIPELINED`;
 * the commands and sizes are MIRROR_WAVES.
 */
import { createServer, type Socket } from "node:net";
import { MIRROR_WAVES } from "./load/dialect.ts";

const port = Number(process.argv[2]);
const pipelined = Number(process.argv[3]);

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
function mirror(socket: Socket): void {
  let index = 0;
  let heard = 0;
  let answered = 0;
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    const wave = waves[index];
    if (wave === undefined) throw new Error("there is no such wave");
    heard += chunk.length;
    const whole = Math.floor(heard / wave.requestBytes);
    if (whole > answered)
      socket.write(wave.replies.subarray(answered * wave.replyBytes, whole * wave.replyBytes));
    answered = whole;
    if (heard < wave.waveBytes) return;
    index = (index + 1) % waves.length;
    heard = 0;
    answered = 0;
  });
}

createServer(mirror).listen({ port, host: "127.0.0.1", backlog: 1024 }, () =>
  console.log(`listening on 127.0.0.1:${port}`),
);
