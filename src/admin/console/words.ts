import { computed, effect, signal } from '@preact/signals'

import { en } from './words/en.js'
import { ja } from './words/ja.js'

/** All that the pages say, in one language. Every language has the same entries. */
export type Words = typeof en

export const LANGUAGES = ['en', 'ja'] as const
export type Language = (typeof LANGUAGES)[number]

/** Each language by its own name. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', ja: '日本語' }

const DICTIONARIES: Readonly<Record<Language, Words>> = { en, ja }
const KEPT = 'genkan.language'

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT)
  const wanted = kept === null ? navigator.languages : [kept]
  const known = wanted
    .map((tag) => LANGUAGES.find((language) => tag.toLowerCase().startsWith(language)))
    .find((language) => language !== undefined)
  return known ?? 'en'
}

/** The language of the pages; what a person chose is remembered in this browser. */
export const language = signal<Language>(firstLanguage())
export const words = computed(() => DICTIONARIES[language.value])

effect(() => {
  document.documentElement.lang = language.value
})

export function chooseLanguage(chosen: Language): void {
  localStorage.setItem(KEPT, chosen)
  language.value = chosen
}
