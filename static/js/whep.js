// One WebRTC connection to a picture, asked for through the dashboard: the service's own address is never known here.

const GATHERING = 2000;
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
  #place = null;

  constructor({ offerUrl, iceServers }) {
    this.#offerUrl = offerUrl;
    this.stream = new MediaStream();
    this.peer = new RTCPeerConnection({ iceServers });
    this.peer.ontrack = ({ track }) => this.stream.addTrack(track);
    for (const kind of ["video", "audio"]) this.peer.addTransceiver(kind, { direction: "recvonly" });
  }

  /** May be closed at any moment meanwhile, and then ends without a word. */
  async open() {
    await this.peer.setLocalDescription();
    await gathered(this.peer);
    if (this.#isClosed) return;
    const { answer, place } = await offer(this.#offerUrl, this.peer.localDescription.sdp);
    this.#place = place;
    if (this.#isClosed) this.close();
    else await this.peer.setRemoteDescription({ type: "answer", sdp: answer });
  }

  get #isClosed() {
    return this.peer.signalingState === "closed";
  }

  /** Give the picture back; `keepalive` lets the request outlive the page. */
  close() {
    this.peer.close();
    if (this.#place) giveBack(this.#place);
    this.#place = null;
  }
}

export function giveBack(place) {
  fetch(place, { method: "DELETE", headers: csrf(), keepalive: true }).catch(() => {});
}

/** POST to an address of ours; raises NoPicture with the words of whatever answered. */
export async function ask(url, { body = null, type = "text/plain" } = {}) {
  const response = await fetch(url, {
    method: "POST",
    body,
    headers: { ...csrf(), "Content-Type": type, Accept: "application/json" },
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER),
  }).catch(() => {
    throw new NoPicture("The dashboard cannot be reached.");
  });
  if (response.type === "opaqueredirect") throw new NoPicture("You are signed out: reload to sign in.", { isFinal: true });
  if (!response.ok) throw await refusal(response);
  return response;
}

async function refusal(response) {
  const { message, is_final: isFinal } = await response.json().catch(() => ({}));
  return new NoPicture(message ?? `The dashboard answered ${response.status}.`, { isFinal });
}

async function offer(url, sdp) {
  const response = await ask(url, { body: sdp, type: "application/sdp" });
  return { answer: await response.text(), place: response.headers.get("Location") };
}

export function csrf() {
  return { "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "" };
}

/** All candidates belong into the offer, but one that never comes is not waited for. */
function gathered(peer) {
  return new Promise((resolve) => {
    const done = () => peer.iceGatheringState === "complete" && resolve();
    peer.addEventListener("icegatheringstatechange", done);
    setTimeout(resolve, GATHERING);
    done();
  });
}
