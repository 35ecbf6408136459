// J and K: from tile to tile as they stand on the wall. Enter opens the one that has the focus.

const list = document.getElementById("live-agents");
let last = null;

list?.addEventListener("focusin", ({ target }) => {
  last = target.closest("li");
});

document.addEventListener("click", ({ target }) => {
  const way = target.closest("[data-walks]")?.dataset.walks;
  if (way) step(Number(way));
});

/** From the tile where the focus was last; from outside of all of them to the first, or back to the last. */
function step(by) {
  const tiles = [...list.children];
  const at = tiles.indexOf(last);
  const next = at < 0 ? (by > 0 ? 0 : tiles.length - 1) : Math.min(Math.max(at + by, 0), tiles.length - 1);
  tiles[next]?.querySelector("a").focus();
}
