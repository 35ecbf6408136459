// Two short notes, made here: there is no file to load.

const NOTES = [660, 880];
const SECONDS = 0.14;
const LOUDNESS = 0.12;

let context = null;

export function beep() {
  context ??= new AudioContext();
  context.resume().catch(() => {}); // silent until the person has pressed something on this page
  NOTES.forEach((frequency, place) => {
    const note = new OscillatorNode(context, { frequency });
    const volume = new GainNode(context, { gain: 0 });
    const start = context.currentTime + place * SECONDS;
    volume.gain.setValueAtTime(LOUDNESS, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + SECONDS);
    note.connect(volume).connect(context.destination);
    note.start(start);
    note.stop(start + SECONDS);
  });
}
