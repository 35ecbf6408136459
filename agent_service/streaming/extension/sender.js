// Captures one tab, encodes each picture once as H.264 and sends it to the service.
// Each message is one byte of flags, then the Annex B chunk.

const KEY = 1;
const FRESH = 2; // a new picture, not the last one again
const REPEAT_AFTER = 300; // ms without a picture; people shall see at least two a second
const MAX_QUEUED = 2; // pictures in the encoder; beyond that new ones are skipped
const MAX_UNSENT = 1 << 20; // bytes

let current = null;

class Sender {
  #socket;
  #track;
  #encoder;
  #repeat;
  #last = null;
  #lastSent = 0;
  #keyWanted = true;

  async start({ streamId, address, width, height, fps, bitrate }) {
    this.#socket = await connect(address);
    this.#socket.onmessage = () => this.#sendKey(); // the only thing the service ever asks for
    this.#socket.onclose = () => this.stop();
    this.#track = await capture(streamId, width, height, fps);
    this.#encoder = new VideoEncoder({
      output: (chunk) => this.#send(chunk),
      error: () => this.stop(),
    });
    this.#encoder.configure({
      codec: "avc1.42001f",
      avc: { format: "annexb" },
      latencyMode: "realtime",
      framerate: fps,
      width,
      height,
      bitrate,
    });
    this.#repeat = setInterval(() => this.#repeatLast(), REPEAT_AFTER / 4);
    this.#pump();
  }

  stop() {
    clearInterval(this.#repeat);
    this.#track?.stop();
    if (this.#encoder && this.#encoder.state !== "closed") this.#encoder.close();
    this.#last?.close();
    this.#last = null;
    this.#socket?.close();
  }

  async #pump() {
    const processor = new MediaStreamTrackProcessor({ track: this.#track, maxBufferSize: 1 });
    const reader = processor.readable.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      this.#last?.close();
      this.#last = value;
      this.#encode(true);
    }
    this.stop();
  }

  #encode(fresh) {
    if (!this.#last || this.#encoder.state !== "configured") return;
    if (this.#encoder.encodeQueueSize >= MAX_QUEUED || this.#socket.bufferedAmount > MAX_UNSENT) return;
    // The encoder may drop a picture, so what `#send` must know travels in the time stamp: even is fresh.
    const timestamp = Math.round(performance.now() * 500) * 2 + (fresh ? 0 : 1);
    const frame = new VideoFrame(this.#last, { timestamp });
    this.#encoder.encode(frame, { keyFrame: this.#keyWanted });
    frame.close();
    this.#keyWanted = false;
    this.#lastSent = performance.now();
  }

  #sendKey() {
    this.#keyWanted = true;
    this.#encode(false);
  }

  #repeatLast() {
    if (performance.now() - this.#lastSent >= REPEAT_AFTER) this.#encode(false);
  }

  #send(chunk) {
    const message = new Uint8Array(1 + chunk.byteLength);
    message[0] = (chunk.type === "key" ? KEY : 0) | (chunk.timestamp % 2 === 0 ? FRESH : 0);
    chunk.copyTo(message.subarray(1));
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
  }
}

function connect(address) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(address);
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error("the service does not answer"));
  });
}

async function capture(streamId, width, height, fps) {
  const mandatory = {
    chromeMediaSource: "tab",
    chromeMediaSourceId: streamId,
    minWidth: width,
    maxWidth: width,
    minHeight: height,
    maxHeight: height,
    maxFrameRate: fps,
  };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { mandatory } });
  return stream.getVideoTracks()[0];
}

async function handle({ name, ...settings }) {
  current?.stop();
  current = null;
  if (name !== "start") return;
  current = new Sender();
  await current.start(settings);
}

chrome.runtime.onMessage.addListener((message, _sender, reply) => {
  handle(message).then(
    () => reply({}),
    (error) => {
      current?.stop();
      reply({ error: String(error) });
    },
  );
  return true; // the answer comes later
});
