// The log: a window of rows that follows the end, or stands further up. Rows come in order and once each, whichever way
// they come; those far from what is being read are let go, and come back when they are scrolled to.

import { load } from "./fetching.js";
import { parse } from "./patch.js";
import { farOff, firstInSight, isAtEnd, keepPlace } from "./place.js";

/** Rows on the page at most, and how many are left when some are let go. */
const MOST = 600;
const KEPT = 400;

let loading = new AbortController();

const windowOf = (log) => log.closest("[data-live-window]");
const rowsOf = (log) => [...log.querySelectorAll(":scope > li[data-seq]")];
const seqOf = (row) => Number(row.dataset.seq);
const beyond = (log, side) => windowOf(log)?.querySelector(`[data-beyond="${side}"]`);
const lastToldOf = () => Number(document.querySelector("main").dataset.liveSeq ?? 0);

/** Whether the log goes on to the newest row; where it does not, rows wait on the server until they are scrolled to. */
const followsEnd = (log) => beyond(log, "after")?.hidden !== false;

/** Add those of the pushed rows that are not there yet; `seq` says how far they reach. */
export function appendRows(log, html, seq) {
  if (!followsEnd(log)) return;
  const frame = windowOf(log);
  const through = Number(frame.dataset.through);
  const shown = frame.dataset.kinds ? new Set(frame.dataset.kinds.split(" ")) : null;
  const fresh = [...parse(html).querySelectorAll("li[data-seq]")].filter(
    (row) => seqOf(row) > through && (!shown || shown.has(row.dataset.kind)),
  );
  frame.dataset.through = Math.max(through, seq);
  if (!fresh.length) return;
  const wasAtEnd = isAtEnd(log);
  keepPlace(log, () => log.append(...fresh), { follow: wasAtEnd });
  letGo(log, wasAtEnd);
}

/** Rows far from what is being read leave the page, from the side that is further away. */
function letGo(log, isAtEnd) {
  const rows = rowsOf(log);
  if (rows.length <= MOST) return;
  const reading = isAtEnd ? rows.length : Math.max(0, rows.indexOf(firstInSight(log)));
  const fromTop = reading > rows.length / 2;
  const candidates = fromTop ? rows.slice(0, rows.length - KEPT) : rows.slice(KEPT);
  const dropped = candidates.filter((row) => farOff(log, row) && !row.contains(document.activeElement));
  if (dropped.length !== candidates.length) return;
  keepPlace(log, () => dropped.forEach((row) => row.remove()), { follow: isAtEnd });
  if (fromTop) leadOn(log, "before", seqOf(rows[dropped.length]));
  else {
    windowOf(log).dataset.through = seqOf(rows[KEPT - 1]);
    leadOn(log, "after", seqOf(rows[KEPT - 1]));
  }
}

/** Say that there are more rows before or after `seq`; null: there are none. */
function leadOn(log, side, seq) {
  const place = beyond(log, side);
  place.hidden = seq === null;
  if (seq === null) return;
  place.querySelector("a").href = addressOf(log, { [side]: seq });
  watcher.unobserve(place); // seen anew, so that what is still in sight is loaded at once
  watcher.observe(place);
}

function addressOf(log, query) {
  const address = new URL(windowOf(log).dataset.address, location.href);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  return address;
}

export function loadRows(address, signal) {
  return load(address, { headers: { "HX-Request": "true" }, cache: "no-store", signal });
}

async function loadBeyond(log, side) {
  const place = beyond(log, side);
  if (place.hidden || place.getAttribute("aria-busy") === "true") return;
  const { signal } = loading;
  place.setAttribute("aria-busy", "true");
  const fresh = await loadRows(place.querySelector("a").href, signal);
  place.removeAttribute("aria-busy");
  if (fresh && !signal.aborted) side === "before" ? prepend(log, fresh) : extend(log, fresh);
}

function prepend(log, fresh) {
  const oldest = Number(log.querySelector("li[data-seq]")?.dataset.seq ?? Infinity);
  const rows = rowsOf(fresh.querySelector("ol")).filter((row) => seqOf(row) < oldest);
  const spoken = log.closest("[role=log]");
  spoken.setAttribute("aria-live", "off"); // what happened long ago is not read out as news
  keepPlace(log, () => log.prepend(...rows), { follow: false });
  setTimeout(() => spoken.removeAttribute("aria-live"), 500);
  leadOn(log, "before", fresh.querySelector('[data-beyond="before"]').hidden ? null : seqOf(rows[0]));
  letGo(log, false);
}

function extend(log, fresh) {
  const frame = windowOf(log);
  const through = Number(frame.dataset.through);
  const rows = rowsOf(fresh.querySelector("ol")).filter((row) => seqOf(row) > through);
  keepPlace(log, () => log.append(...rows), { follow: false });
  frame.dataset.through = Math.max(through, Number(fresh.dataset.through));
  joinEnd(log, fresh);
  letGo(log, false);
}

/** The end is reached when nothing is missing up to what the socket has told meanwhile. */
function joinEnd(log, fresh) {
  const through = Number(windowOf(log).dataset.through);
  const hasMore = !fresh.querySelector('[data-beyond="after"]').hidden || through < lastToldOf();
  leadOn(log, "after", hasMore ? through : null);
}

/** Another window instead of this one: rows around one of them, the newest, or fewer kinds. */
export async function showWindow(query, kinds) {
  loading.abort();
  loading = new AbortController();
  const { signal } = loading;
  const log = document.getElementById("timeline");
  const address = new URL(windowOf(log).dataset.address, location.href);
  address.search = new URLSearchParams([...kinds.map((kind) => ["kinds", kind]), ...Object.entries(query)]);
  const fresh = await loadRows(address, signal);
  if (!fresh || signal.aborted) return false;
  windowOf(log).replaceWith(fresh);
  begin(document.getElementById("timeline"));
  return true;
}

const watcher = new IntersectionObserver(
  (seen) => {
    for (const { isIntersecting, target } of seen) {
      const log = target.closest("[data-live-window]")?.querySelector("ol");
      if (isIntersecting && log) loadBeyond(log, target.dataset.beyond);
    }
  },
  { root: document.querySelector("[data-live-scroll]"), rootMargin: "600px 0px" },
);

function begin(log) {
  const frame = windowOf(log);
  for (const place of frame.querySelectorAll("[data-beyond]")) {
    watcher.observe(place);
    place.addEventListener("click", (event) => {
      event.preventDefault();
      loadBeyond(log, place.dataset.beyond);
    });
  }
  if (lastToldOf() > Number(frame.dataset.through) && followsEnd(log)) joinEnd(log, frame);
  const row = frame.dataset.around && log.querySelector(`[data-seq="${CSS.escape(frame.dataset.around)}"]`);
  if (!row) return;
  row.setAttribute("aria-current", "true");
  row.tabIndex = -1;
  row.scrollIntoView({ block: "center" });
}

const log = document.querySelector("[data-live-scroll] #timeline");
if (log) begin(log);
