// How the picture does: frames counted as they are shown, delay as the browser's own statistics tell it.

/**
 * Watch a video until the answer is called. `onSecond` is called each second, with the frames in it and, in milliseconds,
 * their delay, the silence since the last of them, and the connection's round trip; null is what is not known.
 */
export function watchHealth(video, peer, onSecond) {
  let frames = 0;
  let lastFrame = performance.now();
  let before = null;
  let isOver = false;

  function count() {
    frames += 1;
    lastFrame = performance.now();
    if (!isOver) video.requestVideoFrameCallback(count);
  }

  async function look() {
    const stats = await peer.getStats();
    if (isOver) return;
    const now = readStats(stats);
    // No frames are shown, nor counted, in a hidden page: what was decoded is then the sign of life.
    if (document.hidden && now.decoded !== before?.decoded) lastFrame = performance.now();
    const report = {
      fps: frames,
      delay: delayBetween(before, now),
      silence: performance.now() - lastFrame,
      roundTrip: now.roundTrip === null ? null : Math.round(now.roundTrip * 1000),
    };
    before = now;
    frames = 0;
    onSecond(report);
  }

  video.requestVideoFrameCallback(count);
  const timer = setInterval(look, 1000);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

function readStats(stats) {
  const found = { decoded: 0, waited: 0, emitted: 0, decoding: 0, roundTrip: null };
  for (const report of stats.values()) {
    if (report.type === "inbound-rtp" && report.kind === "video") {
      found.decoded = report.framesDecoded ?? 0;
      found.waited = report.jitterBufferDelay ?? 0;
      found.emitted = report.jitterBufferEmittedCount ?? 0;
      found.decoding = report.totalDecodeTime ?? 0;
    } else if (report.type === "candidate-pair" && report.nominated) {
      found.roundTrip = report.currentRoundTripTime ?? null;
    }
  }
  return found;
}

/** Milliseconds from the service's network to the screen, over the last second; null without frames in it. */
function delayBetween(before, now) {
  const frames = now.emitted - (before?.emitted ?? 0);
  if (frames <= 0) return null;
  const waited = (now.waited - (before?.waited ?? 0)) / frames;
  const decoding = (now.decoding - (before?.decoding ?? 0)) / frames;
  return Math.round((waited + decoding + now.roundTrip / 2) * 1000);
}
