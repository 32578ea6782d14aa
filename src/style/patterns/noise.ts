import { createSeededRandom, shuffle } from '../../evaluation/statistics/random.js'

/** A smooth field over the plane, about −1..1. */
export type Noise = (x: number, y: number) => number

/** Gradient noise (Perlin 2002) whose features are about 1 wide. */
export function createNoise(seed: number): Noise {
  const random = createSeededRandom(seed)
  const order = shuffle(
    Array.from({ length: 256 }, (_, i) => i),
    random,
  )
  const angle = Float64Array.from({ length: 256 }, () => random() * 2 * Math.PI)
  const corner = (column: number, row: number, dx: number, dy: number) => {
    const at = angle[order[(order[column & 255] + row) & 255]]
    return Math.cos(at) * dx + Math.sin(at) * dy
  }
  const ease = (t: number) => t * t * t * (t * (t * 6 - 15) + 10)
  return (x, y) => {
    const column = Math.floor(x)
    const row = Math.floor(y)
    const dx = x - column
    const dy = y - row
    const u = ease(dx)
    const upper = corner(column, row, dx, dy) * (1 - u) + corner(column + 1, row, dx - 1, dy) * u
    const lower =
      corner(column, row + 1, dx, dy - 1) * (1 - u) +
      corner(column + 1, row + 1, dx - 1, dy - 1) * u
    return 1.5 * (upper * (1 - ease(dy)) + lower * ease(dy))
  }
}

/** Several octaves of a noise, each half as wide and half as strong. */
export function layered(noise: Noise, octaves: number): Noise {
  return (x, y) => {
    let sum = 0
    let scale = 1
    for (let k = 0; k < octaves; k++) {
      sum += noise(x * scale + 17.3 * k, y * scale - 9.1 * k) / scale
      scale *= 2
    }
    return sum / 1.4
  }
}
