// A session's page: applies what the server pushes, so that it always is what a reload would show.

import { beat } from "./page_id.js";
import { applyParts } from "./parts.js";
import { refreshRegions } from "./regions.js";
import { keepOpen } from "./socket.js";
import { appendRows } from "./timeline.js";

const page = document.querySelector("main[data-live-session]");

if (page) {
  let last = Number(page.dataset.liveSeq);

  keepOpen({
    address: () => `${page.dataset.liveSession}?after=${last}`,
    number: () => last,
    beat,
    apply(batch) {
      if (batch.after > last) return false;
      last = Math.max(last, batch.seq);
      page.dataset.liveSeq = last;
      appendRows(document.getElementById("timeline"), batch.rows, batch.seq);
      applyParts(batch.parts);
      refreshRegions(batch.versions);
      return true;
    },
  });
}
