// From a point on the screen to a pixel of the picture, at whatever size it is shown.

/** The picture's place in its element: `object-fit: contain` leaves bars on two sides. */
export function pictureBox(video, { width, height }) {
  const { left, top, width: wide, height: high } = video.getBoundingClientRect();
  const [own, tall] = [video.videoWidth || width, video.videoHeight || height];
  const scale = Math.min(wide / own, high / tall);
  return {
    left: left + (wide - own * scale) / 2,
    top: top + (high - tall * scale) / 2,
    width: own * scale,
    height: tall * scale,
  };
}

/** The pixel under a pointer; null in the bars beside the picture. */
export function pointOn(video, size, { clientX, clientY }) {
  const box = pictureBox(video, size);
  const [x, y] = [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
  if (!(x >= 0 && x < 1 && y >= 0 && y < 1)) return null;
  return {
    x: Math.min(Math.round(x * size.width), size.width - 1),
    y: Math.min(Math.round(y * size.height), size.height - 1),
  };
}
