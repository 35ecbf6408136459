// Shows the newest picture, again and again: each request is answered when the picture has changed.
// It loads images instead of using fetch, because within a sandboxed frame every fetch is cross-origin.

const FIRST_PAUSE = 500; // ms after a failure, doubled each time up to the longest
const LONGEST_PAUSE = 5000;
const PATIENCE = 10000; // ms for one picture

const notice = document.getElementById("notice");

let picture = document.getElementById("picture");
let count = 0;
let pause = FIRST_PAUSE;

function load() {
  const next = new Image();
  const late = setTimeout(() => settle(fail), PATIENCE);
  const settle = (react) => {
    clearTimeout(late);
    next.onload = next.onerror = null;
    react(next);
  };
  next.onload = () => settle(show);
  next.onerror = () => settle(fail);
  count += 1;
  next.src = `frame?n=${count}`;
}

function show(next) {
  next.alt = picture.alt;
  picture.replaceWith(next);
  picture = next;
  notice.hidden = true;
  pause = FIRST_PAUSE;
  load();
}

function fail(next) {
  next.src = ""; // aborts a request that may still be running
  notice.textContent = picture.hidden
    ? "There is no picture. The session may have ended; trying again…"
    : "The picture has stopped. The session may have ended; trying again…";
  notice.hidden = false;
  setTimeout(load, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
}

// An image requested earlier would hold up this event, and so the page around the frame, for ever.
addEventListener("load", () => setTimeout(load));
