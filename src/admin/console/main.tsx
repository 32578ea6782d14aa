import { render } from 'preact'

import './appearance.js'
import { ConsoleFrame } from './frame.js'
import { goTo } from './route.js'
import { resume, session, signIn } from './session.js'
import { SignIn } from './views/sign-in.js'

/** Takes the token out of `#token=…`, and the fragment out of the address bar and history. */
function tokenFromAddress(): string | null {
  if (!location.hash.startsWith('#token=')) return null
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  goTo('#/live', true)
  return token
}

function Console() {
  switch (session.value.state) {
    case 'asking':
      return null
    case 'out':
      return <SignIn why={session.value.why} />
    case 'in':
      return <ConsoleFrame me={session.value.me} />
  }
}

const root = document.getElementById('console')
if (root === null) throw new Error('the page has no place for the console')
render(<Console />, root)

const token = tokenFromAddress()
void (token === null ? resume() : signIn(token))
addEventListener('hashchange', () => {
  const given = tokenFromAddress()
  if (given !== null) void signIn(given)
})
