// A WebSocket that connects again when it was lost: five attempts, each after twice the pause of the last one.

const ATTEMPTS = 5;
const PAUSE = 250;

export function connect(url, onMessage) {
  let lost = 0;
  const open = () => {
    const socket = new WebSocket(url);
    socket.addEventListener("open", () => (lost = 0));
    socket.addEventListener("message", ({ data }) => onMessage(JSON.parse(data)));
    socket.addEventListener("close", () => {
      if (lost < ATTEMPTS) setTimeout(open, PAUSE * 2 ** lost);
      lost += 1;
    });
  };
  open();
}
