import { asyncApiDocument } from '../events/async-api.js'
import { version } from '../version.js'

/** `genkan asyncapi`: what is on the wire, as an AsyncAPI 3 document. */
export function asyncApiText(): string {
  return `${JSON.stringify(asyncApiDocument(version), null, 2)}\n`
}
