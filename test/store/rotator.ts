import { rotateKey } from '../../src/store/rotate-key.js'

for (;;) rotateKey(process.argv[2] ?? '', {}, { nowMs: Date.now })
