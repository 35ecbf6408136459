// The picture: by WebRTC, again and again until it comes; by the web view where it does not come that way.

import { watchHealth } from "./picture_health.js";
import { WebView } from "./web_view.js";
import { NoPicture, Whep } from "./whep.js";

const FIRST_RETRY = 500;
const LONGEST_RETRY = 8000;
const FIRST_FRAME = 10_000;
const STALLED = 5000;
const FAILURES = 3;
const FIRST_MESSAGE = 500;
/** A picture nobody looks at for so long is given back: the service stops capturing it. */
const HIDDEN = 60_000;

class LiveView {
  #whep = null;
  #stopHealth = () => {};
  #retry = 0;
  #firstFrame = 0;
  #failures = 0;
  #way = "webrtc";
  #isAsleep = false;

  constructor(frame) {
    this.frame = frame;
    this.video = frame.querySelector("video");
    this.video.muted = true; // else no browser starts it by itself
    this.reason = frame.querySelector("[data-live-view-reason]");
    this.reason.setAttribute("role", "status");
    this.health = frame.querySelector("[data-live-view-health]");
    this.webView = new WebView(this.video.parentElement, frame.dataset.webViewUrl, (error) => this.#fail(error));
    for (const button of frame.querySelectorAll("[data-live-view-way]")) {
      button.addEventListener("click", () => this.choose(button.dataset.liveViewWay));
    }
  }

  /** Show a picture by the way chosen, or say why there is none. */
  start() {
    if (this.#isAsleep || this.#isRunning) return;
    const why = reasonInPage();
    if (why) this.stop(why);
    else if (this.#way === "webrtc") this.#connect();
    else this.webView.open().then((isUp) => isUp && this.#show("live · web view"));
  }

  stop(why = "") {
    clearTimeout(this.#retry);
    clearTimeout(this.#firstFrame);
    this.#retry = 0;
    this.#stopHealth();
    this.#whep?.close();
    this.#whep = null;
    this.webView.close();
    this.video.srcObject = null;
    this.#sayUp(false);
    if (why) this.#say(why);
  }

  choose(way, why = "") {
    this.stop();
    this.#way = this.frame.dataset.way = way;
    this.#failures = 0;
    for (const button of this.frame.querySelectorAll("[data-live-view-way]")) {
      button.setAttribute("aria-pressed", String(button.dataset.liveViewWay === way));
    }
    this.#say(why || "Connecting to the picture …");
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

  async #connect() {
    const whep = new Whep({ offerUrl: this.frame.dataset.offerUrl, iceServers: iceServers(this.frame) });
    this.#whep = whep;
    whep.peer.onconnectionstatechange = () => {
      if (whep.peer.connectionState === "failed") this.#fail(lostOnTheWay(), whep);
      else if (whep === this.#whep) this.#sayUp(whep.peer.connectionState === "connected" && this.video.readyState > 1);
    };
    this.#firstFrame = setTimeout(() => this.#fail(lostOnTheWay(), whep), FIRST_FRAME);
    this.video.srcObject = whep.stream;
    this.video.requestVideoFrameCallback(() => whep === this.#whep && this.#arrived());
    try {
      await whep.open();
      if (whep === this.#whep) await this.video.play();
    } catch (error) {
      this.#fail(error instanceof NoPicture ? error : lostOnTheWay(), whep);
    }
  }

  #arrived() {
    clearTimeout(this.#firstFrame);
    this.#failures = 0;
    this.#show("live · WebRTC");
    this.#sayUp(true);
    const whep = this.#whep;
    this.#stopHealth = watchHealth(this.video, whep.peer, ({ fps, delay, silence }) => {
      const isStalled = silence > STALLED && this.frame.dataset.stillFrames !== "no";
      if (isStalled) this.#fail(new NoPicture("The picture stood still; connecting again …"), whep);
      else this.health.textContent = `live · ${fps} fps · ${delay === null ? "" : `${delay} ms · `}WebRTC`;
    });
  }

  #fail(error, whep = this.#whep) {
    if (whep !== this.#whep) return; // of a connection given up before
    this.#failures += 1;
    const way = this.#way;
    this.stop(reasonInPage() || error.message);
    if (error.isFinal) return;
    if (way === "webrtc" && this.#failures >= FAILURES) {
      this.choose("web-view", "The picture does not come by WebRTC; trying the web view …");
      return;
    }
    const delay = Math.min(FIRST_RETRY * 2 ** this.#failures, LONGEST_RETRY) * (0.7 + 0.6 * Math.random());
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

function lostOnTheWay() {
  return new NoPicture("The picture does not reach this browser: the network between may block it. Trying again …");
}

function reasonInPage() {
  return document.getElementById("session-header")?.dataset.noPicture ?? "";
}

function iceServers(frame) {
  return JSON.parse(frame.dataset.iceServers || "[]");
}

const frame = document.querySelector("[data-live-view]");
if (frame) {
  const view = new LiveView(frame);
  let hiding = 0;
  // The socket's first message says how things stand now; without it the page's own word is taken.
  setTimeout(() => view.reconsider(), FIRST_MESSAGE);
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
