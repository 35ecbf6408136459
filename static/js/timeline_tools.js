// Searching the timeline and narrowing it to some kinds of rows, without leaving the page and its picture.

import { isSingleKey } from "./shortcuts.js";
import { loadRows, showWindow } from "./timeline.js";

const tools = document.querySelector("form[data-timeline-tools]");
const scroll = document.querySelector("[data-live-scroll]");
let searching = new AbortController();

const kinds = () => new FormData(tools).getAll("kinds");
const wanted = () => tools.elements.q.value.trim();

/** The address of the page as it is shown now, so that a reload or a link shows the same. */
function keepInAddress(more = {}) {
  const address = new URL(location.href);
  address.search = new URLSearchParams([...kinds().map((kind) => ["kinds", kind]), ...Object.entries(more)]);
  address.hash = "";
  history.replaceState(history.state, "", address);
}

async function search(page) {
  searching.abort();
  searching = new AbortController();
  const { signal } = searching;
  const query = { q: wanted(), ...(page ? { page } : {}) };
  if (!query.q) return close();
  const address = new URL(document.querySelector("[data-live-window]").dataset.address, location.href);
  address.search = new URLSearchParams([...kinds().map((kind) => ["kinds", kind]), ...Object.entries(query)]);
  const fresh = await loadRows(address, signal);
  if (signal.aborted) return;
  if (!fresh) return tools.submit(); // the page itself says what is wrong
  const found = document.getElementById("timeline-found");
  const said = fresh.querySelector("[role=status]").textContent;
  fresh.querySelector("[role=status]").textContent = "";
  found.replaceWith(fresh);
  fresh.querySelector("[role=status]").textContent = said; // said in a place that was there before, it is read out
  scroll.hidden = true;
  keepInAddress(query);
}

function close() {
  searching.abort();
  document.getElementById("timeline-found").hidden = true;
  scroll.hidden = false;
  keepInAddress();
}

async function show(query) {
  if (!(await showWindow(query, kinds()))) return false;
  tools.elements.q.value = "";
  close();
  keepInAddress(query);
  const row = document.querySelector("#timeline [aria-current]");
  row?.scrollIntoView({ block: "center" });
  row?.focus({ preventScroll: true });
  return true;
}

function goInstead(event, work) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab was asked for
  event.preventDefault();
  const { href } = event.target.closest("a");
  work.then((done) => done === false && location.assign(href));
}

function begin() {
  tools.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
  tools.addEventListener("change", async ({ target }) => {
    if (target.name !== "kinds") return;
    await showWindow({}, kinds());
    wanted() ? search() : keepInAddress();
  });
  tools.elements.q.addEventListener("input", () => wanted() || close());
  const panel = tools.closest("section");
  panel.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (link?.matches("[data-jump]")) goInstead(event, show({ around: link.dataset.jump }));
    else if (link?.matches("[data-newest]")) goInstead(event, show({}));
    else if (link?.matches("[data-found-page]")) goInstead(event, search(link.dataset.foundPage));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || !isSingleKey(event)) return;
    event.preventDefault();
    document.getElementById(panel.getAttribute("aria-labelledby"))?.click();
    tools.elements.q.focus();
    tools.elements.q.select();
  });
}

if (tools) begin();
