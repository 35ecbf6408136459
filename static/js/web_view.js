// The service's own page for the picture, in a frame that can do nothing but show it.

import { NoPicture, ask, giveBack } from "./whep.js";

const LOADING = 15_000;

export class WebView {
  #video;
  #url;
  #frame = null;

  constructor(video, url) {
    this.#video = video;
    this.#url = url;
  }

  get isOpen() {
    return this.#frame !== null;
  }

  /** Answers whether the page has loaded, or was closed meanwhile; raises NoPicture. */
  async open() {
    const frame = document.createElement("iframe");
    frame.title = "Live view, as the service's web view";
    frame.setAttribute("sandbox", "allow-scripts");
    frame.referrerPolicy = "no-referrer";
    this.#frame = frame;
    try {
      const response = await ask(this.#url);
      frame.viewing = response.headers.get("Location");
      frame.src = (await response.json()).page;
      if (frame === this.#frame) await this.#putUp(frame);
    } catch (error) {
      if (frame === this.#frame) throw error instanceof NoPicture ? error : new NoPicture("The web view failed.");
    }
    if (frame === this.#frame) return true;
    end(frame); // closed while it was asked for
    return false;
  }

  /** Over the video and under the words, which go when the page is there. */
  #putUp(frame) {
    return new Promise((resolve, reject) => {
      frame.addEventListener("load", resolve, { once: true });
      setTimeout(() => reject(new NoPicture("The web view does not load.")), LOADING);
      this.#video.after(frame);
    });
  }

  close() {
    if (this.#frame) end(this.#frame);
    this.#frame = null;
  }
}

function end(frame) {
  frame.remove();
  if (frame.viewing) giveBack(frame.viewing);
  frame.viewing = null;
}
