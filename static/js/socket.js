// The page's one socket: always open, or about to be. It says how far the page has come once a second.

import { backOff } from "./backoff.js";
import { prepare, sayLive, sayOver, sayPaused } from "./link_state.js";

const RETRY = { first: 500, longest: 5000 };
/** The server gives a sign of life every 5 s; after this long without one the link is taken for dead. */
const SILENCE = 12_000;
const NO_LONGER_ALLOWED = 4403;
/** So far on from what was last acknowledged, more is: half of what the server sends ahead. */
const FAR = 50;

/**
 * `address()` names the socket as it is to be opened now, `number()` is what to acknowledge, and `apply(message)`
 * answers false where the message does not follow on what the page has: it is then asked for again. `beat()` is what the
 * page says of itself each second.
 */
export function keepOpen({ address, number, apply, beat = () => ({}) }) {
  let socket = null;
  let failures = 0;
  let retry = 0;
  let heardAt = Date.now();
  let saidAt = 0;
  let said = 0;
  let isOver = false;

  function open() {
    clearTimeout(retry);
    if (isOver || socket) return;
    let hasOpened = false;
    const opening = new WebSocket(new URL(address(), location.href.replace(/^http/, "ws")));
    socket = opening;
    opening.onopen = () => {
      hasOpened = true;
      heardAt = Date.now();
    };
    opening.onmessage = ({ data }) => opening === socket && hear(JSON.parse(data));
    opening.onclose = ({ code }) => opening === socket && lose({ hasOpened, code });
  }

  function hear(message) {
    heardAt = Date.now();
    failures = 0;
    sayLive();
    if (message.type !== "beat" && apply(message) === false) drop();
    else if (message.more || number() - said >= FAR || Date.now() - saidAt >= 1000) acknowledge();
  }

  function acknowledge() {
    if (socket?.readyState !== WebSocket.OPEN) return;
    saidAt = Date.now();
    said = number();
    socket.send(JSON.stringify({ ack: said, ...beat() }));
  }

  async function lose({ hasOpened, code }) {
    socket = null;
    sayPaused(heardAt);
    if (!hasOpened || code === NO_LONGER_ALLOWED) {
      const end = await reasonForEnd();
      if (end) {
        isOver = true;
        sayOver(end);
        return;
      }
    }
    retry = setTimeout(open, backOff(failures, RETRY));
    failures += 1;
  }

  function drop() {
    const dropped = socket;
    socket = null;
    dropped?.close();
    open();
  }

  function wake() {
    if (document.visibilityState === "visible") socket ? watch() : open();
  }

  function watch() {
    if (socket && Date.now() - heardAt > SILENCE) {
      sayPaused(heardAt);
      heardAt = Date.now(); // a new attempt gets as long
      drop();
    } else {
      acknowledge();
    }
  }

  prepare();
  setInterval(watch, 1000);
  addEventListener("online", wake);
  addEventListener("pageshow", wake);
  document.addEventListener("visibilitychange", wake);
  addEventListener("pagehide", () => {
    const left = socket;
    socket = null;
    left?.close();
  });
  open();
}

/** Ask the page's own address why the socket was refused: a dead server gives no answer, which is no end. */
async function reasonForEnd() {
  try {
    const { type, status } = await fetch(location.pathname, {
      method: "HEAD",
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(5000),
    });
    if (type === "opaqueredirect") return "You are signed out: this page no longer updates. Reload it to sign in again.";
    if (status === 404 || status === 403) return "You may no longer see this, or it is gone: this page no longer updates.";
  } catch {
    // not reached: try again later
  }
  return null;
}
