// Whether the person sees what they act on: nothing is sent where there is no picture, or an old one.

const STALE = 2000;

export class Sight {
  #lastFrame = null;

  constructor(frame, video) {
    this.frame = frame;
    this.video = video;
    video.requestVideoFrameCallback(() => this.#note());
  }

  #note() {
    this.#lastFrame = performance.now();
    this.video.requestVideoFrameCallback(() => this.#note());
  }

  /** Milliseconds since the last frame; null where that says nothing, or there was none. */
  get age() {
    if (this.frame.dataset.stillFrames === "no" || this.#lastFrame === null) return null;
    return Math.round(performance.now() - this.#lastFrame);
  }

  /** Why nothing can be sent just now; empty where it can. */
  why() {
    if (document.documentElement.dataset.live === "no") return "The dashboard is not reached just now.";
    if (this.frame.dataset.way === "web-view") return "Input needs the picture by WebRTC: the web view does not tell how old it is.";
    if (this.frame.dataset.picture !== "up") return "There is no picture just now.";
    if (this.frame.dataset.stillFrames === "no") return "";
    if (this.age === null) return "No frame has come yet.";
    return this.age > STALE ? `The picture is ${(this.age / 1000).toFixed(1)} s old.` : "";
  }
}
