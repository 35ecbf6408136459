// Driving the session's browser from the picture: for as long as this page has control, and sees what it acts on.

import { Hands } from "./hands.js";
import { InputQueue } from "./input_queue.js";
import { Landings } from "./landings.js";
import { standing } from "./page_id.js";
import { Sight } from "./sight.js";

const frame = document.querySelector("[data-live-view]");
/** What has to wait until all that was done on the picture is on its way. */
const ENDS = /\/control\/(release|hand-over)\/$/;

class Driving {
  #isOpen = false;

  constructor() {
    const video = frame.querySelector("video");
    const size = { width: Number(frame.dataset.width), height: Number(frame.dataset.height) };
    this.said = frame.querySelector("[data-driving-said]");
    this.sight = new Sight(frame, video);
    this.landings = new Landings(video, size);
    this.queue = new InputQueue({ url: frame.dataset.inputUrl, onEnd: (inputs, why) => this.#end(inputs, why) });
    this.hands = new Hands(video, size, {
      act: (input) => this.act(input),
      say: (words) => this.say(words),
      leave: () => document.querySelector("#session-driving button:enabled")?.focus(),
    });
  }

  /** The server has said anew who drives. */
  reconsider() {
    const { isMine, drives, isOpen, ordinal } = standing();
    for (const part of document.querySelectorAll("[data-driving-here]")) part.hidden = !drives;
    for (const part of document.querySelectorAll("[data-driving-elsewhere]")) part.hidden = !isMine || drives;
    frame.toggleAttribute("data-driven", isOpen);
    if (isOpen === this.#isOpen) return;
    this.#isOpen = isOpen;
    this.say("");
    if (!isOpen) {
      this.hands.letGo();
      return;
    }
    this.queue.begin(ordinal);
    this.hands.take();
  }

  act(input) {
    const why = this.sight.why();
    const mark = this.landings.show(input);
    if (why) {
      this.landings.end(mark, false);
      this.say(`${why} Nothing was sent.`);
      return false;
    }
    this.say(frame.dataset.stillFrames === "no" ? "Sent. The picture’s age is unknown: this service sends no frames of a still page." : "");
    this.queue.put({ ...input, marks: [mark] }, this.sight.age);
    return true;
  }

  say(words) {
    if (this.said.textContent !== words) this.said.textContent = words;
  }

  #end(inputs, why) {
    for (const mark of inputs.flatMap(({ marks }) => marks)) this.landings.end(mark, !why);
    if (why) this.say(why);
  }
}

if (frame) {
  const driving = new Driving();
  driving.reconsider();
  for (const name of ["watchfloor:region", "htmx:afterSettle"]) {
    document.addEventListener(name, () => driving.reconsider());
  }
  document.addEventListener("htmx:confirm", (event) => {
    if (!ENDS.test(event.detail.path)) return;
    event.preventDefault();
    driving.queue.flush().finally(() => event.detail.issueRequest(true));
  });
  // Text from a box: for what no key gives, such as a phone's keyboard, dictation, or another script.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-type-line]")) return;
    event.preventDefault();
    const box = event.target.elements.namedItem("text");
    if (box.value && driving.act({ kind: "type", text: box.value })) box.value = "";
  });
}
