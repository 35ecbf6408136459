// The picture on the whole screen, or in a window of its own that stays on top of whatever else is worked on.

/** Make a button do it where this browser can, and say by its state whether it is done. */
function offer(button, { isPossible, isOn, turnOn, turnOff, events, target }) {
  if (!isPossible()) return;
  const show = () => button.setAttribute("aria-pressed", String(isOn()));
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await (isOn() ? turnOff() : turnOn());
    } catch {
      button.title = "The browser does not allow it just now: there may be no picture yet.";
    }
  });
  for (const event of events) target.addEventListener(event, show);
  show();
}

function begin(frame) {
  const [picture, video] = [frame.querySelector(".picture"), frame.querySelector("video")];
  offer(frame.querySelector("[data-full-screen]"), {
    isPossible: () => document.fullscreenEnabled,
    isOn: () => document.fullscreenElement === picture,
    turnOn: () => picture.requestFullscreen(),
    turnOff: () => document.exitFullscreen(),
    events: ["fullscreenchange"],
    target: document,
  });
  offer(frame.querySelector("[data-picture-in-picture]"), {
    isPossible: () => document.pictureInPictureEnabled,
    isOn: () => document.pictureInPictureElement === video,
    turnOn: () => video.requestPictureInPicture(),
    turnOff: () => document.exitPictureInPicture(),
    events: ["enterpictureinpicture", "leavepictureinpicture"],
    target: video,
  });
}

const frame = document.querySelector("[data-live-view]");
if (frame) begin(frame);
