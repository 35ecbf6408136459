// The service's own page for the picture, in a frame that can do nothing but show it.

import { NoPicture, ask, giveBack } from "./whep.js";

export class WebView {
  #place;
  #url;
  #frame = null;
  #onFail;

  constructor(place, url, onFail) {
    this.#place = place;
    this.#url = url;
    this.#onFail = onFail;
  }

  get isOpen() {
    return this.#frame !== null;
  }

  /** Answers whether the frame was put up; `onFail` hears why not. */
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
    } catch (error) {
      if (frame === this.#frame) this.#onFail(error instanceof NoPicture ? error : new NoPicture("The web view failed."));
      return false;
    }
    if (frame !== this.#frame) {
      giveBack(frame.viewing); // closed while it was asked for
      return false;
    }
    this.#place.append(frame);
    return true;
  }

  close() {
    if (this.#frame?.viewing) giveBack(this.#frame.viewing);
    this.#frame?.remove();
    this.#frame = null;
  }
}
