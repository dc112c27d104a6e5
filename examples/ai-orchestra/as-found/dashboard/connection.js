// A WebSocket that connects again when it was lost: always after the same pause.

const PAUSE = 3000;

export function connect(url, onMessage) {
  const socket = new WebSocket(url);
  socket.addEventListener("message", ({ data }) => onMessage(JSON.parse(data)));
  socket.addEventListener("close", () => setTimeout(() => connect(url, onMessage), PAUSE));
}
