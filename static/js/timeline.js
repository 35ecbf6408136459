// The log: rows are only ever added, and the reader's place in it is kept.

import { parse } from "./patch.js";

const NEAR_END = 24;

/** Add the rows that are not there yet; answers the seq of the last one. */
export function appendRows(log, html, last) {
  const rows = [...parse(html).querySelectorAll("li[data-seq]")].filter((row) => Number(row.dataset.seq) > last);
  if (!rows.length) return last;
  keepPlace(log, () => log.append(...rows));
  return Number(rows.at(-1).dataset.seq);
}

/** Who reads the end goes on reading the end; who reads further up stays on the row they read. */
function keepPlace(log, change) {
  const frame = log.closest("[data-live-scroll]");
  const anchor = log.lastElementChild;
  if (!frame || !anchor) return change();
  const isReversed = getComputedStyle(frame).flexDirection === "column-reverse";
  const fromEnd = isReversed ? -frame.scrollTop : frame.scrollHeight - frame.clientHeight - frame.scrollTop;
  const before = anchor.getBoundingClientRect().bottom;
  frame.style.overflowAnchor = "none"; // browsers differ in doing it themselves
  change();
  if (fromEnd > NEAR_END) frame.scrollTop += anchor.getBoundingClientRect().bottom - before;
  else frame.scrollTop = isReversed ? 0 : frame.scrollHeight;
}
