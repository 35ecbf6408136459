// The service calls `watch` to send a tab's picture to a loopback WebSocket.
// Sending ends when the service closes that socket, or with the next call.

const DOCUMENT = "sender.html"; // offscreen: it can capture, but is not a tab that an agent could see

async function tabOf(targetId) {
  const targets = await chrome.debugger.getTargets();
  const target = targets.find(({ id }) => id === targetId);
  if (!target?.tabId) throw new Error("no such tab");
  return target.tabId;
}

async function tell(message) {
  const { error } = await chrome.runtime.sendMessage(message);
  if (error) throw new Error(error);
}

globalThis.watch = async ({ targetId, ...settings }) => {
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
  const streamId = await chrome.tabCapture.getMediaStreamId({ targetTabId });
  await tell({ name: "start", streamId, ...settings });
};
