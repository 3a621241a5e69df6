"""vLLM's answers. Cases of
arguments: [key, words]: the words after "vllm serve"; answered by what the argument's attribute is
variables: [name, text]: answered by what vllm.envs reads; text null is an unset one
requests:  [key, body]: a request to /v1/completions; answered by what is sampled with
chats:     [key, body]: the same of /v1/chat/completions
"""
import ast
import functools
import importlib
import inspect
import os
import textwrap

os.environ.update(VLLM_NO_USAGE_STATS="1", VLLM_LOGGING_LEVEL="CRITICAL")


def first(*places):
    """The first of several modules and names that the release has."""
    for module, name in places:
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise ImportError(f"none of {places}")


def arguments(sources):
    from vllm.engine.arg_utils import AsyncEngineArgs, EngineArgs
    from vllm.entrypoints.cli.serve import ServeSubcommand

    parser = first(("vllm.utils.argparse_utils", "FlexibleArgumentParser"), ("vllm.utils", "FlexibleArgumentParser"))(prog="vllm")
    serve = ServeSubcommand()
    serve.subparser_init(parser.add_subparsers(dest="subparser"))
    held = fields(EngineArgs)

    def ask(case):
        key, words = case
        args = parser.parse_args(["serve", *words])
        serve.validate(args)
        args.model = args.model_tag
        engine = AsyncEngineArgs.from_cli_args(args)
        value = getattr(engine if hasattr(engine, key) else args, key)
        return held[key](value) if value is not None and key in held else value

    return ask


def fields(engine):
    """What holds an argument's value to the field that it becomes when the engine's
    configuration is made: the classes that are called with name=self.argument."""
    import vllm.config

    made = {}
    tree = ast.parse(textwrap.dedent(inspect.getsource(engine)))
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        of = getattr(vllm.config, call.func.id, None)
        for k in call.keywords:
            if hasattr(of, "__pydantic_validator__") and isinstance(k.value, ast.Attribute) and ast.unparse(k.value.value) == "self":
                made.setdefault(k.value.attr, []).append((of, k.arg))
    if hasattr(vllm.config.SpeculativeConfig, "__pydantic_validator__"):
        made["speculative_config"] = [(vllm.config.SpeculativeConfig, None)]  # made from the map itself
    return {argument: functools.partial(hold, list(dict.fromkeys(of))) for argument, of in made.items()}


def hold(fields, value):
    """The value as the fields have it; an error where one of them refuses it. What a
    class asks of several fields together is no matter of this one."""
    import pydantic
    import pydantic_core

    held = value
    for of, field in fields:
        try:
            if field is None:
                of.__pydantic_validator__.validate_python(pydantic_core.ArgsKwargs((), {k.replace("-", "_"): v for k, v in value.items()}))
                continue
            blank = object.__new__(of)
            of.__pydantic_validator__.validate_assignment(blank, field, value)
            held = getattr(blank, field, value)
        except pydantic.ValidationError as e:
            for error in e.errors(include_url=False, include_context=False):
                if error["loc"] and error["loc"][0] == (field or error["loc"][0]):
                    raise ValueError(f"{of.__name__}.{'.'.join(map(str, error['loc']))}: {error['msg']}") from None
        except (AttributeError, TypeError, KeyError):
            # What is asked of several fields, of which the others are not there.
            held = alone(of, field, value)
    return held


def alone(of, field, value):
    """The value as the field's own type has it."""
    import pydantic

    info = getattr(of, "__pydantic_fields__", {}).get(field)
    try:
        return pydantic.TypeAdapter(info.annotation).validate_python(value)
    except (AttributeError, pydantic.errors.PydanticUserError):
        return value


def variables(sources):
    import vllm.envs as envs

    def ask(case):
        name, text = case
        read = envs.environment_variables[name]
        before = dict(os.environ)
        try:
            os.environ.pop(name, None)
            if text is not None:
                os.environ[name] = text
            return read()
        finally:
            os.environ.clear()
            os.environ.update(before)

    return ask


def requests(sources):
    return asked("completion", "CompletionRequest")


def chats(sources):
    return asked("chat_completion", "ChatCompletionRequest")


def asked(package, name):
    request = first((f"vllm.entrypoints.openai.{package}.protocol", name), ("vllm.entrypoints.openai.protocol", name))
    known = inspect.signature(request.to_sampling_params).parameters
    given = {"max_tokens": None, "default_max_tokens": 16, "logits_processor_pattern": None, "default_sampling_params": {}}

    def ask(case):
        key, body = case
        r = request.model_validate(body)
        own = {name: value for name, value in given.items() if name in known}
        if "max_tokens" in own:
            own["max_tokens"] = r.max_tokens if r.max_tokens is not None else 16
        return getattr(r.to_sampling_params(**own), key)

    return ask
