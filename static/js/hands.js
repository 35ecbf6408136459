// A person's hands on the picture, as the few things the agent service understands: clicks, text, keys with a name.

import { pointOn } from "./picture_point.js";

const NAMED = new Set([
  ...["Enter", "Escape", "Tab", "Backspace", "Delete", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"],
  ...["PageUp", "PageDown", "Home", "End"],
]);
/** A click waits this long for a second one, so that a double click is not three. */
const SECOND_CLICK = 220;
/** Pixels a pointer may move between press and release, and a wheel before it turns a page. */
const STILL = 8;
const PAGE_OF_WHEEL = 100;
const WHEEL_GAP = 150;

export class Hands {
  #letGo = null;
  #pending = null;
  #pressedAt = null;
  #wheel = 0;
  #turnedAt = 0;

  /** `act(input)` and `say(words)` hear what is done, and what cannot be. */
  constructor(video, size, { act, say, leave }) {
    this.video = video;
    this.size = size;
    this.act = act;
    this.say = say;
    this.leave = leave;
  }

  take() {
    if (this.#letGo) return;
    this.#letGo = new AbortController();
    const { signal } = this.#letGo;
    const on = (target, name, does, options = {}) => target.addEventListener(name, does, { signal, ...options });
    this.video.tabIndex = 0;
    on(this.video, "pointerdown", (event) => this.#press(event));
    on(this.video, "click", (event) => this.#click(event));
    on(this.video, "contextmenu", (event) => this.#refuse(event, "A right click cannot be sent."));
    on(this.video, "keydown", (event) => this.#key(event));
    on(this.video, "wheel", (event) => this.#turn(event), { passive: false });
    on(this.video, "blur", () => this.#settleClick());
    on(document, "paste", (event) => this.#paste(event));
  }

  letGo() {
    this.#letGo?.abort();
    this.#letGo = null;
    clearTimeout(this.#pending?.timer);
    this.#pending = null;
    this.video.removeAttribute("tabindex");
  }

  #press(event) {
    this.#pressedAt = event;
    this.video.focus({ preventScroll: true });
  }

  #click(event) {
    const { clientX, clientY, detail } = event;
    // Where it was pressed, which is told in parts of a pixel, as a click is not.
    const from = this.#pressedAt ?? event;
    this.#pressedAt = null;
    if (Math.hypot(clientX - from.clientX, clientY - from.clientY) > STILL) return this.say("Dragging cannot be sent.");
    const point = pointOn(this.video, this.size, from);
    if (!point) return this.say("That is beside the picture: nothing was sent.");
    if (detail === 2 && this.#pending) {
      clearTimeout(this.#pending.timer);
      this.#pending = null;
      return this.act({ kind: "double_click", ...point });
    }
    this.#settleClick();
    this.#pending = { point, timer: setTimeout(() => this.#settleClick(), SECOND_CLICK) };
  }

  /** No second click has come, or something else was done: it was one click. */
  #settleClick() {
    if (!this.#pending) return;
    const { point, timer } = this.#pending;
    clearTimeout(timer);
    this.#pending = null;
    this.act({ kind: "click", ...point });
  }

  #key(event) {
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (event.isComposing) return;
    if (key === "Escape" && shiftKey) {
      event.preventDefault();
      return this.leave();
    }
    const isCombined = (ctrlKey || metaKey || altKey) && !event.getModifierState("AltGraph");
    if (isCombined || (key === "Tab" && shiftKey)) return; // the browser's own; Shift+Tab leads out of the picture
    const isText = [...key].length === 1;
    if (!isText && !NAMED.has(key)) return;
    event.preventDefault();
    this.#settleClick();
    this.act(isText ? { kind: "type", text: key } : { kind: "key", key });
  }

  #paste(event) {
    const text = event.clipboardData?.getData("text/plain");
    if (document.activeElement !== this.video || !text) return;
    event.preventDefault();
    this.#settleClick();
    this.act({ kind: "type", text });
  }

  /** The service knows no wheel: a good turn of it is a page. */
  #turn(event) {
    if (event.ctrlKey) return; // the browser's zoom
    event.preventDefault();
    this.#wheel += event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : 40);
    const now = performance.now();
    if (Math.abs(this.#wheel) < PAGE_OF_WHEEL || now - this.#turnedAt < WHEEL_GAP) return;
    const key = this.#wheel > 0 ? "PageDown" : "PageUp";
    this.#wheel = 0;
    this.#turnedAt = now;
    this.#settleClick();
    this.act({ kind: "key", key });
  }

  #refuse(event, words) {
    event.preventDefault();
    this.say(words);
  }
}
