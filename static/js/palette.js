// Ctrl K: go to a session or a page, or do what the page at hand offers, by typing a part of its name.

import { parse } from "./patch.js";
import { actions, keysOf, labelOf, withKeys } from "./shortcut_list.js";

const dialog = document.getElementById("palette");
const PAUSE = 120;

let choices = [];
let chosen = 0;
let asking = new AbortController();

const box = () => dialog.querySelector("[role=combobox]");
const list = () => dialog.querySelector("[role=listbox]");

function pages() {
  return [...document.querySelectorAll(".rail a:not(.logo)")].map((link) => ({
    label: `Go to ${labelOf(link)}`,
    keys: keysOf(link),
    run: () => link.click(),
  }));
}

function matching(all, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ label }) => words.every((word) => label.toLowerCase().includes(word)));
}

function optionFor({ label, keys }, number) {
  const option = document.createElement("li");
  option.id = `palette-option-${number}`;
  option.setAttribute("role", "option");
  const name = document.createElement("span");
  name.className = "palette-name";
  name.textContent = label;
  option.append(name);
  if (keys) {
    const kbd = document.createElement("kbd");
    kbd.textContent = keys;
    kbd.setAttribute("aria-hidden", "true");
    option.append(" ", kbd);
  }
  return option;
}

function show(known) {
  asking.abort();
  asking = new AbortController();
  choices = matching(known, box().value);
  list().replaceChildren(...choices.map(optionFor));
  choose(0);
  askForSessions(asking.signal);
}

async function askForSessions(signal) {
  await new Promise((resolve) => setTimeout(resolve, PAUSE));
  if (signal.aborted) return;
  const address = new URL(dialog.dataset.sessions, location.href);
  address.searchParams.set("q", box().value);
  try {
    const response = await fetch(address, { redirect: "error", signal });
    if (!response.ok) return;
    const options = [...parse(await response.text()).querySelectorAll("[role=option]")];
    if (signal.aborted) return;
    choices.push(...options.map((option) => ({ run: () => location.assign(option.dataset.href) })));
    list().append(...options);
    choose(chosen);
    say(choices.length === 1 ? "1 choice" : `${choices.length} choices`);
  } catch {
    say("Sessions cannot be reached just now."); // or something else was typed: then nobody reads it
  }
}

function say(words) {
  dialog.querySelector("[data-palette-said]").textContent = words;
}

function choose(number) {
  const options = [...list().children];
  chosen = options.length ? (number + options.length) % options.length : 0;
  options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
  const option = options[chosen];
  if (option) box().setAttribute("aria-activedescendant", option.id);
  else box().removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

function run(number) {
  const choice = choices[number];
  if (!choice) return;
  dialog.close(); // gives the focus back first, so that what is done may take it
  choice.run();
}

function onKey(event) {
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (event.isComposing) return;
  if (event.key in steps) choose(chosen + steps[event.key]);
  else if (event.key === "Enter") run(chosen);
  else return;
  event.preventDefault();
}

function openPalette() {
  if (document.querySelector("dialog[open]")) return;
  const known = [...actions(), ...pages()].filter(({ label }, at, all) => all.findIndex((one) => one.label === label) === at);
  box().value = "";
  dialog.showModal();
  box().oninput = () => show(known);
  show(known);
}

/** The overlay is made when it opens, of what stands on the page then: it cannot be out of date. */
function listShortcuts() {
  const rows = withKeys().flatMap((element) => {
    const [keys, label] = [document.createElement("dt"), document.createElement("dd")];
    keys.append(Object.assign(document.createElement("kbd"), { textContent: keysOf(element) }));
    label.textContent = labelOf(element) + (element.disabled ? " (not now)" : "");
    return [keys, label];
  });
  document.querySelector("#shortcuts dl").replaceChildren(...rows);
}

if (dialog) {
  for (const button of document.querySelectorAll("[data-needs-script]")) button.hidden = false;
  document.querySelector("[data-palette-open]").addEventListener("click", openPalette);
  document.querySelector("[commandfor=shortcuts]").addEventListener("click", listShortcuts);
  box().addEventListener("keydown", onKey);
  list().addEventListener("click", ({ target }) => run([...list().children].indexOf(target.closest("[role=option]"))));
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    if (event.defaultPrevented) return;
    event.preventDefault();
    dialog.open ? dialog.close() : openPalette();
  });
}
