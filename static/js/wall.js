// The wall's pictures: of tiles in sight on a page in sight, and no more at once than a browser shows smoothly. A tile
// that is not live holds no stream, so that nobody captures or encodes for it.

import { TilePicture } from "./tile_picture.js";

const AT_ONCE = 16;
/** With more tiles in sight than that, a quarter of the pictures changes so often. */
const TURN = 8000;
/** What is only scrolled past is not asked for. */
const SETTLE = 200;

const page = document.querySelector("main[data-live-desk]");

if (page) {
  const list = document.getElementById("live-agents");
  const iceServers = JSON.parse(page.dataset.iceServers || "[]");
  const pictures = new Map();
  const inSight = new Set();
  let settling = 0;
  let turn = 0;
  let isOver = false;

  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) isIntersecting ? inSight.add(target) : inSight.delete(target);
    settle();
  });

  function follow() {
    const tiles = new Set(list.children);
    for (const tile of tiles) {
      if (pictures.has(tile)) continue;
      pictures.set(tile, new TilePicture(tile, iceServers));
      observer.observe(tile);
    }
    for (const [tile, picture] of pictures) {
      if (tiles.has(tile)) continue;
      observer.unobserve(tile);
      inSight.delete(tile);
      pictures.delete(tile);
      picture.rest();
    }
    settle();
  }

  function settle() {
    clearTimeout(settling);
    settling = setTimeout(share, SETTLE);
  }

  function share() {
    const chosen = new Set(document.hidden || isOver ? [] : inTurn([...list.children].filter((tile) => inSight.has(tile))));
    for (const [tile, picture] of pictures) if (!chosen.has(tile)) picture.rest();
    for (const tile of chosen) pictures.get(tile)?.show();
  }

  function inTurn(tiles) {
    if (tiles.length <= AT_ONCE) return tiles;
    const start = (turn * (AT_ONCE / 4)) % tiles.length;
    return [...tiles, ...tiles].slice(start, start + AT_ONCE);
  }

  setInterval(() => {
    turn += 1;
    if (inSight.size > AT_ONCE) share();
  }, TURN);
  setInterval(() => pictures.forEach((picture) => picture.tell()), 1000);
  document.addEventListener("watchfloor:applied", follow);
  document.addEventListener("watchfloor:over", () => {
    isOver = true;
    share();
  });
  document.addEventListener("visibilitychange", share);
  addEventListener("pagehide", () => pictures.forEach((picture) => picture.rest()));
  addEventListener("pageshow", ({ persisted }) => persisted && share());
  follow();
}
