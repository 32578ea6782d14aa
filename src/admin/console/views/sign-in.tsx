import { useState } from 'preact/hooks'

import type { ApiProblem } from '../api.js'
import { BrowserChoices } from '../frame.js'
import { Icon } from '../parts/icon.js'
import { problemText } from '../problem-text.js'
import { signIn } from '../session.js'
import { words } from '../words.js'

/** The door before the console: one token, traded for a session. */
export function SignIn({ why }: { readonly why: ApiProblem | string | undefined }) {
  const [token, setToken] = useState('')
  const [busy, setBusy] = useState(false)
  const { signIn: text } = words.value

  function reason(): string {
    switch (why) {
      case undefined:
        return ''
      case 'wrong-token':
        return text.wrongToken
      case 'signed-out':
        return text.signedOut
      case 'kiosk':
        return text.kioskToken
      default:
        return problemText(why)
    }
  }

  async function submit() {
    setBusy(true)
    try {
      await signIn(token.trim())
    } finally {
      setToken('')
      setBusy(false)
    }
  }

  return (
    <main class="sign-in">
      <form
        class="sign-in-card"
        autocomplete="on"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        <div class="sign-in-head">
          <span class="mark" role="img" aria-label="genkan"></span>
          <BrowserChoices />
        </div>
        <h1>{text.title}</h1>
        <p class="soft" id="sign-in-note">
          {text.note}
        </p>
        <input type="text" name="username" value="genkan" autocomplete="username" hidden readOnly />
        <label for="token">{text.token}</label>
        <input
          id="token"
          name="token"
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          required
          autofocus
          value={token}
          aria-describedby="sign-in-note sign-in-problem"
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <p class="problem" id="sign-in-problem" role="alert">
          {why !== undefined && (
            <>
              <Icon name="warning" />
              <span>{reason()}</span>
            </>
          )}
        </p>
        <button class="primary" type="submit" disabled={busy}>
          {text.submit}
        </button>
        {why === 'kiosk' && <a href="/kiosk">{text.openKiosk}</a>}
      </form>
    </main>
  )
}
