// Countdowns and relative times: the markup holds the moment, this writes how far away it is.

const SOON = 30;
/** Seconds before a session's time limit at which its page warns. */
const ENDING = 60;

export function writeTimes(root = document) {
  const now = Date.now();
  for (const each of root.querySelectorAll("time[data-countdown]")) writeCountdown(each, now);
  for (const each of root.querySelectorAll("[data-ending]")) {
    each.hidden = moment(each.dataset.ending) - now > ENDING * 1000;
  }
  for (const each of root.querySelectorAll("time[data-since]")) write(each, ago((now - moment(each.dataset.since)) / 1000));
}

function writeCountdown(element, now) {
  const left = Math.max(0, Math.ceil((moment(element.dataset.countdown) - now) / 1000));
  const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  if (element.hasAttribute("data-in")) write(element, left ? `in ${clock}` : "now");
  else if (element.closest("dd")) write(element, left ? clock : "time is up");
  else write(element, left ? `${clock} left` : "time is up");
  element.toggleAttribute("data-soon", left <= SOON);
}

function write(element, words) {
  if (!element.title) element.title = element.textContent.trim();
  if (element.textContent !== words) element.textContent = words;
}

function ago(seconds) {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

function moment(text) {
  return new Date(text).getTime();
}

writeTimes();
setInterval(writeTimes, 1000);
