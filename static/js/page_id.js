// This page's own name, by which control is this page's and no other's; a reload keeps it.

import { newKey } from "./keys.js";

const KEY = "watchfloor.page";

export const pageId = sessionStorage.getItem(KEY) ?? newKey();
sessionStorage.setItem(KEY, pageId);

/** How things stand for this page, as the server last said it. */
export function standing() {
  const { state, page, open, ordinal } = document.getElementById("session-driving")?.dataset ?? {};
  const isMine = state === "mine";
  const drives = isMine && page === pageId;
  return { isMine, drives, isOpen: drives && open === "yes", ordinal: Number(ordinal ?? 0) };
}

/** What the page's beat says of it. */
export function beat() {
  return standing().drives ? { drives: pageId } : {};
}

document.addEventListener("htmx:configRequest", ({ detail }) => {
  detail.headers["X-Page"] = pageId;
});
