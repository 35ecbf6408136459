// The service calls `watch` to send a tab's picture to a loopback WebSocket.
// Sending ends when the service closes that socket, or with the next call.

const DOCUMENT = "sender.html"; // offscreen: it can capture, but is not a tab that an agent could see
const FREED_WITHIN = 4000; // ms, on a busy machine; the service waits for ten seconds
const PAUSE = 20; // ms

const after = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function tabOf(targetId) {
  const targets = await chrome.debugger.getTargets();
  const target = targets.find(({ id }) => id === targetId);
  if (!target?.tabId) throw new Error("no such tab");
  return target.tabId;
}

// A capture that has just been ended may take a moment to let go of the tab.
async function streamOf(targetTabId) {
  for (let tries = FREED_WITHIN / PAUSE; ; tries -= 1) {
    try {
      return await chrome.tabCapture.getMediaStreamId({ targetTabId });
    } catch (error) {
      if (tries <= 0) throw error;
      await after(PAUSE);
    }
  }
}

async function tell(message) {
  const { error } = await chrome.runtime.sendMessage(message);
  if (error) throw new Error(error);
}

async function begin({ targetId, ...settings }) {
  const targetTabId = await tabOf(targetId);
  if (await chrome.offscreen.hasDocument()) {
    await tell({ name: "stop" }); // a tab can be captured only once at a time
  } else {
    await chrome.offscreen.createDocument({
      url: DOCUMENT,
      reasons: ["USER_MEDIA"],
      justification: "Live view of the agent's tab",
    });
  }
  const streamId = await streamOf(targetTabId);
  await tell({ name: "start", streamId, ...settings });
}

// One after the other: whoever called first may have given up meanwhile, and must not end what was called for since.
let before = Promise.resolve();

globalThis.watch = (settings) => {
  const watching = Promise.race([before, after(FREED_WITHIN)]).then(() => begin(settings));
  before = watching.catch(() => {});
  return watching;
};
