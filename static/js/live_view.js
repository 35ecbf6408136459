// The picture: by WebRTC, again and again until it comes; where it does not come that way, by the web view, until it does.

import { backOff } from "./backoff.js";
import { CONNECTING, ENDING, iceServers, isEnding, lostOnTheWay, notMade, reasonInPage, waysInPage } from "./picture_words.js";
import { watchHealth } from "./picture_health.js";
import { WebView } from "./web_view.js";
import { NoPicture, Whep } from "./whep.js";

const RETRY = { first: 500, longest: 8000 };
const FIRST_FRAME = 10_000;
/** For the offer that was made before the page was there: see first_offer.js. */
const FIRST_FRAME_OF_FIRST = 5000;
const STALLED = 5000;
const FAILURES = 3;
/** How long the web view stands in for the way that was wished for before that is tried again, unseen. */
const STAND_IN = 20_000;
/** A picture nobody looks at for so long is given back: the service stops capturing it. */
const HIDDEN = 60_000;

class LiveView {
  #whep = null;
  #stopHealth = () => {};
  #retry = 0;
  #firstFrame = 0;
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
    this.reason = frame.querySelector("[data-live-view-reason]");
    this.reason.setAttribute("role", "status");
    this.health = frame.querySelector("[data-live-view-health]");
    this.ways = frame.querySelector("[data-live-view-ways]");
    this.webView = new WebView(this.video, frame.dataset.webViewUrl);
    this.ways.addEventListener("click", ({ target }) => {
      const way = target.closest("[data-live-view-way]")?.dataset.liveViewWay;
      if (!way) return;
      this.#wished = way;
      this.choose(way);
    });
    if (!reasonInPage()) this.#say(CONNECTING);
  }

  /** Show a picture by the way chosen, or say why there is none. */
  start() {
    if (this.#isAsleep || this.#isRunning) return;
    const why = reasonInPage();
    const ways = waysInPage();
    this.ways.hidden = ways.length < 2;
    if (why) this.stop(why);
    else if (isEnding()) this.#say(ENDING);
    else if (!ways.includes(this.#way)) this.choose(ways[0]);
    else if (this.#way === "webrtc") this.#connect();
    else this.#openWebView();
  }

  stop(why = "") {
    clearTimeout(this.#retry);
    this.#retry = 0;
    this.webView.close();
    this.#disconnect();
    if (why) this.#say(why);
  }

  choose(way, why = "") {
    this.stop();
    this.#turnTo(way);
    this.#say(why || CONNECTING);
    this.start();
  }

  /** The page's state has changed: there may be a picture now, or none any more. */
  reconsider() {
    const why = reasonInPage();
    if (why) this.stop(why);
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
    return Boolean(this.#whep || this.#retry || this.webView.isOpen);
  }

  #turnTo(way) {
    this.#way = this.frame.dataset.way = way;
    this.#failures = 0;
    for (const button of this.ways.querySelectorAll("[data-live-view-way]")) {
      button.setAttribute("aria-pressed", String(button.dataset.liveViewWay === way));
    }
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
    this.#show("web view"); // how that page does, nobody here can know
    this.#tryAnotherTime();
  }

  #tryAnotherTime() {
    if (this.#standsIn) this.#another = setTimeout(() => this.#connect(), STAND_IN);
  }

  /** Also while the web view stands in: it covers the video until a frame has come. */
  async #connect() {
    let whep = null;
    try {
      const begun = takeFirstOffer();
      whep = new Whep({ offerUrl: this.frame.dataset.offerUrl, iceServers: iceServers(this.frame), begun });
      this.#await(whep, begun ? FIRST_FRAME_OF_FIRST : FIRST_FRAME);
      await whep.open();
      if (whep === this.#whep) await this.video.play();
    } catch (error) {
      this.#fail(error instanceof NoPicture ? error : whep ? lostOnTheWay() : notMade(), whep);
    }
  }

  #await(whep, patience) {
    this.#whep = whep;
    whep.peer.onconnectionstatechange = () => {
      if (whep.peer.connectionState === "failed") this.#fail(lostOnTheWay(), whep);
      else if (whep === this.#whep) this.#sayUp(whep.peer.connectionState === "connected" && this.video.readyState > 1);
    };
    this.#firstFrame = setTimeout(() => this.#fail(lostOnTheWay(), whep), patience);
    this.video.srcObject = whep.stream;
    this.video.requestVideoFrameCallback(() => whep === this.#whep && this.#arrived());
  }

  #disconnect() {
    clearTimeout(this.#firstFrame);
    clearTimeout(this.#another);
    this.#stopHealth();
    this.#whep?.close();
    this.#whep = null;
    this.video.srcObject = null;
    this.#sayUp(false);
  }

  #arrived() {
    clearTimeout(this.#firstFrame);
    this.webView.close();
    this.#turnTo("webrtc");
    this.#show("live · WebRTC");
    this.#sayUp(true);
    const whep = this.#whep;
    this.#stopHealth = watchHealth(this.video, whep.peer, ({ fps, delay, silence }) => {
      const isStalled = silence > STALLED && this.frame.dataset.stillFrames !== "no";
      if (isStalled) this.#fail(new NoPicture("The picture stood still; connecting again …"), whep);
      else this.health.textContent = `live · ${fps} fps · ${delay === null ? "" : `${delay} ms · `}WebRTC`;
    });
  }

  #fail(error, whep) {
    if (whep !== this.#whep) return; // of a connection given up before
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
    const delay = backOff(this.#failures, RETRY);
    this.#retry = setTimeout(() => {
      this.#retry = 0;
      this.start();
    }, delay);
  }

  /** Whether there is a picture to act on. */
  #sayUp(isUp) {
    this.frame.dataset.picture = isUp ? "up" : "";
  }

  #show(words) {
    this.reason.textContent = "";
    this.health.textContent = words;
  }

  #say(words) {
    this.reason.textContent = words;
    this.health.textContent = "no picture";
  }
}

/** What first_offer.js began before there was a page, once. */
function takeFirstOffer() {
  const begun = globalThis.firstOffer;
  delete globalThis.firstOffer;
  return begun;
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
