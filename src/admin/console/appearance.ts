import { effect, signal } from '@preact/signals'

export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEPT = 'genkan.theme'

function keptTheme(): Theme {
  const kept = localStorage.getItem(KEPT)
  return THEMES.find((theme) => theme === kept) ?? 'system'
}

/** Light, dark, or as the system is; remembered in this browser. */
export const theme = signal<Theme>(keptTheme())

effect(() => {
  if (theme.value === 'system') {
    localStorage.removeItem(KEPT)
    delete document.documentElement.dataset['theme']
  } else {
    localStorage.setItem(KEPT, theme.value)
    document.documentElement.dataset['theme'] = theme.value
  }
})
