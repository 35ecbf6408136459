// How long to wait before the next try: longer each time, up to a limit, and never in step with every other page.

export function backOff(failures, { first, longest }) {
  return Math.min(first * 2 ** failures, longest) * (0.7 + 0.6 * Math.random());
}
