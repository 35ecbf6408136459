// Asks for a session's picture, and connects, before anything else of the page is there; whep.js takes it over. It is no
// module, since those run only after the page, and it waits for no candidates, since a page that loads hears of them late:
// the service learns them from the browser's own checks. Where that is not enough, live_view.js soon makes a full offer.
{
  const { offerUrl, token } = document.currentScript.dataset;

  function begin() {
    const peer = new RTCPeerConnection();
    for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
    const response = send(peer);
    return { peer, response, taken: response.then((answer) => take(peer, answer)) };
  }

  async function send(peer) {
    await peer.setLocalDescription();
    const headers = { "X-CSRFToken": token, "Content-Type": "application/sdp", Accept: "application/json" };
    return fetch(offerUrl, { method: "POST", body: peer.localDescription.sdp, headers, redirect: "manual" });
  }

  async function take(peer, answer) {
    if (answer.status !== 201) return;
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  }

  if (globalThis.RTCPeerConnection) {
    globalThis.firstOffer = begin();
    globalThis.firstOffer.taken.catch(() => {}); // whoever takes it over hears of it
  }
}
