let context: AudioContext | undefined

/** Browsers give no sound before somebody has touched the page, unless started as a kiosk. */
export function soundIsBlocked(): boolean {
  context ??= new AudioContext()
  return context.state === 'suspended'
}

export async function unblockSound(): Promise<void> {
  context ??= new AudioContext()
  await context.resume()
}

function tone(frequencyHz: number, startS: number, lengthS: number, shape: OscillatorType): void {
  if (context === undefined) return
  const oscillator = context.createOscillator()
  const volume = context.createGain()
  const at = context.currentTime + startS
  oscillator.type = shape
  oscillator.frequency.value = frequencyHz
  volume.gain.setValueAtTime(0.0001, at)
  volume.gain.exponentialRampToValueAtTime(0.25, at + 0.02)
  volume.gain.exponentialRampToValueAtTime(0.0001, at + lengthS)
  oscillator.connect(volume).connect(context.destination)
  oscillator.start(at)
  oscillator.stop(at + lengthS)
}

/** Two rising notes for come in, two low ones for the door stays shut, one soft one for a task. */
export function playOutcome(outcome: 'granted' | 'denied' | 'prompt'): void {
  if (soundIsBlocked()) return
  if (outcome === 'granted') {
    tone(659, 0, 0.25, 'sine')
    tone(988, 0.16, 0.5, 'sine')
  } else if (outcome === 'denied') {
    tone(220, 0, 0.25, 'triangle')
    tone(175, 0.22, 0.45, 'triangle')
  } else {
    tone(784, 0, 0.3, 'sine')
  }
}
