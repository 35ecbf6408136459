// The desk: tiles change where they stand; they change places only while nobody points at or stands on one.

import { writeNames } from "./names.js";
import { applyParts } from "./parts.js";
import { parse, patch } from "./patch.js";
import { keepOpen } from "./socket.js";
import { writeTimes } from "./time.js";

const page = document.querySelector("main[data-live-desk]");

if (page) {
  const list = document.getElementById("live-agents");
  let order = [];
  let number = 0;

  const hasPointer = matchMedia("(hover: hover)"); // a finger leaves its hover behind
  const isHeld = () => (hasPointer.matches && list.matches(":hover")) || list.contains(document.activeElement);
  const settle = () => isHeld() || arrange(list, order);
  list.addEventListener("pointerleave", settle);
  list.addEventListener("focusout", () => setTimeout(settle));

  keepOpen({
    address: () => {
      number = 0;
      return page.dataset.liveDesk;
    },
    number: () => number,
    apply(message) {
      number = message.n;
      order = message.order;
      for (const [id, html] of Object.entries(message.tiles)) writeTile(list, id, html);
      for (const tile of list.children) tile.toggleAttribute("data-left", !order.includes(idOf(tile)));
      settle();
      applyParts(message.parts);
      return true;
    },
  });
}

function writeTile(list, id, html) {
  const fresh = parse(html).firstElementChild;
  const known = document.getElementById(`tile-${id}`);
  if (known) patch(known, fresh);
  else list.append(fresh);
  writeTimes(known ?? fresh);
  writeNames(known ?? fresh);
}

/** Tiles whose session has left go, the others move to their places; those that stand right are not touched. */
function arrange(list, order) {
  for (const tile of [...list.children]) if (!order.includes(idOf(tile))) tile.remove();
  order.forEach((id, place) => {
    const tile = document.getElementById(`tile-${id}`);
    if (tile && list.children[place] !== tile) list.insertBefore(tile, list.children[place] ?? null);
  });
}

function idOf(tile) {
  return tile.id.replace(/^tile-/, "");
}
