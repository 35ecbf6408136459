// What the page says of the picture, and what is said where none comes.

export const CONNECTING = "Connecting to the picture …";
export const ENDING = "The session is about to end.";
export const LOST = "The picture does not reach this browser: the network between may block it. Trying again …";
export const STALLED = "The picture stood still; connecting again …";
export const NOT_MADE = "This browser makes no WebRTC connection. Trying again …";

/** The words for a report of picture_health.js; which transport it is, the buttons beside them say. */
export function howItDoes({ fps, delay, silence, roundTrip }) {
  const old = delay === null ? "" : `${delay} ms old · `;
  const trip = roundTrip === null ? "" : ` · RTT ${roundTrip} ms`;
  return `live · ${fps} fps · ${old}frame ${(silence / 1000).toFixed(1)} s ago${trip}`;
}

/** Why there is no picture, in the server's words; empty where there may be one. */
export function reasonInPage() {
  return document.getElementById("session-header").dataset.noPicture;
}

/** Whether the session's end is asked for: a picture that is there stays, but none is asked for any more. */
export function isEnding() {
  return "isEnding" in document.getElementById("session-header").dataset;
}

/** The ways in which the service offers one, the better first. */
export function waysInPage() {
  return document.getElementById("session-header").dataset.ways.split(" ").filter(Boolean);
}

export function iceServers(frame) {
  return JSON.parse(frame.dataset.iceServers);
}
