/* The page of the example: notes go to a server, or wait in this browser until it is there.
 *
 * `?server=wss://queue.example.org` says where the server is.
 */
import { defineJob, openQueue, unchecked } from "homemaker/browser";

const server = new URLSearchParams(location.search).get("server") ?? "ws://127.0.0.1:11302";
const note = defineJob("note", { payload: unchecked() });
const waiting = document.querySelector("#waiting");
const form = document.querySelector("form");

// So that the page itself is there without a network.
await navigator.serviceWorker.register("offline.js");

/** A note is safe when this resolves: at the server, or here. */
async function send(queue, text) {
  try {
    await queue.enqueue(note, { text });
  } catch (error) {
    waiting.value = error.message; // there is no room here, for instance
  }
}

try {
  const queue = await openQueue(server, { spool: { directory: "notes" } });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = new FormData(form).get("text");
    form.reset();
    void send(queue, text);
  });
  setInterval(() => {
    const { pending } = queue.backend;
    waiting.value = pending === 0 ? "All notes are at the server." : `${pending} wait here.`;
  }, 100);
} catch (error) {
  waiting.value = error.message; // another page without shared memory, for instance
}
