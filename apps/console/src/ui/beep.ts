let audio: AudioContext | undefined;

const tunes = {
  offer: [
    [660, 0],
    [880, 0.14],
    [1_100, 0.28],
  ],
  message: [[740, 0]],
} as const;

/** Plays a short tune made on the spot. Browsers allow it only after the first click or key on the page. */
export function beep(kind: keyof typeof tunes): void {
  // Before the first click or key the browser keeps silent and complains.
  if (soundState() !== 'ready') return;
  try {
    audio ??= new AudioContext();
    void audio.resume();
    for (const [frequency, at] of tunes[kind]) {
      const begin = audio.currentTime + at;
      const tone = audio.createOscillator();
      const volume = audio.createGain();
      tone.frequency.value = frequency;
      volume.gain.setValueAtTime(0.0001, begin);
      volume.gain.exponentialRampToValueAtTime(0.12, begin + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, begin + 0.22);
      tone.connect(volume).connect(audio.destination);
      tone.start(begin);
      tone.stop(begin + 0.24);
    }
  } catch {
    // No sound on this machine.
  }
}

/** Whether the browser lets the page sound now. */
export function soundState(): 'ready' | 'blocked' | 'none' {
  if (typeof AudioContext === 'undefined') return 'none';
  return audio?.state === 'running' || navigator.userActivation.hasBeenActive ? 'ready' : 'blocked';
}
