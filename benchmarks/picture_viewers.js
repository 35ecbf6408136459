// Viewers of a picture: what `picture_viewers.py` puts into their page, after `BITS` and `SIZE` of the stamps.

window.viewers = [];
window.watch = async (endpoint, isShown) => {
  const began = performance.now();
  const viewer = { took: {}, delays: [] };
  const peer = new RTCPeerConnection();
  peer.addTransceiver("video", { direction: "recvonly" });
  peer.onconnectionstatechange = () => {
    if (peer.connectionState === "connected") viewer.took.connected ??= performance.now() - began;
  };
  viewer.frames = async () => {
    const inbound = [...(await peer.getStats()).values()].find(({ type }) => type === "inbound-rtp");
    return inbound?.framesDecoded ?? 0;
  };
  viewer.close = () => peer.close();
  viewers.push(viewer);
  if (isShown) show(peer, viewer, began);
  await peer.setLocalDescription();
  const headers = { "Content-Type": "application/sdp" };
  const answer = await fetch(endpoint, { method: "POST", headers, body: peer.localDescription.sdp });
  if (answer.status !== 201) throw new Error(`answered ${answer.status}`);
  await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
  viewer.took.answered = performance.now() - began;
};
function show(peer, viewer, began) {
  const video = document.createElement("video");
  video.muted = video.autoplay = true;
  document.body.append(video);
  peer.ontrack = ({ receiver, track }) => {
    receiver.jitterBufferTarget = 0;
    video.srcObject = new MediaStream([track]);
  };
  const arrived = () => {
    viewer.took.picture ??= performance.now() - began;
    note(video, viewer);
    video.requestVideoFrameCallback(arrived);
  };
  video.requestVideoFrameCallback(arrived);
}
window.watchJpegs = (address) => {
  const viewer = { delays: [], close: () => socket.close() };
  viewers.push(viewer);
  const canvas = Object.assign(document.createElement("canvas"), { width: 1024, height: 600 });
  document.body.append(canvas);
  const socket = new WebSocket(address);
  socket.onmessage = async ({ data }) => {
    const picture = await createImageBitmap(data);
    requestAnimationFrame(() => {
      canvas.getContext("2d").drawImage(picture, 0, 0);
      note(canvas, viewer);
    });
  };
};
const strip = new OffscreenCanvas(2 * BITS * SIZE, SIZE).getContext("2d", { willReadFrequently: true });
let last = null;
function note(picture, viewer) {
  const at = Date.now() % 2 ** BITS;
  strip.drawImage(picture, 0, 0, 2 * BITS * SIZE, SIZE, 0, 0, 2 * BITS * SIZE, SIZE);
  const { data } = strip.getImageData(0, SIZE / 2, 2 * BITS * SIZE, 1);
  const isSet = (index) => data[4 * (index * SIZE + SIZE / 2)] > 127;
  let stamp = 0;
  for (let bit = 0; bit < BITS; bit++) {
    if (isSet(bit) === isSet(BITS + bit)) return; // not legible
    stamp += isSet(bit) * 2 ** bit;
  }
  if (stamp !== last) viewer.delays.push(at - stamp);
  last = stamp;
}
window.until = (condition, within = 30000) => new Promise((resolve, reject) => {
  const deadline = performance.now() + within;
  const look = async () => {
    if (await condition()) resolve();
    else if (performance.now() > deadline) reject(new Error(`not so in time: ${condition}`));
    else setTimeout(look, 20);
  };
  look();
});
