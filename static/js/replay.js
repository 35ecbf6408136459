// An ended session's steps, one by one: the rows of a step are marked and brought into sight, from wherever they are.

import { loadRows, showWindow } from "./timeline.js";

let looking = new AbortController();

const barOf = (element) => element.closest("[data-replay]");
const kinds = () => new FormData(document.querySelector("form[data-timeline-tools]")).getAll("kinds");
const rows = () => [...document.querySelectorAll("#timeline > li[data-seq]")];

function numberFor(bar, wish) {
  const at = Number(bar.querySelector("[data-step-slider]").value);
  const last = Number(bar.dataset.steps);
  const begun = "at" in bar.dataset;
  const to = { first: 1, previous: begun ? at - 1 : last, next: begun ? at + 1 : 1, last }[wish];
  return Math.min(Math.max(to, 1), last);
}

async function show(bar, number) {
  looking.abort();
  looking = new AbortController();
  const { signal } = looking;
  bar.querySelector("[data-step-slider]").value = number;
  bar.dataset.at = number;
  const address = new URL(bar.dataset.replay, location.href);
  address.searchParams.set("step", number);
  const said = await loadRows(address, signal);
  if (!said || signal.aborted) return;
  bar.querySelector("[data-replay-said]").replaceChildren(said);
  const [first, last] = [Number(said.dataset.first), Number(said.dataset.last)];
  if (!inPage(last) && !(await showWindow({ around: last }, kinds()))) return;
  if (!signal.aborted) mark(first, last);
}

const inPage = (seq) => document.getElementById(`row-${seq}`) !== null;

function mark(first, last) {
  for (const row of rows()) {
    const seq = Number(row.dataset.seq);
    row.toggleAttribute("data-replayed", seq >= first && seq <= last);
    row.removeAttribute("aria-current");
  }
  const marked = document.querySelectorAll("#timeline > [data-replayed]");
  const newest = marked[marked.length - 1];
  if (!newest) return; // rows of this kind are left out by the reader's own choice
  newest.setAttribute("aria-current", "step");
  newest.scrollIntoView({ block: "center" });
}

document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-step]");
  if (button) show(barOf(button), numberFor(barOf(button), button.dataset.step));
});
document.addEventListener("input", ({ target }) => {
  if (target.matches("[data-step-slider]")) show(barOf(target), Number(target.value));
});

/** Without this script there is only the timeline, which is enough to read. */
function reveal() {
  for (const bar of document.querySelectorAll("[data-replay][hidden]")) bar.hidden = false;
}

const panel = document.getElementById("panel-timeline");
if (panel) {
  reveal();
  new MutationObserver(reveal).observe(panel, { childList: true }); // the bar comes with the session's end
}
