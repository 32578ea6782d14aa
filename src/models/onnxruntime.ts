import './no-telemetry.js'
import { env } from 'onnxruntime-node'

// Whatever it cannot do it throws, to be told once with its cure; its own lines only repeat that.
env.logLevel = 'fatal'

/** onnxruntime as every part of genkan takes it: with nothing told to its maker. */
export * from 'onnxruntime-node'
