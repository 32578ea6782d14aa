// Since 1.29 onnxruntime's Linux builds report the models that they run, and on what, to their maker, and
// keep the reports in the user's cache folder. It reads this when its library is loaded, so that the library
// must be imported after this file.
process.env['ORT_DISABLE_TELEMETRY'] = '1'
