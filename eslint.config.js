import tseslint from 'typescript-eslint'

export default tseslint.config(
  {
    ignores: [
      'build*/',
      'node_modules/',
      'models/.cache/',
      'data/',
      '.tap/',
      'src/admin/console/*.js',
      // Type-checked by its test, against types that are made from the OpenAPI document.
      'test/admin/client-walk.ts',
      // AssemblyScript, which its own compiler checks.
      'src/frame/assembly/',
    ],
  },
  {
    files: ['src/**/*.ts', 'src/**/*.tsx', 'test/**/*.ts', 'test/**/*.cts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['test/**/*.cts'],
    rules: { '@typescript-eslint/no-require-imports': ['error', { allowAsImport: true }] },
  },
  {
    // tap awaits its own subtests.
    files: ['test/**/*.ts'],
    rules: { '@typescript-eslint/no-floating-promises': 'off' },
  },
)
