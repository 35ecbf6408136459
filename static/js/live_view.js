// The picture: by WebRTC, again and again until it comes; where it does not come that way, by the web view, until it does.

import { backOff } from "./backoff.js";
import { PictureLine } from "./picture_line.js";
import { CONNECTING, ENDING, NOT_MADE, STALLED } from "./picture_words.js";
import { howItDoes, iceServers, isEnding, reasonInPage, waysInPage } from "./picture_words.js";
import { WebView } from "./web_view.js";
import { NoPicture, dropFirstOffer, takeFirstOffer } from "./whep.js";
import { WhepPicture } from "./whep_picture.js";

const RETRY = { first: 500, longest: 8000 };
/** For the first frame of the offer that was made before the page was there: see first_offer.js. */
const PATIENCE_WITH_FIRST = 5000;
const FAILURES = 3;
/** How long the web view stands in for the way that was wished for before that is tried again, unseen. */
const STAND_IN = 20_000;
/** A picture nobody looks at for so long is given back: the service stops capturing it. */
const HIDDEN = 60_000;

class LiveView {
  #picture = null;
  #retry = 0;
  #another = 0;
  #failures = 0;
  #way = "webrtc";
  /** What a person chose, or would have; the other way only stands in for it. */
  #wished = "webrtc";
  #isAsleep = false;

  constructor(frame) {
    this.frame = frame;
    this.video = frame.querySelector("video");
    this.video.muted = true; // else no browser starts it by itself
    this.webView = new WebView(this.video, frame.dataset.webViewUrl);
    this.line = new PictureLine(frame, (way) => {
      this.#wished = way;
      this.choose(way);
    });
    if (!reasonInPage()) this.line.say(CONNECTING);
  }

  /** Show a picture by the way chosen, or say why there is none. */
  start() {
    if (this.#isAsleep || this.#isRunning) return;
    const why = reasonInPage();
    const ways = waysInPage();
    this.line.offer(ways);
    if (why || isEnding()) this.stop(why || ENDING);
    else if (!ways.includes(this.#way)) this.choose(ways[0]);
    else if (this.#way === "webrtc") this.#connect();
    else this.#openWebView();
  }

  stop(why = "") {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.webView.close();
    this.#disconnect();
    if (why) this.line.say(why);
  }

  choose(way, why = "") {
    this.stop();
    this.#turnTo(way);
    this.line.say(why || CONNECTING);
    this.start();
  }

  /** The page's state has changed: there may be a picture now, or none any more. */
  reconsider() {
    const why = reasonInPage();
    if (why || (isEnding() && !this.line.isShown)) this.stop(why || ENDING);
    else this.start();
  }

  sleep(why = "The picture rests while nobody looks at this page.") {
    this.#isAsleep = true;
    this.stop(why);
  }

  wake() {
    this.#isAsleep = false;
    this.start();
  }

  get #isRunning() {
    return Boolean(this.#picture || this.#retry || this.webView.isOpen);
  }

  #turnTo(way) {
    this.#way = way;
    this.#failures = 0;
    this.line.mark(way);
  }

  get #standsIn() {
    return this.#way !== this.#wished && waysInPage().includes(this.#wished);
  }

  async #openWebView() {
    try {
      if (!(await this.webView.open())) return;
    } catch (error) {
      this.#recover(error);
      return;
    }
    this.line.show("web view"); // how that page does, nobody here can know
    this.#tryAnotherTime();
  }

  #tryAnotherTime() {
    if (this.#standsIn && !isEnding()) this.#another = setTimeout(() => this.#connect(), STAND_IN);
  }

  /** Also while the web view stands in: it covers the video until a frame has come. */
  #connect() {
    const begun = takeFirstOffer();
    const offer = { offerUrl: this.frame.dataset.offerUrl, iceServers: iceServers(this.frame), begun };
    try {
      this.#picture = new WhepPicture(this.video, offer, {
        patience: begun ? PATIENCE_WITH_FIRST : undefined,
        mayStandStill: this.frame.dataset.stillFrames === "no",
        stalled: STALLED,
        arrived: () => this.#arrived(),
        connected: (isUp) => this.line.mayBeActedOn(isUp),
        told: (report) => this.line.show(howItDoes(report)),
        failed: (error) => this.#fail(error),
      });
    } catch {
      this.#fail(new NoPicture(NOT_MADE));
      return;
    }
    this.#picture.open();
  }

  #disconnect() {
    clearTimeout(this.#another);
    this.#picture?.close();
    this.#picture = null;
    dropFirstOffer();
    this.video.srcObject = null;
    this.line.mayBeActedOn(false);
  }

  #arrived() {
    this.webView.close();
    this.#turnTo("webrtc");
    this.line.show("live · WebRTC");
    this.line.mayBeActedOn(true);
  }

  #fail(error) {
    if (this.webView.isOpen && !error.isFinal) {
      this.#disconnect();
      this.#tryAnotherTime();
    } else this.#recover(error);
  }

  #recover(error) {
    this.#failures += 1;
    this.stop(reasonInPage() || error.message);
    if (error.isFinal) return;
    if (this.#standsIn) this.choose(this.#wished, error.message);
    else if (this.#way === "webrtc" && this.#failures >= FAILURES && waysInPage().includes("web-view")) {
      this.choose("web-view", "The picture does not come by WebRTC; trying the web view …");
    } else this.#startLater();
  }

  #startLater() {
    this.#retry = setTimeout(() => {
      this.#retry = 0;
      this.start();
    }, backOff(this.#failures, RETRY));
  }
}

const frame = document.querySelector("[data-live-view]");
if (frame) {
  const view = new LiveView(frame);
  let hiding = 0;
  view.reconsider();
  document.addEventListener("watchfloor:applied", () => view.reconsider());
  document.addEventListener("watchfloor:over", ({ detail }) => view.sleep(detail));
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(() => view.sleep(), HIDDEN);
    else view.wake();
  });
  addEventListener("pagehide", () => view.sleep());
  addEventListener("pageshow", ({ persisted }) => persisted && view.wake());
}
