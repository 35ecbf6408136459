// Shows on the picture where each input landed, and what became of it.

import { pictureBox } from "./picture_point.js";

const SHOWN = 1600;

export class Landings {
  constructor(video, size) {
    this.video = video;
    this.size = size;
    this.place = document.createElement("div");
    this.place.className = "landings";
    this.place.setAttribute("aria-hidden", "true");
    video.parentElement.append(this.place);
  }

  /** Put a mark where the input is to land; the answer is to be given to `end`. */
  show(input) {
    const mark = document.createElement("span");
    mark.className = "x" in input ? "landing" : "landing key-landing";
    mark.dataset.state = "sent";
    if ("x" in input) this.#putAt(mark, input);
    else mark.textContent = input.kind === "type" ? "typed" : input.key;
    this.place.append(mark);
    return mark;
  }

  end(mark, isTaken) {
    mark.dataset.state = isTaken ? "taken" : "refused";
    setTimeout(() => mark.remove(), SHOWN);
  }

  #putAt(mark, { x, y }) {
    const box = pictureBox(this.video, this.size);
    const frame = this.place.getBoundingClientRect();
    mark.style.left = `${box.left - frame.left + (x / this.size.width) * box.width}px`;
    mark.style.top = `${box.top - frame.top + (y / this.size.height) * box.height}px`;
  }
}
