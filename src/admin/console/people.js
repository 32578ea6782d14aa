import { byId, element, icon } from './element.js'
import { words } from './words.js'

const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })

/** The people, with the ways to add, extend and delete them. */
export function showPeople(api, signal) {
  const list = byId('persons')
  const more = byId('more-persons')
  const form = byId('add')
  const name = byId('name')
  const file = byId('file')
  const drop = byId('drop')
  const problem = byId('add-problem')
  const done = byId('add-done')
  let cursor
  let picture
  let preview

  function choose(chosen) {
    picture = chosen
    if (preview !== undefined) URL.revokeObjectURL(preview)
    preview = chosen && URL.createObjectURL(chosen)
    byId('drop-text').replaceChildren(
      ...(chosen
        ? [
            element('img', { src: preview, alt: '' }),
            element('span', { class: 'file-name' }, chosen.name),
          ]
        : [icon('picture'), words.dropPicture]),
    )
  }

  function say(trouble, success = '') {
    problem.replaceChildren(...(trouble ? [icon('warning'), element('span', {}, trouble)] : []))
    done.replaceChildren(...(success ? [icon('granted'), element('span', {}, success)] : []))
  }

  /** Does one thing at a time and says how it ended. */
  async function attempt(work, success) {
    const buttons = form.closest('section').querySelectorAll('button')
    say('')
    for (const button of buttons) button.disabled = true
    try {
      await work()
      say('', success)
      await reload()
      return true
    } catch (error) {
      say(
        error.status === 0
          ? words.unreachable
          : `${error.cause ?? error.message} ${error.cure ?? ''}`,
      )
      return false
    } finally {
      for (const button of buttons) button.disabled = false
    }
  }

  async function add(work) {
    const wanted = name.value.trim()
    if (wanted === '') {
      say(words.nameFirst)
      name.focus()
      return
    }
    if (!(await attempt(() => work(wanted), words.added(wanted)))) return
    form.reset()
    choose(undefined)
  }

  async function confirmRemoval(person) {
    const dialog = byId('confirm')
    byId('confirm-title').textContent = words.removeTitle(person.name)
    byId('confirm-text').textContent = words.removeText
    dialog.returnValue = ''
    dialog.showModal()
    await new Promise((resolve) => dialog.addEventListener('close', resolve, { once: true }))
    if (dialog.returnValue !== 'delete') return
    await attempt(() => api.removePerson(person.id), words.removed(person.name))
    byId('name').focus()
  }

  function action(label, name, onclick) {
    return element(
      'button',
      { class: 'icon-only', type: 'button', 'aria-label': label, title: label, onclick },
      icon(name),
    )
  }

  function row(person) {
    const { id, faces, active, createdAt } = person
    const input = element('input', {
      type: 'file',
      accept: 'image/jpeg,image/png,image/webp',
      hidden: true,
      onchange: () => {
        const [chosen] = input.files
        if (chosen) void attempt(() => api.addFace(id, chosen), words.faceAdded(person.name))
      },
    })
    const note =
      faces === 0
        ? words.noFace
        : `${words.faces(faces)} · ${words.addedOn(day.format(new Date(createdAt)))}`
    return element(
      'li',
      { data: { id } },
      element(
        'span',
        { class: 'monogram', 'aria-hidden': 'true' },
        [...person.name][0].toUpperCase(),
      ),
      element(
        'div',
        {},
        element('p', { class: 'person-name' }, person.name),
        element(
          'p',
          { class: faces === 0 || !active ? 'person-note warn' : 'person-note' },
          active ? note : `${words.inactive} · ${note}`,
        ),
      ),
      element(
        'div',
        { class: 'person-actions' },
        input,
        action(words.addPicture(person.name), 'picture', () => input.click()),
        action(words.addFromCamera(person.name), 'camera', () => {
          void attempt(() => api.addFaceFromCamera(id), words.faceAdded(person.name))
        }),
        action(words.remove(person.name), 'remove', () => void confirmRemoval(person)),
      ),
    )
  }

  async function load(from) {
    const page = await api.persons(from)
    if (signal.aborted) return
    if (from === undefined) list.replaceChildren()
    list.append(...page.items.map(row))
    if (list.children.length === 0) {
      list.append(element('li', { class: 'empty soft' }, words.noPeople))
    }
    cursor = page.nextCursor
    more.hidden = cursor === null
    const count = list.querySelectorAll('[data-id]').length
    byId('people-count').textContent = count === 0 ? '' : `${count}${cursor === null ? '' : '+'}`
  }

  const reload = () => load(undefined)

  form.addEventListener(
    'submit',
    (event) => {
      event.preventDefault()
      if (picture === undefined && name.value.trim() !== '') {
        say(words.pictureFirst)
        file.focus()
        return
      }
      void add((wanted) => api.addPerson(wanted, picture))
    },
    { signal },
  )
  byId('add-camera').replaceChildren(icon('camera'), words.enrolNow)
  byId('add-camera').addEventListener('click', () => void add(api.addPersonFromCamera), { signal })
  more.addEventListener('click', () => void load(cursor).catch(() => {}), { signal })
  file.addEventListener('change', () => choose(file.files[0]), { signal })
  for (const kind of ['dragenter', 'dragover', 'dragleave', 'drop']) {
    drop.addEventListener(
      kind,
      (event) => {
        event.preventDefault()
        drop.dataset.over = String(kind === 'dragenter' || kind === 'dragover')
        if (kind === 'drop' && event.dataTransfer.files[0]) choose(event.dataTransfer.files[0])
      },
      { signal },
    )
  }
  choose(undefined)

  return { reload: () => void reload().catch(() => {}) }
}
