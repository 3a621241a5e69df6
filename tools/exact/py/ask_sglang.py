"""SGLang's answers. Cases of
arguments: [key, words]: the words after "-m sglang.launch_server"; answered by what the argument's attribute is
variables: [name, text]: answered by what its declarations read; text null is an unset one
requests:  [key, body]: a request to /generate; answered by what is sampled with
chats:     [key, body]: the same of /v1/chat/completions
"""
import argparse
import importlib
import os

import absent

os.environ.update(SGLANG_USE_CPU_ENGINE="1")

# The long forms are the names of the arguments, the short ones of the fields.
SHORT = {"tp_size": "tensor_parallel_size", "pp_size": "pipeline_parallel_size", "dp_size": "data_parallel_size", "ep_size": "expert_parallel_size", "attn_cp_size": "attention_context_parallel_size", "moe_dp_size": "moe_data_parallel_size"}


def arguments(sources):
    from sglang.srt.server_args import ServerArgs

    parser = argparse.ArgumentParser(prog="launch_server")
    ServerArgs.add_cli_args(parser)

    def ask(case):
        key, words = case
        args = parser.parse_args(words)
        return getattr(args, key if hasattr(args, key) else SHORT.get(key, key))

    return ask


def variables(sources):
    import reads

    families = {}
    for module in ("sglang.srt.utils", "sglang.multimodal_gen.runtime.utils.common"):
        families[module] = {}
        try:
            utils = importlib.import_module(module)
            families[module] = {name: getattr(utils, name) for name in dir(utils) if "env_var" in name}
        except (ImportError, AttributeError, TypeError):
            pass
    try:
        from sglang.srt.environ import envs
    except ImportError:
        envs = None
    sites = reads.find(os.path.join(sources, "sglang"), families)

    def ask(case):
        name, text = case
        before = dict(os.environ)
        try:
            os.environ.pop(name, None)
            if text is not None:
                os.environ[name] = text
            if envs is not None and hasattr(type(envs), name):
                field = getattr(type(envs), name)
                if text is not None:
                    field.parse(text)
                return field.get()
            return reads.evaluate(sites[name])
        finally:
            os.environ.clear()
            os.environ.update(before)

    return ask


class Tokenizer:
    """As much of one as stop strings are measured with."""

    def encode(self, text, **named):
        return list(text.encode())


def requests(sources):
    absent.replace("sglang.kernels", "sglang.jit_kernel", "sglang.srt.layers")
    from sglang.srt.managers.io_struct import GenerateReqInput

    def ask(case):
        key, body = case
        r = GenerateReqInput(**body)
        r.normalize_batch_and_arguments()
        return sampled(key, r.sampling_params)

    return ask


def chats(sources):
    absent.replace("sglang.kernels", "sglang.jit_kernel", "sglang.srt.layers")
    from sglang.srt.entrypoints.openai.protocol import ChatCompletionRequest

    def ask(case):
        key, body = case
        r = ChatCompletionRequest.model_validate(body)
        if hasattr(r, "to_sampling_params"):
            of_openai = {}  # what --sampling-defaults openai leaves of the model's
            return sampled(key, r.to_sampling_params(r.stop, of_openai))
        from sglang.srt.entrypoints.openai.serving_chat import OpenAIServingChat

        return sampled(key, OpenAIServingChat._build_sampling_params(None, r, r.stop, None))

    return ask


def sampled(key, params):
    """What is sampled with."""
    from sglang.srt.sampling.sampling_params import SamplingParams

    p = SamplingParams(**params)
    p.normalize(Tokenizer())
    p.verify(32000)
    asked = params.get(key)
    if key == "temperature" and p.top_k == 1 and not isinstance(asked, bool) and 0 <= asked < 1e-6:
        return asked  # greedy, which is the best candidate alone here, at any temperature
    strings = getattr(p, key + "_strs", None) if key in ("stop", "stop_regex") else None
    return strings if strings is not None else getattr(p, key)
