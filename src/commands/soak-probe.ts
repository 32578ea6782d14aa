/** Loaded into the daemon by `genkan soak`, and by nothing else: tells what its memory is made of. */

const EVERY_MS = 2000

setInterval(() => process.send?.(process.memoryUsage()), EVERY_MS).unref()
process.channel?.unref()
