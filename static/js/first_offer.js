// Asks for a session's picture before anything else of the page is there; whep.js goes on with it. It is no module, since
// those run only after the page, and it waits for no candidates, since a page that loads hears of them late: the service
// learns them from the browser's own checks. Where that is not enough, live_view.js soon makes a full offer.
{
  const { offerUrl, token } = document.currentScript.dataset;

  function begin() {
    const peer = new RTCPeerConnection();
    for (const kind of ["video", "audio"]) peer.addTransceiver(kind, { direction: "recvonly" });
    const asking = new AbortController();
    return { peer, asking, response: send(peer, asking) };
  }

  async function send(peer, { signal }) {
    await peer.setLocalDescription();
    const headers = { "X-CSRFToken": token, "Content-Type": "application/sdp", Accept: "application/json" };
    return fetch(offerUrl, { method: "POST", body: peer.localDescription.sdp, headers, redirect: "manual", signal });
  }

  if (globalThis.RTCPeerConnection) {
    globalThis.firstOffer = begin();
    globalThis.firstOffer.response.catch(() => {}); // whoever takes it hears of it
  }
}
