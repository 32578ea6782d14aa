/** A value now or later, so that a synchronous store and an asynchronous service both fit a port. */
export type Awaitable<T> = T | Promise<T>
