// What every page does by itself: tabs out of sections, copying, and the words for a request that failed.

/** What a session's page waits for its picture, at most, before it does anything else. */
const PICTURE_FIRST = 300;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// What only a script can do is in sight from here on.
document.documentElement.dataset.script = "";

/** Turn links to sections into tabs; without this script the sections simply follow each other. */
function makeTabs(frame) {
  const list = frame.querySelector(".tabs");
  const tabs = [...list.querySelectorAll("a")].map((link) => {
    const panel = document.querySelector(link.hash);
    const tab = document.createElement("button");
    tab.type = "button";
    tab.id = `tab-${panel.id}`;
    tab.textContent = link.textContent;
    if (link.dataset.shortcut) tab.dataset.shortcut = link.dataset.shortcut;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    link.replaceWith(tab);
    return { tab, panel };
  });
  list.setAttribute("role", "tablist");
  frame.classList.add("tabbed");

  function choose(chosen, { focus = false } = {}) {
    for (const each of tabs) {
      const isChosen = each === chosen;
      each.tab.setAttribute("aria-selected", String(isChosen));
      each.tab.tabIndex = isChosen ? 0 : -1;
      each.panel.hidden = !isChosen;
    }
    if (focus) chosen.tab.focus();
  }

  for (const [at, each] of tabs.entries()) {
    const ways = { Home: 0, End: -1, ArrowRight: (at + 1) % tabs.length, ArrowLeft: at - 1 };
    each.tab.addEventListener("click", () => choose(each));
    each.tab.addEventListener("keydown", (event) => {
      if (!(event.key in ways)) return;
      event.preventDefault();
      choose(tabs.at(ways[event.key]), { focus: true });
    });
  }
  choose(tabs.find(({ panel }) => `#${panel.id}` === location.hash) ?? tabs[0]);
}

/** Copy the text beside a button, and say on the button that it worked. */
async function copyFrom(button) {
  const from = button.dataset.copyFrom;
  const texts = from
    ? [...document.querySelectorAll(from)]
    : [...button.closest("li").querySelectorAll("details > .row-text, li > div > .row-text")];
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(texts.map((one) => one.textContent.trim()).join("\n\n"));
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copying is not allowed here";
  }
  setTimeout(() => {
    button.textContent = label;
  }, 2000);
}

function say(words) {
  const message = document.createElement("p");
  message.className = "message";
  message.dataset.level = "error";
  message.dataset.said = "";
  message.textContent = words;
  document.getElementById("messages")?.replaceChildren(message);
}

/** The sentence an error page gives, or one of our own where the answer has none. */
function reasonIn(request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const reason = page.querySelector("[data-reason]")?.textContent;
  return reason ?? `That was not done: the server answered ${request.status}.`;
}

for (const frame of document.querySelectorAll("[data-tabs]")) makeTabs(frame);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (button) copyFrom(button);
});

/** What the page asks for by itself fails in silence: only what a person pressed is answered in words. */
const wasPressed = ({ elt, requestConfig }) => requestConfig.verb !== "get" || elt.matches("[data-opens-dialog]");

function whenPressed(event, words) {
  document.addEventListener(event, ({ detail }) => {
    if (wasPressed(detail)) say(words(detail));
  });
}
whenPressed("htmx:responseError", ({ xhr }) => reasonIn(xhr));
whenPressed("htmx:sendError", () => "That was not sent: the server cannot be reached. Try again.");
whenPressed("htmx:timeout", () => "No answer came in time. Reload to see what happened.");
document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.requestConfig.verb !== "get") document.querySelector("#messages [data-said]")?.remove();
});

// Who was signed out meanwhile gets a sentence, not the sign-in page in the middle of this one.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (new URL(detail.xhr.responseURL, location.href).pathname !== document.body.dataset.signIn) return;
  detail.shouldSwap = false;
  if (detail.requestConfig.verb !== "get") say("That was not done: you are signed out. Reload this page to sign in again.");
});

// Each looks for its own elements, and does nothing where there are none. A page without them is still a page.
const EVERYWHERE = () => [
  import("./controls.js"),
  import("./time.js"),
  import("./names.js"),
  import("./alerts.js"),
  import("./bulk.js"),
  import("./checks.js"),
  import("./palette.js"),
];
const DESK = () => [import("./desk.js"), import("./inbox.js"), import("./wall.js"), import("./walk.js")];
const SESSION = () => [
  import("./live_view.js"),
  import("./live.js"),
  import("./timeline_tools.js"),
  import("./replay.js"),
  import("./driving.js"),
  import("./picture_size.js"),
];

function load(parts) {
  for (const loading of parts()) loading.catch(console.error);
}

if (globalThis.firstOffer) await Promise.race([globalThis.firstOffer.shown.catch(() => {}), pause(PICTURE_FIRST)]);
load(EVERYWHERE);
if (document.querySelector("main[data-live-desk]")) load(DESK);
if (document.querySelector("main[data-live-session]")) load(SESSION);
