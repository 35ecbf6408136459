// Asks for a session's picture, connects, and shows it before anything else of the page moves; live_view.js takes it over.
// It is no module, since those run only after the page, and it waits for no candidates, since a page that loads hears of
// them late: the service learns them from the browser's own checks. Where that is not enough, live_view.js soon makes a
// full offer.
{
  const { offerUrl, token } = document.currentScript.dataset;
  /** How long the page is not drawn yet: drawing it for the first time would have the answer wait, which mostly comes before. */
  const ANSWER_FIRST = 80;

  function begin() {
    const peer = new RTCPeerConnection();
    const stream = new MediaStream();
    peer.ontrack = ({ track }) => stream.addTrack(track);
    for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
    const response = send(peer);
    const taken = response.then((answer) => take(peer, answer));
    return { peer, stream, response, taken, shown: taken.then(() => show(stream)) };
  }

  async function send(peer) {
    await peer.setLocalDescription();
    const headers = { "X-CSRFToken": token, "Content-Type": "application/sdp", Accept: "application/json" };
    return fetch(offerUrl, { method: "POST", body: peer.localDescription.sdp, headers, redirect: "manual" });
  }

  async function take(peer, answer) {
    if (answer.status !== 201) throw new Error("There is no picture.");
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }

  async function show(stream) {
    await untilRead();
    const video = document.querySelector("[data-live-view] video");
    const arrived = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
    video.muted = true; // else no browser starts it by itself
    video.srcObject = stream;
    await video.play();
    await arrived;
  }

  function untilRead() {
    if (document.readyState !== "loading") return undefined;
    return new Promise((resolve) => document.addEventListener("readystatechange", resolve, { once: true }));
  }

  function drawAfter(taken) {
    const root = document.documentElement;
    const draw = () => delete root.dataset.answerFirst;
    root.dataset.answerFirst = "";
    taken.then(draw, draw);
    setTimeout(draw, ANSWER_FIRST);
  }

  if (globalThis.RTCPeerConnection) {
    globalThis.firstOffer = begin();
    drawAfter(globalThis.firstOffer.taken);
    globalThis.firstOffer.shown.catch(() => {}); // whoever takes it over hears of it
  }
}
