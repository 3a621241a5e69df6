"""Asks a server by the openai client: completions and chats, whole and streamed.

usage: openai_client.py URL MODEL; prints {"requests", "tokens"}, tokens counted anew.
"""
import json
import sys

import openai
from tokenizers import Tokenizer

url, model = sys.argv[1:]
client = openai.OpenAI(base_url=url + "/v1", api_key="none")
count = Tokenizer.from_file(model + "/tokenizer.json")
served = client.models.list().data[0].id
assert client.models.retrieve(served).id == served
requests = tokens = 0
for i in range(10):
    common = {"model": served, "max_tokens": 24, "extra_body": {"ignore_eos": True}}
    messages = [{"role": "user", "content": f"question {i}"}]
    whole = client.completions.create(prompt=f"text {i}", **common)
    chat = client.chat.completions.create(messages=messages, **common)
    texts = [whole.choices[0].text, chat.choices[0].message.content]
    assert whole.usage.completion_tokens == chat.usage.completion_tokens == 24
    texts.append("".join(c.choices[0].text for c in client.completions.create(prompt=f"text {i}", stream=True, **common) if c.choices))
    stream = client.chat.completions.create(messages=messages, stream=True, stream_options={"include_usage": True}, **common)
    parts = [c for c in stream]
    texts.append("".join(c.choices[0].delta.content or "" for c in parts if c.choices))
    assert parts[-1].usage.completion_tokens == 24
    assert texts[0] == texts[2] and texts[1] == texts[3], "a stream says something else"
    requests += len(texts)
    tokens += sum(len(count.encode(t, add_special_tokens=False).ids) for t in texts)
for wrong in [{"stop": [texts[0].split()[0]]}, {"tools": [{"type": "function", "function": {"name": "f"}}]}, {"response_format": {"type": "json_object"}}]:
    try:
        client.chat.completions.create(model=served, messages=[{"role": "user", "content": "q"}], **wrong)
    except openai.BadRequestError as e:
        assert "not simulated" in str(e), e
    else:
        raise AssertionError(f"{wrong} is passed over")
try:
    client.completions.create(model="other", prompt="x")
    raise AssertionError("another model is served")
except openai.NotFoundError:
    pass
print(json.dumps({"requests": requests, "tokens": tokens}))
