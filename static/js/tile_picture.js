// One tile's picture: live while it may be, its last frame while it rests, words where there is none.

import { backOff } from "./backoff.js";
import { watchHealth } from "./picture_health.js";
import { CONNECTING } from "./picture_words.js";
import { NoPicture, Whep } from "./whep.js";

const RETRY = { first: 1000, longest: 15_000 };
const FIRST_FRAME = 10_000;
const STALLED = 5000;

export class TilePicture {
  #whep = null;
  #stopHealth = () => {};
  #timer = 0;
  #failures = 0;
  #stillSince = 0;

  constructor(tile, iceServers) {
    this.tile = tile;
    this.iceServers = iceServers;
    const frame = tile.querySelector("[data-tile-picture]");
    this.frame = frame;
    this.video = frame.querySelector("video");
    this.video.muted = true; // else no browser starts it by itself
    this.still = frame.querySelector("canvas");
    this.words = frame.querySelector("figcaption");
  }

  /** Be live, unless it is, or is about to be, or cannot be. */
  show() {
    if (this.#noPicture) this.rest();
    else if (!this.#whep && !this.#timer) this.#connect();
  }

  /** Hold no stream; what was last seen stays, and says since when. */
  rest() {
    this.#failures = 0;
    this.#close();
    this.tell();
  }

  /** Say how old a picture is that is not live; to be called each second. */
  tell() {
    if (this.#whep || this.#timer) return;
    if (this.#noPicture) this.#say("none", this.#noPicture);
    else if (this.#stillSince) this.#say("still", `still · ${Math.round((Date.now() - this.#stillSince) / 1000)} s`);
    else this.#say("none", "");
  }

  get #noPicture() {
    return this.tile.dataset.noPicture;
  }

  async #connect() {
    const whep = new Whep({ offerUrl: this.tile.dataset.offerUrl, iceServers: this.iceServers });
    this.#whep = whep;
    if (!this.#stillSince) this.#say("none", CONNECTING);
    whep.peer.onconnectionstatechange = () => whep.peer.connectionState === "failed" && this.#fail(whep);
    this.#timer = setTimeout(() => this.#fail(whep), FIRST_FRAME);
    this.video.srcObject = whep.stream;
    this.video.requestVideoFrameCallback(() => this.#arrived(whep));
    try {
      await whep.open();
      if (whep === this.#whep) await this.video.play();
    } catch (error) {
      this.#fail(whep, error instanceof NoPicture ? error : undefined);
    }
  }

  #arrived(whep) {
    if (whep !== this.#whep) return;
    clearTimeout(this.#timer);
    this.#timer = this.#failures = 0;
    this.#say("live", "live");
    this.#stopHealth = watchHealth(this.video, whep.peer, ({ fps, delay, silence }) => {
      if (silence > STALLED) this.#fail(whep);
      else this.#say("live", `live · ${delay === null ? "" : `${delay} ms · `}${fps} fps`);
    });
  }

  #fail(whep, error = new NoPicture("The picture does not reach this browser. Trying again …")) {
    if (whep !== this.#whep) return; // of a connection given up before
    this.#close();
    this.#failures += 1;
    this.#say(this.#stillSince ? "still" : "none", this.#noPicture || error.message);
    if (error.isFinal) return;
    const delay = backOff(this.#failures, RETRY);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.show();
    }, delay);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (!this.#whep) return;
    this.#stopHealth();
    this.#keepFrame();
    this.#whep.close();
    this.#whep = null;
    this.video.srcObject = null;
  }

  #keepFrame() {
    if (this.frame.dataset.picture !== "live") return;
    this.still.getContext("2d").drawImage(this.video, 0, 0, this.still.width, this.still.height);
    this.#stillSince = Date.now();
  }

  #say(picture, words) {
    this.frame.dataset.picture = picture;
    if (this.words.textContent !== words) this.words.textContent = words;
  }
}
