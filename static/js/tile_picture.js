// One tile's picture: live while it may be, its last frame while it rests, words where there is none.

import { backOff } from "./backoff.js";
import { CONNECTING, NOT_MADE } from "./picture_words.js";
import { NoPicture } from "./whep.js";
import { WhepPicture } from "./whep_picture.js";

const RETRY = { first: 1000, longest: 15_000 };
const LOST = "The picture does not reach this browser. Trying again …";

export class TilePicture {
  #picture = null;
  #retry = 0;
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
    else if (!this.#picture && !this.#retry) this.#connect();
  }

  /** Hold no stream; what was last seen stays, and says since when. */
  rest() {
    this.#failures = 0;
    this.#close();
    this.tell();
  }

  /** Say how old a picture is that is not live; to be called each second. */
  tell() {
    if (this.#picture || this.#retry) return;
    if (this.#noPicture) this.#say("none", this.#noPicture);
    else if (this.#stillSince) this.#say("still", `still · ${Math.round((Date.now() - this.#stillSince) / 1000)} s`);
    else this.#say("none", "");
  }

  get #noPicture() {
    return this.tile.dataset.noPicture;
  }

  #connect() {
    if (!this.#stillSince) this.#say("none", CONNECTING);
    const offer = { offerUrl: this.tile.dataset.offerUrl, iceServers: this.iceServers };
    try {
      this.#picture = new WhepPicture(this.video, offer, {
        lost: LOST,
        mayStandStill: this.frame.dataset.stillFrames === "no",
        arrived: () => {
          this.#failures = 0;
          this.#say("live", "live");
        },
        told: ({ fps, delay }) => this.#say("live", `live · ${delay === null ? "" : `${delay} ms · `}${fps} fps`),
        failed: (error) => this.#fail(error),
      });
    } catch {
      this.#fail(new NoPicture(NOT_MADE));
      return;
    }
    this.#picture.open();
  }

  #fail(error) {
    this.#close();
    this.#failures += 1;
    this.#say(this.#stillSince ? "still" : "none", this.#noPicture || error.message);
    if (error.isFinal) return;
    this.#retry = setTimeout(() => {
      this.#retry = 0;
      this.show();
    }, backOff(this.#failures, RETRY));
  }

  #close() {
    clearTimeout(this.#retry);
    this.#retry = 0;
    if (!this.#picture) return;
    this.#keepFrame();
    this.#picture.close();
    this.#picture = null;
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
