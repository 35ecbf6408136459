// One WebRTC connection to a picture, asked for through the dashboard: the service's own address is never known here.

import { csrf } from "./csrf.js";

const GATHERING = 2000;
/** Within which a machine's own candidates all come, once one has. */
const OWN_CANDIDATES = 5;
const ANSWER = 12_000;

/** The server's, or our own, sentence on why there is no picture; `isFinal` where asking again cannot help. */
export class NoPicture extends Error {
  constructor(words, { isFinal = false } = {}) {
    super(words);
    this.isFinal = isFinal;
  }
}

export class Whep {
  #offerUrl;
  #begun;
  #place = null;

  /** `begun` is an offer that is under way, and may be answered or even shown already: see first_offer.js. */
  constructor({ offerUrl, iceServers, begun = null }) {
    this.#offerUrl = offerUrl;
    this.#begun = begun;
    this.peer = begun?.peer ?? receiver(iceServers);
    this.stream = begun?.stream ?? new MediaStream();
    this.peer.ontrack = ({ track }) => this.stream.addTrack(track);
  }

  /** May be closed at any moment meanwhile, and then ends without a word. */
  async open() {
    const response = await (this.#begun ? understood(this.#begun.response) : this.#offer());
    if (!response) return;
    this.#place = response.headers.get("Location");
    if (this.#isClosed) this.close();
    else if (this.#begun) await this.#begun.taken;
    else await this.peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
  }

  async #offer() {
    await this.peer.setLocalDescription();
    await gathered(this.peer);
    if (this.#isClosed) return null;
    const { sdp } = this.peer.localDescription;
    return ask(this.#offerUrl, { body: sdp, type: "application/sdp" });
  }

  get #isClosed() {
    return this.peer.signalingState === "closed";
  }

  /** Give the picture back, as soon as it is known which. */
  close() {
    this.peer.close();
    if (this.#place) giveBack(this.#place);
    this.#place = null;
  }
}

/** `keepalive` lets the request outlive the page. */
export function giveBack(place) {
  fetch(place, { method: "DELETE", headers: csrf(), keepalive: true }).catch(() => {});
}

/** POST to an address of ours; raises NoPicture with the words of whatever answered. */
export function ask(url, { body = null, type = "text/plain" } = {}) {
  const headers = { ...csrf(), "Content-Type": type, Accept: "application/json" };
  const signal = AbortSignal.timeout(ANSWER);
  return understood(fetch(url, { method: "POST", body, headers, redirect: "manual", signal }));
}

async function understood(asked) {
  const response = await asked.catch(() => {
    throw new NoPicture("The dashboard cannot be reached.");
  });
  if (response.type === "opaqueredirect") throw new NoPicture("You are signed out: reload to sign in.", { isFinal: true });
  if (response.status !== 201) throw await refusal(response);
  return response;
}

async function refusal(response) {
  const { message, is_final: isFinal } = await response.json().catch(() => ({}));
  return new NoPicture(message ?? `The dashboard answered ${response.status}.`, { isFinal });
}

/** Give back what first_offer.js began, where nobody has taken it over. */
export function dropFirstOffer() {
  const begun = takeFirstOffer();
  if (!begun) return;
  const whep = new Whep({ begun });
  whep.close();
  whep.open().catch(() => {}); // it gives the picture back once the answer says which it is
}

/** What first_offer.js began before there was a page, once. */
export function takeFirstOffer() {
  const begun = globalThis.firstOffer;
  if (!begun || begun.isTakenOver) return undefined;
  begun.isTakenOver = true;
  return begun;
}

function receiver(iceServers) {
  const peer = new RTCPeerConnection({ iceServers });
  for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
  return peer;
}

/**
 * All candidates belong into the offer. Where no server is to be asked for them, those that matter come at once, and what
 * the browser goes on looking for (TCP, for a tenth of a second) is of no use; where one is, it is not waited for for ever.
 */
function gathered(peer) {
  const asksServers = peer.getConfiguration().iceServers.length > 0;
  return new Promise((resolve) => {
    const done = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", done);
    if (!asksServers) peer.addEventListener("icecandidate", () => setTimeout(resolve, OWN_CANDIDATES), { once: true });
    setTimeout(resolve, GATHERING);
    done();
  });
}
