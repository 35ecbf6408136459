// One calm line when the page may be out of date: since when, and what is being done about it.

const PATIENCE = 1500;

const place = document.createElement("div");
place.className = "messages";
place.id = "live-state";
place.setAttribute("role", "status");
place.setAttribute("aria-label", "Live updates");

let waiting = 0;

/** Put the line's place into the page, empty: what is said in a place that was there before is read out. */
export function prepare() {
  document.querySelector("main").before(place);
}

export function sayLive() {
  clearTimeout(waiting);
  waiting = 0;
  document.documentElement.dataset.live = "yes";
  if (place.firstChild) place.replaceChildren();
}

/** A break shorter than most eyes notice is not worth a word. */
export function sayPaused(since) {
  document.documentElement.dataset.live = "no";
  waiting ||= setTimeout(() => {
    say(`Live updates paused, reconnecting … This page may be out of date since ${clock(since)}.`);
  }, PATIENCE);
}

export function sayOver(sentence) {
  clearTimeout(waiting);
  say(sentence);
  document.dispatchEvent(new CustomEvent("watchfloor:over", { detail: sentence }));
}

function say(sentence) {
  const line = document.createElement("p");
  line.className = "message";
  line.dataset.level = "warning";
  line.textContent = sentence;
  place.replaceChildren(line);
}

function clock(moment) {
  return `${new Date(moment).toISOString().slice(11, 19)} UTC`;
}
