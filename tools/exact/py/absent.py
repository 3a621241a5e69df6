"""Stands in for packages that are not installed, so that an engine's own parsers and
request classes can be imported without torch and a GPU's libraries.

Every attribute of a stand-in is a class: it can be called, subclassed, used in an
annotation and as a decorator, which leaves what it decorates as it is. An object of
it is false and empty. Nothing of a stand-in computes a value that is compared.
"""
import abc
import asyncio
import importlib.abc
import importlib.machinery
import inspect
import sys
import types

# What is too large to install, or only there with a device.
PACKAGES = """
torch torchvision torchaudio torchao torchcodec triton transformers tokenizers
huggingface_hub safetensors sentencepiece tiktoken mistral_common gguf
compressed_tensors modelscope flashinfer sgl_kernel xgrammar outlines outlines_core
llguidance lmformatenforcer ray uvloop cv2 soundfile scipy numba depyf decord
prometheus_fastapi_instrumentator opentelemetry watchfiles setproctitle einops
diskcache pybase64 cbor2 ijson mcp anthropic model_hosting_container_standards lark
pythonjsonlogger IPython xxhash grpc smg_grpc_proto tvm_ffi cuda cutlass
""".split()

VERSIONS = {"torch": "2.9.0", "transformers": "4.57.0"}

# Attributes whose presence alone says that a device is there.
DEVICES = {"npu", "hpu", "musa"}


def is_plain(arguments, named):
    """Whether a call is that of a decorator."""
    if len(arguments) != 1 or named:
        return False
    return isinstance(arguments[0], types.FunctionType) or isinstance(arguments[0], type) and not isinstance(arguments[0], Meta)


def attribute(owner, name, module):
    if name.startswith("__") and name.endswith("__") or name in DEVICES:
        raise AttributeError(name)
    child = Meta(name, (Absent,), {"__module__": module})
    setattr(owner, name, child)
    return child


class Meta(abc.ABCMeta):
    def __getattr__(cls, name):
        return attribute(cls, name, cls.__module__)

    def register(cls, *arguments, **named):
        return Absent()

    def __getitem__(cls, item):
        return cls

    def __setitem__(cls, item, value):
        pass

    def __iter__(cls):
        return iter(())

    def __len__(cls):
        return 0

    def __bool__(cls):
        return True

    def __contains__(cls, item):
        return False

    def __radd__(cls, other):
        return other

    def __neg__(cls):
        return cls

    def __mul__(cls, other):
        return cls

    __rmul__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __floordiv__ = __mul__

    def __int__(cls):
        return 0

    def __lt__(cls, other):
        return False

    __gt__ = __le__ = __ge__ = __lt__


class Absent(metaclass=Meta):
    def __new__(cls, *arguments, **named):
        if is_plain(arguments, named):
            return arguments[0]
        return super().__new__(cls)

    def __init__(self, *arguments, **named):
        pass

    def __init_subclass__(cls, **named):
        pass

    @classmethod
    def __get_pydantic_core_schema__(cls, source, handler):
        from pydantic_core import core_schema

        return core_schema.any_schema()

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return getattr(type(self), name)

    def __call__(self, *arguments, **named):
        return arguments[0] if is_plain(arguments, named) else Absent()

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return None

    def __getitem__(self, item):
        return self

    def __setitem__(self, item, value):
        pass

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __contains__(self, item):
        return False

    def __radd__(self, other):
        return other

    def __lt__(self, other):
        return False

    __gt__ = __le__ = __ge__ = __lt__


class Module(types.ModuleType):
    def __getattr__(self, name):
        return attribute(self, name, self.__name__)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules of these packages, and those below them."""

    def __init__(self, packages):
        self.packages = packages

    def find_spec(self, name, path=None, target=None):
        if not any(name == p or name.startswith(p + ".") for p in self.packages):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = Module(spec.name)
        module.__version__ = VERSIONS.get(spec.name, "0")
        return module

    def exec_module(self, module):
        pass


class Bounds:
    """torch.iinfo of 64 bits, in which limits of seeds are written."""

    min, max = -(2**63), 2**63 - 1

    def __init__(self, of):
        pass


def schema(function, **named):
    """torch.library.infer_schema, as far as how many tensors are returned."""
    tensors = repr(inspect.signature(function).return_annotation).count("Tensor")
    return "() -> (%s)" % ", ".join(["Tensor"] * tensors)


def replace(*packages):
    """Stands in for packages that are there: an engine's own kernels."""
    sys.meta_path.insert(0, Finder(packages))


def install():
    sys.meta_path.append(Finder(PACKAGES))  # the last one, for what no other finder has
    import huggingface_hub.constants
    import torch.library
    import transformers
    import triton.runtime.driver
    import uvloop

    # Truth of a stand-in is not asked where it decides what is done.
    huggingface_hub.constants.HF_HUB_OFFLINE = False

    torch.iinfo = Bounds
    uvloop.EventLoopPolicy = asyncio.DefaultEventLoopPolicy
    torch.library.infer_schema = schema
    torch.library.Library.m.name = "absent"  # everything is registered there already
    triton.runtime.driver.active.get_current_target = lambda: types.SimpleNamespace(backend="cpu")
    transformers.PretrainedConfig.__class_validators__ = []
    transformers.PretrainedConfig.from_dict.__func__ = Absent
