import type { Box } from '../frame/image.js'
import type { Detection } from './face.js'

/** Intersection over union of two boxes, 0 (apart) to 1 (equal). */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  if (width <= 0 || height <= 0) return 0
  const shared = width * height
  return shared / (a.width * a.height + b.width * b.height - shared)
}

/**
 * Greedy non-maximum suppression: of boxes that overlap by more than `maxIou`, the best-scored stays.
 * @returns best score first
 */
export function suppressOverlaps(detections: readonly Detection[], maxIou: number): Detection[] {
  const kept: Detection[] = []
  for (const candidate of [...detections].sort((a, b) => b.score - a.score)) {
    const overlaps = kept.some((other) => intersectionOverUnion(candidate.box, other.box) > maxIou)
    if (!overlaps) kept.push(candidate)
  }
  return kept
}

/** A square about the box's centre, `scale` times as high as the box. */
export function squareAround(box: Box, scale: number): Box {
  const side = box.height * scale
  return {
    x: box.x + (box.width - side) / 2,
    y: box.y + (box.height - side) / 2,
    width: side,
    height: side,
  }
}
