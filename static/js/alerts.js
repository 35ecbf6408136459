// Who is not looking is told: how many wait, in the title; by a notification and by a sound where the person asked for
// them. Permission is asked for by a button alone.

import { beep } from "./sound.js";

const MINE = /^\(\d+\) /;
/** On the desk each thing that waits is known by its address; elsewhere only how many sessions need a person. */
const place = document.querySelector("#desk-summary, [data-needing-place]");
/** The regions of a session's page in which something may wait for a person, or no longer. */
const WAITING = ["session-question", "session-controls"];
let known = null;

function look() {
  if (!place) return;
  const count = needing();
  document.title = `${count ? `(${count}) ` : ""}${document.title.replace(MINE, "")}`;
  const items = [...document.querySelectorAll("#desk-inbox li[data-item-url]")];
  const now = document.getElementById("desk-inbox") ? new Set(items.map((item) => item.dataset.itemUrl)) : count;
  if (known !== null) tell(now, items);
  known = now;
}

function needing() {
  return Number(document.querySelector("[data-needing]")?.dataset.needing ?? 0);
}

function tell(now, items) {
  const fresh = typeof now === "number" ? [] : items.filter((item) => !known.has(item.dataset.itemUrl));
  const more = typeof now === "number" ? now - known : fresh.length;
  if (more <= 0) return;
  if (isOn("sound")) beep();
  if (isOn("notify") && isAllowed()) notify(fresh, more);
}

function notify(fresh, more) {
  const [first] = fresh;
  const title = more === 1 ? first?.querySelector("h3").textContent ?? "A session needs you" : `${more} more need you`;
  const shown = new Notification(title, {
    body: more === 1 ? first?.querySelector(".inbox-text").textContent ?? "" : "",
    tag: `watchfloor-${first?.dataset.itemUrl ?? "needing"}`, // one, however many pages are open
  });
  shown.onclick = () => {
    window.focus();
    shown.close();
    const opens = first?.isConnected && first.querySelector("[data-opens-item]");
    if (opens) opens.click();
    else if (!document.getElementById("desk-inbox")) location.assign(document.body.dataset.desk);
  };
}

const isOn = (alert) => document.body.dataset[alert] === "on";
const isAllowed = () => "Notification" in window && Notification.permission === "granted";

/** Show on the switches what is on, which for notifications the browser has a say in too. */
export function showSwitches(root = document) {
  for (const form of root.querySelectorAll("form[data-alert]")) {
    const { alert } = form.dataset;
    const on = isOn(alert) && (alert !== "notify" || isAllowed());
    const button = form.querySelector("button");
    button.setAttribute("aria-pressed", String(on));
    button.value = on ? "off" : "on";
  }
}

async function turn(form) {
  const { alert } = form.dataset;
  const button = form.querySelector("button");
  const wanted = button.value;
  if (alert === "notify" && wanted === "on" && !(await askBrowser())) {
    button.title = "This browser does not allow notifications from here: its own settings say so.";
    form.querySelector("[role=status]").textContent = button.title;
    return;
  }
  form.querySelector("[role=status]").textContent = "";
  if (alert === "sound" && wanted === "on") beep(); // how it will sound; and a browser wants a press before the first
  const body = new FormData(form);
  body.set(alert, wanted);
  await fetch(form.action, { method: "POST", body, redirect: "manual" });
  document.body.dataset[alert] = wanted;
  showSwitches();
}

async function askBrowser() {
  return "Notification" in window && (await Notification.requestPermission()) === "granted";
}

document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.matches("form[data-alert]")) return;
    event.preventDefault();
    turn(event.target).catch(console.error);
  },
  { capture: true }, // before what guards against sending a form twice
);
document.addEventListener("watchfloor:applied", look);
document.addEventListener("htmx:afterSettle", look);
// A session's page hears at once of what waits on it; of the rest of the team's it asks now and then.
document.addEventListener("watchfloor:region", ({ detail }) => {
  if (WAITING.includes(detail)) window.htmx?.trigger(place, "stale");
});
showSwitches();
look();
