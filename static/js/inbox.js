// The inbox: one of what waits is open at a time, and decided where it stands. What is pushed says what waits; what is
// open was fetched once, and no push replaces a word that somebody types in it.

import { showSwitches } from "./alerts.js";
import { load } from "./fetching.js";
import { TilePicture } from "./tile_picture.js";
import { writeTimes } from "./time.js";

/** What was decided still stands in the list until the agent has it; after that long it is offered again. */
const UNDER_WAY = 10_000;

const page = document.querySelector("main[data-live-desk]");
const tools = document.getElementById("inbox-tools");

if (page && tools) {
  const iceServers = JSON.parse(page.dataset.iceServers || "[]");
  const drafts = new Map();
  const decided = new Map();
  let picture = null;
  let number = 0;

  const place = () => document.getElementById("inbox-place");
  const opened = () => document.getElementById("inbox-opened");
  const items = () => [...document.querySelectorAll("#desk-inbox li[data-item-url]")];
  const itemOf = (url) => items().find((item) => item.dataset.itemUrl === url);
  const box = () => opened()?.querySelector("textarea:not([readonly])");

  place().append(tools.content.cloneNode(true));
  showSwitches(place());

  async function open(url, { said = "" } = {}) {
    const own = ++number;
    const fresh = await load(url);
    if (own !== number) return; // another was opened meanwhile
    if (!fresh) {
      say("That could not be opened: the server cannot be reached. Try again.");
      return;
    }
    close();
    decided.delete(url);
    place().append(fresh);
    window.htmx?.process(fresh);
    writeTimes(fresh);
    if (box() && drafts.has(url)) box().value = drafts.get(url);
    picture = new TilePicture(fresh, iceServers);
    watchPicture();
    say(said);
    mark();
    (box() ?? fresh).focus();
    fresh.scrollIntoView({ block: "nearest" });
  }

  function close() {
    if (!opened()) return;
    if (box()) drafts.set(opened().dataset.itemUrl, box().value);
    picture?.rest();
    picture = null;
    opened().remove();
    mark();
  }

  function openNext({ said = "" } = {}) {
    const now = Date.now();
    const current = opened()?.dataset.itemUrl;
    const left = items().filter(({ dataset: { itemUrl } }) => itemUrl !== current && !(now - decided.get(itemUrl) < UNDER_WAY));
    const next = left.find((item) => isFree(item.dataset.claimedBy)) ?? left[0];
    if (next) {
      open(next.dataset.itemUrl, { said });
      return;
    }
    if (said) close();
    say(`${said} Nothing else waits for a person.`.trim());
    place().querySelector("[data-opens-next]").focus();
  }

  /** What somebody else has comes last. */
  function isFree(claimedBy) {
    return !claimedBy || claimedBy === document.body.dataset.user;
  }

  function follow() {
    const waiting = new Set(items().map((item) => item.dataset.itemUrl));
    for (const kept of [drafts, decided]) for (const url of kept.keys()) if (!waiting.has(url)) kept.delete(url);
    mark();
    const current = opened();
    if (current && !waiting.has(current.dataset.itemUrl) && !isDecided(decisionOf(current))) {
      tellWhatBecame(current);
    }
    if (current && waiting.has(current.dataset.itemUrl)) followClaim(current);
  }

  async function followClaim(current) {
    const wanted = itemOf(current.dataset.itemUrl).dataset.claimedBy;
    const claim = () => current.querySelector("#inbox-claim");
    if (!claim() || claim().dataset.claimedBy === wanted || claim().querySelector(".htmx-request")) return;
    const fresh = (await load(current.dataset.itemUrl))?.querySelector("#inbox-claim");
    if (!fresh || current !== opened() || !claim() || claim().querySelector(".htmx-request")) return;
    const wasInside = claim().contains(document.activeElement);
    claim().replaceWith(fresh);
    window.htmx?.process(fresh);
    if (wasInside) fresh.querySelector("button")?.focus();
  }

  /** Somebody else decided it, or it expired: what was typed stays, to be read and copied. */
  async function tellWhatBecame(current) {
    const fresh = await load(current.dataset.itemUrl);
    const { gone } = (fresh && decisionOf(fresh).dataset) ?? {};
    const decision = decisionOf(current);
    if (!gone || current !== opened() || decision.querySelector(".htmx-request") || isDecided(decision)) return;
    const typed = box();
    decision.dataset.gone = gone;
    showNothingWaits(current, fresh);
    current.querySelector("#inbox-claim")?.remove();
    if (!typed?.value) {
      const wasInside = decision.contains(document.activeElement);
      decision.replaceWith(decisionOf(fresh));
      if (wasInside) current.focus();
      return;
    }
    typed.readOnly = true;
    typed.labels[0].textContent = "What you typed, not sent";
    for (const useless of decision.querySelectorAll(".form-end, .alike, .hint")) useless.remove();
    decision.prepend(decisionOf(fresh).querySelector("[role=status]"));
  }

  /** Its head no longer says that something waits, nor its picture that it is live where the session has ended. */
  function showNothingWaits(current, fresh) {
    delete current.dataset.kind;
    for (const part of current.querySelectorAll("header :is(.chip, .hint)")) part.remove();
    current.dataset.noPicture = fresh.dataset.noPicture;
    watchPicture();
  }

  /** By this page, which then goes on to the next, or by somebody else. */
  function isDecided(decision) {
    return decision.matches("[data-done], [data-gone]");
  }

  function decisionOf(section) {
    return section.querySelector("#inbox-decide");
  }

  function mark() {
    const current = opened()?.dataset.itemUrl;
    for (const item of items()) {
      if (item.dataset.itemUrl === current) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    }
  }

  function watchPicture() {
    if (document.hidden) picture?.rest();
    else picture?.show();
  }

  function say(words) {
    place().querySelector("[data-inbox-said]").textContent = words;
  }

  document.addEventListener("click", (event) => {
    const way = event.target.closest("[data-opens-item], [data-opens-next], [data-closes-item]");
    if (!way || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (way.matches("[data-opens-next]")) openNext();
    else if (way.matches("[data-closes-item]")) leave();
    else open(way.closest("li").dataset.itemUrl);
  });

  function leave() {
    const url = opened()?.dataset.itemUrl;
    close();
    (itemOf(url)?.querySelector("[data-opens-item]") ?? place().querySelector("[data-opens-next]")).focus();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing || !opened()?.contains(event.target)) return;
    event.preventDefault();
    leave();
  });

  document.addEventListener("htmx:afterSettle", () => {
    const { done, also } = opened()?.querySelector("#inbox-decide")?.dataset ?? {};
    const url = opened()?.dataset.itemUrl;
    if (!done || decided.has(url)) return;
    const others = new Set(also.split(" "));
    const alike = items().filter((item) => others.has(item.dataset.item));
    for (const each of [url, ...alike.map((item) => item.dataset.itemUrl)]) decided.set(each, Date.now());
    drafts.delete(url);
    openNext({ said: done });
  });

  document.addEventListener("watchfloor:applied", follow);
  document.addEventListener("visibilitychange", watchPicture);
  addEventListener("pagehide", () => picture?.rest());
  addEventListener("pageshow", ({ persisted }) => persisted && watchPicture());
  setInterval(() => picture?.tell(), 1000);
}
