// What is said around the picture: which way it comes, how it does, or why there is none.

export class PictureLine {
  /** `onWay(way)` hears of the way that a person chooses. */
  constructor(frame, onWay) {
    this.frame = frame;
    this.reason = frame.querySelector("[data-live-view-reason]");
    this.reason.setAttribute("role", "status");
    this.health = frame.querySelector("[data-live-view-health]");
    this.ways = frame.querySelector("[data-live-view-ways]");
    this.ways.addEventListener("click", ({ target }) => {
      const way = target.closest("[data-live-view-way]")?.dataset.liveViewWay;
      if (way) onWay(way);
    });
  }

  /** There is something to choose where there is more than one way. */
  offer(ways) {
    this.ways.hidden = ways.length < 2;
  }

  mark(way) {
    this.frame.dataset.way = way;
    for (const button of this.ways.querySelectorAll("[data-live-view-way]")) {
      button.setAttribute("aria-pressed", String(button.dataset.liveViewWay === way));
    }
  }

  /** Whether there is a picture to act on. */
  mayBeActedOn(isUp) {
    this.frame.dataset.picture = isUp ? "up" : "";
  }

  /** There is a picture, and it does so. */
  show(words) {
    this.reason.textContent = "";
    this.health.textContent = words;
  }

  /** There is none, and that is why. */
  say(words) {
    this.reason.textContent = words;
    this.health.textContent = "no picture";
  }

  get isShown() {
    return !this.reason.textContent;
  }
}
