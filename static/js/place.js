// The reader's place in the log: who reads the end goes on reading the end, who reads further up stays on their row.

const NEAR_END = 24;
/** What is this many heights of the frame away is out of mind. */
const FAR = 3;

const frameOf = (log) => log.closest("[data-live-scroll]");
const isReversed = (frame) => getComputedStyle(frame).flexDirection === "column-reverse";

export function isAtEnd(log) {
  const frame = frameOf(log);
  if (!frame) return false;
  const left = isReversed(frame) ? -frame.scrollTop : frame.scrollHeight - frame.clientHeight - frame.scrollTop;
  return left <= NEAR_END;
}

export function firstInSight(log) {
  const top = frameOf(log).getBoundingClientRect().top;
  const rows = log.children;
  let [low, high] = [0, rows.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].getBoundingClientRect().bottom > top) high = middle;
    else low = middle + 1;
  }
  return rows[low] ?? null;
}

export function farOff(log, row) {
  const frame = frameOf(log).getBoundingClientRect();
  const { top, bottom } = row.getBoundingClientRect();
  return bottom < frame.top - FAR * frame.height || top > frame.bottom + FAR * frame.height;
}

/** Change the log; with `follow` its end comes into sight, else what was in sight stays where it was. */
export function keepPlace(log, change, { follow }) {
  const frame = frameOf(log);
  if (!frame || frame.hidden) return change();
  const anchor = follow ? null : firstInSight(log);
  const before = anchor?.getBoundingClientRect().top;
  change();
  if (follow) frame.scrollTop = isReversed(frame) ? 0 : frame.scrollHeight;
  else if (anchor?.isConnected) frame.scrollTop += anchor.getBoundingClientRect().top - before;
}
