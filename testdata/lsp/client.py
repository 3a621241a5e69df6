"""Drives "mlcfg lsp" with pygls, a language client that others wrote.

Usage: client.py MLCFG FOLDER. The folder holds a configuration repository; what
the server says goes to standard output, one line of JSON each.
"""

import asyncio
import json
import pathlib
import sys

from lsprotocol import types
from pygls.lsp.client import BaseLanguageClient

OVERLAY = """scenario: offline
vllm_engine_config:
  model: /model/x
  max_num_seq: 256
  max_num_seqs: 64
  dtype:\x20
"""


async def main(mlcfg, folder):
    client = BaseLanguageClient("test", "1")
    published = asyncio.Queue()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def take(params):
        published.put_nowait(params)

    await client.start_io(mlcfg, "lsp", "--stdio")
    result = await client.initialize_async(types.InitializeParams(
        capabilities=types.ClientCapabilities(), root_uri=pathlib.Path(folder).as_uri()))
    print(json.dumps({"hover": bool(result.capabilities.hover_provider), "name": result.server_info.name}))
    client.initialized(types.InitializedParams())

    uri = (pathlib.Path(folder) / "models" / "offline_x.yaml").as_uri()
    client.text_document_did_open(types.DidOpenTextDocumentParams(
        text_document=types.TextDocumentItem(uri=uri, language_id="yaml", version=1, text=OVERLAY)))
    await tell(published)
    document = types.TextDocumentIdentifier(uri=uri)
    offered = await client.text_document_completion_async(types.CompletionParams(
        text_document=document, position=types.Position(line=5, character=9)))
    print(json.dumps({"completion": [i.label for i in offered.items][:4]}))
    hover = await client.text_document_hover_async(types.HoverParams(
        text_document=document, position=types.Position(line=4, character=4)))
    print(json.dumps({"hover": hover.contents.value.splitlines()[1]}))
    found = await client.text_document_definition_async(types.DefinitionParams(
        text_document=document, position=types.Position(line=4, character=4)))
    print(json.dumps({"definition": [pathlib.PurePosixPath(found[0].uri).name, found[0].range.start.line]}))

    client.text_document_did_change(types.DidChangeTextDocumentParams(
        text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=2),
        content_changes=[types.TextDocumentContentChangeEvent_Type2(text=OVERLAY.replace("  max_num_seq: 256\n", "").replace("dtype: ", "dtype: half"))]))
    await tell(published)
    await client.shutdown_async(None)
    client.exit(None)
    await asyncio.sleep(0)
    await client.stop()


async def tell(published):
    params = await asyncio.wait_for(published.get(), 30)
    print(json.dumps({"version": params.version, "codes": sorted(d.code for d in params.diagnostics)}))


asyncio.run(main(*sys.argv[1:]))
