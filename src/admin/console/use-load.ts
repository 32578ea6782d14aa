import { useCallback, useEffect, useRef, useState } from 'preact/hooks'

/** What a page asked the API for, as it stands now. */
export interface Loaded<T> {
  readonly data: T | undefined
  readonly error: unknown
  readonly loading: boolean
  /** Asks again; what is shown stays until the answer is there. */
  readonly reload: () => Promise<void>
  /** Puts in what is already known to be newer. */
  readonly set: (data: T) => void
}

/**
 * Asks for something when shown, and again whenever `key` changes; late answers to an earlier
 * question are dropped.
 */
export function useLoad<T>(
  load: (signal: AbortSignal) => Promise<T>,
  key: unknown = '',
): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; loading: boolean }>({
    loading: true,
  })
  const latest = useRef(load)
  latest.current = load
  const asked = useRef<AbortController | undefined>(undefined)

  const reload = useCallback(async () => {
    asked.current?.abort()
    const asking = new AbortController()
    asked.current = asking
    setState((was) => ({ ...was, loading: true }))
    try {
      const data = await latest.current(asking.signal)
      if (!asking.signal.aborted) setState({ data, loading: false })
    } catch (error) {
      if (!asking.signal.aborted) setState((was) => ({ ...was, error, loading: false }))
    }
  }, [])

  useEffect(() => {
    void reload()
    return () => asked.current?.abort()
  }, [key])

  return {
    data: state.data,
    error: state.error,
    loading: state.loading,
    reload,
    set: (data) => setState({ data, loading: false }),
  }
}

/** One thing to do at a time: whether it runs, and how it failed. */
export function useAction() {
  const [state, setState] = useState<{ busy: boolean; error: unknown }>({
    busy: false,
    error: undefined,
  })
  const run = useCallback(async (work: () => Promise<unknown>): Promise<boolean> => {
    setState({ busy: true, error: undefined })
    try {
      await work()
      setState({ busy: false, error: undefined })
      return true
    } catch (error) {
      setState({ busy: false, error })
      return false
    }
  }, [])
  return { ...state, run, clear: () => setState({ busy: false, error: undefined }) }
}
