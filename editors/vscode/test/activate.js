// Activates the extension as an editor does and shows what the server it started publishes:
//   node activate.js EXTENSION FILE
// The editor is jest-mock-vscode's, filled up below where it lacks what the language client
// asks for; the language client, the extension and mlcfg are the real ones.
'use strict';
const Module = require('module');
const path = require('path');
const fs = require('fs');
const [extension, file] = process.argv.slice(2);

const disposable = { dispose() {} };
const fn = (impl = () => disposable) => Object.assign((...args) => impl(...args), { mockImplementation: (next) => fn(next), mockReturnValue: (value) => fn(() => value) });
const mock = require('jest-mock-vscode').createVSCodeMock({ fn, spyOn: (object, name) => object[name] });
const filled = (object, extra) => new Proxy(object, {
  get: (target, name) => (name in extra ? extra[name] : target[name] ?? (/^[A-Z]/.test(String(name)) ? class {} : fn())),
});

const document = {
  uri: mock.Uri.file(file), languageId: 'shellscript', version: 1, isClosed: false,
  getText: () => fs.readFileSync(file, 'utf8'),
};
const shown = new Promise((resolve, reject) => {
  const vscode = filled(mock, {
    workspace: filled(mock.workspace, {
      textDocuments: [document],
      workspaceFolders: [],
      getConfiguration: () => ({ get: (_, fallback) => fallback }),
      createFileSystemWatcher: () => ({ ...disposable, onDidCreate: fn(), onDidChange: fn(), onDidDelete: fn() }),
    }),
    languages: filled(mock.languages, {
      match: (selector, of) => (selector.some?.((s) => s.language === of.languageId) ? 10 : 0),
      createDiagnosticCollection: () => ({
        ...disposable, clear() {}, delete() {},
        set: (uri, found) => found?.length && resolve(found.map((d) => `${uri.fsPath}:${d.range.start.line + 1}:${d.range.start.character + 1}: ${d.message}`)),
      }),
    }),
    window: filled(mock.window, {
      tabGroups: { all: [], onDidChangeTabs: fn() }, visibleTextEditors: [], activeTextEditor: undefined,
      showErrorMessage: (message) => reject(new Error(message)),
      createOutputChannel: () => ({ ...disposable, append: (text) => process.stderr.write(text), appendLine: console.error, show() {} }),
    }),
    CancellationTokenSource: class { constructor() { this.token = { isCancellationRequested: false, onCancellationRequested: fn() }; } cancel() {} dispose() {} },
    env: { language: 'en', appName: 'test' }, version: '1.82.0',
  });
  const load = Module._load;
  Module._load = (name, ...rest) => (name === 'vscode' ? vscode : load(name, ...rest));
});

const { activate, deactivate } = require(path.join(extension, 'extension.js'));
(async () => {
  await activate({ subscriptions: [], asAbsolutePath: (p) => path.join(extension, p) });
  console.log((await shown).join('\n'));
  await deactivate();
})().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
