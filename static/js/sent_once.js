// A form that was sent and is come back to still is what was sent, key and all: pressed again it starts nothing twice,
// and changed it is another.

import { newKey } from "./keys.js";

const forms = document.querySelectorAll("form[data-sent-once]");
const cameBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";

for (const form of forms) {
  const { key } = form.elements;
  const place = `sent ${location.pathname}`;
  const sent = sessionStorage.getItem(place);
  if (cameBack && sent) key.value = sent;
  form.addEventListener("submit", () => sessionStorage.setItem(place, key.value));
  form.addEventListener("input", () => {
    if (key.value === sessionStorage.getItem(place)) key.value = newKey();
  });
}
