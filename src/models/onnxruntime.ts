import './no-telemetry.js'

/** onnxruntime as every part of genkan takes it: with nothing told to its maker. */
export * from 'onnxruntime-node'
