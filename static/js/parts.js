// Parts of a page that hold nothing to press or type in: pushed whole, and known by their id.

import { writeNames } from "./names.js";
import { parse, patch } from "./patch.js";
import { writeTimes } from "./time.js";

export function applyParts(parts) {
  for (const [id, html] of Object.entries(parts)) {
    const part = document.getElementById(id);
    if (!part) continue;
    patch(part, parse(html).firstElementChild);
    writeTimes(part);
    writeNames(part);
  }
  document.dispatchEvent(new CustomEvent("watchfloor:applied"));
}
