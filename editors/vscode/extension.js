// Starts "mlcfg lsp" and connects the editor to it. What is checked, completed and formatted is the
// server's business; see docs/lint.md of mlcfg.
'use strict';
const fs = require('fs');
const vscode = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

let client;

// program is the setting, else the program that came with the extension, else the one on PATH.
function program(context) {
  const named = vscode.workspace.getConfiguration('mlcfg').get('path');
  if (named) return named;
  const bundled = context.asAbsolutePath(process.platform === 'win32' ? 'bin/mlcfg.exe' : 'bin/mlcfg');
  return fs.existsSync(bundled) ? bundled : 'mlcfg';
}

async function start(context) {
  const command = program(context);
  const languages = ['yaml', 'dockercompose', 'shellscript', 'markdown', 'dockerfile'];
  client = new LanguageClient('mlcfg', 'mlcfg', { command, args: ['lsp'] }, {
    documentSelector: languages.map((language) => ({ scheme: 'file', language })),
    // A base, a project file or a user.conf that changes on disk changes the findings of open overlays.
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher('**/{mlcfg.cue,*.yaml,*.yml,*.conf}') },
  });
  try {
    await client.start();
  } catch (error) {
    vscode.window.showErrorMessage(`mlcfg: ${command} could not be started: ${error.message}. Install it (pipx install mlcfg), or name it in the setting mlcfg.path.`);
  }
}

async function stop() {
  const old = client;
  client = undefined;
  if (old && old.isRunning()) await old.stop();
}

exports.activate = async (context) => {
  context.subscriptions.push(vscode.commands.registerCommand('mlcfg.restart', async () => {
    await stop();
    await start(context);
  }));
  await start(context);
};

exports.deactivate = stop;
