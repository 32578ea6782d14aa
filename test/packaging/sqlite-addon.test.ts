import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { packageRoot } from '../../src/config/paths.js'
import { registersFor, withoutCleanupHooks } from '../../src/packaging/sqlite-addon.js'

const NEW_HEADER = `class ObjectWrap {
 public:
  ObjectWrap() {
    refs_ = 0;
    AddCleanupHook();
  }


  virtual ~ObjectWrap() {
    RemoveCleanupHook();
    if (persistent().IsEmpty())
      return;
  }

 private:
  void AddCleanupHook() {
    AddEnvironmentCleanupHook(v8::Isolate::GetCurrent(), CleanupHook, this);
  }
};
`

t.test('no wrapped object registers with its environment', (t) => {
  const mended = withoutCleanupHooks(NEW_HEADER)
  t.notMatch(mended, /^\s*(?:Add|Remove)CleanupHook\(\);/m)
  t.match(mended, 'refs_ = 0;\n  }')
  t.match(mended, '~ObjectWrap() {\n    if (persistent().IsEmpty())')
  t.match(mended, 'void AddCleanupHook() {')
  t.end()
})

t.test('a header of before 24.19 stays as it is', (t) => {
  const old = NEW_HEADER.replace(/.*CleanupHook.*\n/g, '')
  t.equal(withoutCleanupHooks(old), old)
  t.end()
})

t.test('an addon tells which Node.js it is for', (t) => {
  const path = join(
    packageRoot,
    'node_modules/better-sqlite3-multiple-ciphers/build/Release/better_sqlite3.node',
  )
  const own = readFileSync(path)
  t.ok(registersFor(Number(process.versions.modules), own))
  t.notOk(registersFor(Number(process.versions.modules) + 1, own))
  t.end()
})
