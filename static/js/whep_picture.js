// A picture in a <video> by WebRTC, from the offer on: given up where no frame comes in time, or none any more.

import { watchHealth } from "./picture_health.js";
import { LOST } from "./picture_words.js";
import { NoPicture, Whep } from "./whep.js";

const FIRST_FRAME = 10_000;
const STALLED = 5000;

export class WhepPicture {
  #video;
  #whep;
  #hears;
  #waiting;
  #stopHealth = () => {};
  #isClosed = false;

  /**
   * `offer` is Whep's; this throws where the browser makes no connections. `arrived()` hears of the first frame, `told`
   * each second of how it does, `connected` of whether it is, and `failed` of its end: it is then still to be closed.
   */
  constructor(video, offer, { patience = FIRST_FRAME, lost = LOST, stalled = lost, mayStandStill = false, ...hears }) {
    this.#whep = new Whep(offer);
    this.#video = video;
    this.#hears = hears;
    this.lost = lost;
    this.stalled = stalled;
    this.mayStandStill = mayStandStill;
    this.#waiting = setTimeout(() => this.#fail(new NoPicture(lost)), patience);
    this.#whep.peer.onconnectionstatechange = () => this.#follow();
    this.#show();
  }

  /** What first_offer.js shows already is not begun anew, and may be a still picture that no other frame follows. */
  #show() {
    const { stream } = this.#whep;
    if (this.#video.srcObject === stream && this.#video.readyState > 1) queueMicrotask(() => this.#arrive());
    else this.#video.requestVideoFrameCallback(() => this.#arrive());
    if (this.#video.srcObject !== stream) this.#video.srcObject = stream;
  }

  async open() {
    try {
      await this.#whep.open();
      if (!this.#isClosed) await this.#video.play();
    } catch (error) {
      this.#fail(error instanceof NoPicture ? error : new NoPicture(this.lost));
    }
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#waiting);
    this.#stopHealth();
    this.#whep.close();
    this.#video.srcObject = null;
  }

  #follow() {
    const { connectionState } = this.#whep.peer;
    if (connectionState === "failed") this.#fail(new NoPicture(this.lost));
    else if (!this.#isClosed) this.#hears.connected?.(connectionState === "connected" && this.#video.readyState > 1);
  }

  #arrive() {
    if (this.#isClosed) return;
    clearTimeout(this.#waiting);
    this.#hears.arrived();
    this.#stopHealth = watchHealth(this.#video, this.#whep.peer, (report) => {
      if (report.silence > STALLED && !this.mayStandStill) this.#fail(new NoPicture(this.stalled));
      else this.#hears.told(report);
    });
  }

  #fail(error) {
    if (!this.#isClosed) this.#hears.failed(error);
  }
}
