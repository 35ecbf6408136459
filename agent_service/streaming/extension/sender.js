// Captures one tab, encodes each picture once as H.264 and sends it to the service.
// Each message is one byte of flags (the temporal layer starts at its third bit), then the Annex B chunk. The service
// answers in JSON: `{key: true}` asks for a key frame, `{demand: …}` says what the viewers can make use of from now on.

const KEY = 1;
const FRESH = 2; // a new picture, not the last one again
const LAYER_SHIFT = 2;
const SETTLED_AFTER = 150; // ms without a new picture, then the page is taken to be at rest
const CHECK_EVERY = 500; // ms, of a page at rest
const REPEAT_AFTER = 300; // ms without a new picture; people should see at least two a second
const TICK = 75; // ms
const EARLY = 0.75; // of the time between two pictures, because they do not arrive evenly
const MAX_QUEUED = 2; // pictures in the encoder; beyond that new ones are skipped
const MAX_UNSENT = 1 << 20; // bytes

let current = null;

class Sender {
  #socket;
  #track;
  #encoder;
  #ticks;
  #isStopped = false;
  #last = null;
  #lastSent = 0;
  #lastIsNew = true;
  #keyWanted = true;
  #quietSince = Infinity; // the beginning, the last picture, or the last time one was asked for
  #isChecked = false;
  #asked = null; // the stream whose start asks for the present picture
  #size;
  #demand;

  async start({ streamId, address, width, height, fps, demand }) {
    // First of all, since a tab whose stream was promised and never taken cannot be captured again.
    this.#track = await capture(streamId, width, height, fps);
    if (!this.#isStopped) this.#socket = await connect(address);
    if (this.#isStopped) throw new Error("another capture has begun");
    this.#size = { width, height };
    this.#encoder = new VideoEncoder({
      output: (chunk, metadata) => this.#send(chunk, metadata?.svc?.temporalLayerId ?? 0),
      error: () => this.stop(),
    });
    this.#adapt(demand);
    this.#socket.onmessage = ({ data }) => this.#told(JSON.parse(data));
    this.#socket.onclose = () => this.stop();
    this.#quietSince = performance.now(); // the first picture, too, may be left out
    this.#ticks = setInterval(() => {
      this.#check();
      this.#repeatLast();
    }, TICK);
    this.#pump();
  }

  #told({ key, demand }) {
    if (demand) this.#adapt(demand);
    if (key) this.#sendKey();
  }

  // A reconfigured encoder goes on without a key frame, but only a key frame carries what the layers need.
  #adapt(demand) {
    const before = this.#demand;
    this.#demand = demand;
    this.#keyWanted ||= demand.is_layered !== before?.is_layered;
    if (JSON.stringify(demand) === JSON.stringify(before) || this.#encoder.state === "closed") return;
    this.#encoder.configure({
      codec: "avc1.42001f",
      avc: { format: "annexb" },
      latencyMode: "realtime",
      scalabilityMode: demand.is_layered ? "L1T3" : "L1T1",
      framerate: demand.fps,
      bitrate: demand.bitrate,
      ...this.#size,
    });
  }

  stop() {
    this.#isStopped = true;
    clearInterval(this.#ticks);
    this.#asked?.cancel();
    this.#asked = null;
    this.#track?.stop();
    if (this.#encoder && this.#encoder.state !== "closed") this.#encoder.close();
    this.#last?.close();
    this.#last = null;
    this.#socket?.close();
  }

  // Every picture is taken, and what is not wanted left unencoded: a limit on the track's frame rate would leave out
  // whichever comes too soon, also the last one before a page comes to rest, and the page be shown as it was before.
  async #pump() {
    const processor = new MediaStreamTrackProcessor({ track: this.#track, maxBufferSize: 1 });
    const reader = processor.readable.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      this.#last?.close();
      this.#last = value;
      this.#arrived();
      if (performance.now() - this.#lastSent >= (EARLY * 1000) / this.#demand.fps) this.#encode();
    }
    this.stop();
  }

  #arrived() {
    this.#quietSince = performance.now();
    this.#isChecked = this.#asked !== null;
    this.#lastIsNew ||= !this.#isChecked;
    this.#asked?.cancel();
    this.#asked = null;
  }

  // The capture itself also leaves out what comes too soon after another picture, and the last one before a page comes to
  // rest may be among them, or what comes just after this check. The start of another stream has it deliver the present one.
  #check() {
    if (performance.now() - this.#quietSince < (this.#isChecked ? CHECK_EVERY : SETTLED_AFTER)) return;
    this.#asked?.cancel();
    this.#asked = new MediaStreamTrackProcessor({ track: this.#track, maxBufferSize: 1 }).readable;
    this.#quietSince = performance.now();
  }

  #encode() {
    if (!this.#last || this.#encoder.state !== "configured") return;
    if (this.#encoder.encodeQueueSize >= MAX_QUEUED || this.#socket.bufferedAmount > MAX_UNSENT) return;
    // The encoder may drop a picture, so the timestamp carries what `#send` must know: an even one is fresh.
    const timestamp = Math.round(performance.now() * 500) * 2 + (this.#lastIsNew ? 0 : 1);
    const frame = new VideoFrame(this.#last, { timestamp });
    this.#encoder.encode(frame, { keyFrame: this.#keyWanted });
    frame.close();
    this.#keyWanted = this.#lastIsNew = false;
    this.#lastSent = performance.now();
  }

  #sendKey() {
    this.#keyWanted = true;
    this.#encode();
  }

  #repeatLast() {
    const due = this.#lastIsNew ? 1000 / this.#demand.fps : REPEAT_AFTER;
    if (performance.now() - this.#lastSent >= due) this.#encode();
  }

  #send(chunk, layer) {
    const message = new Uint8Array(1 + chunk.byteLength);
    const isFresh = chunk.timestamp % 2 === 0;
    message[0] = (chunk.type === "key" ? KEY : 0) | (isFresh ? FRESH : 0) | (layer << LAYER_SHIFT);
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
  const sender = new Sender();
  current = sender;
  try {
    await sender.start(settings);
  } catch (error) {
    sender.stop();
    throw error;
  }
}

chrome.runtime.onMessage.addListener((message, _sender, reply) => {
  handle(message).then(
    () => reply({}),
    (error) => reply({ error: String(error) }),
  );
  return true; // the answer comes later
});
