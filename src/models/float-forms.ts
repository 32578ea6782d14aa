import { readChecked } from './checked-file.js'
import type { Manifest, RecipeStep } from './manifest.js'
import { runRecipe } from './recipe.js'
import { sourcePath } from './source-path.js'

const EXACT: readonly RecipeStep[] = [{ step: 'copy' }, { step: 'prelu-rewrite' }]

/**
 * The pinned files that a model is made of, by path in their package; none for a local model.
 * @throws ModelError when one is missing or changed
 */
export function readSources({ source }: Manifest): ReadonlyMap<string, Uint8Array> {
  if (source.kind === 'local') return new Map()
  const cure = 'run `npm run prepare`'
  return new Map(
    source.files.map((file) => [file.path, readChecked(sourcePath(source, file), file, cure)]),
  )
}

/**
 * What a model made from a package's ONNX file is to be compared with, by a name for people: the
 * package's own file, its exact float rewrite, and the model as it was before it was quantized.
 * @throws ModelError when a source is missing or changed
 */
export function floatForms(manifest: Manifest): Map<string, Uint8Array> {
  const forms = new Map<string, Uint8Array>()
  const sources = readSources(manifest)
  const packaged = [...sources].find(([path]) => path.endsWith('.onnx'))?.[1]
  if (packaged === undefined) return forms
  forms.set('package', packaged)
  forms.set('package, exact float rewrite', runRecipe({ ...manifest, recipe: [...EXACT] }, sources))
  if (manifest.recipe.some(({ step }) => step === 'quantize')) {
    const recipe = manifest.recipe.map((step): RecipeStep =>
      step.step === 'quantize' ? { step: 'prelu-rewrite' } : step,
    )
    forms.set('ours, float', runRecipe({ ...manifest, recipe }, sources))
  }
  return forms
}
