from typing import Optional

import msgspec

from sglang.srt.arg_groups.arg_utils import A, Arg, Derived


class Model(msgspec.Struct):
    _NS_PATH = "model"

    model_path: A[str, Arg(help="Path.", aliases=["--model"])]
    dtype: A[str, Arg(help="Type of the weights.", choices=["auto", "half"])] = "auto"
    page_size: A[Optional[int], "Tokens in a page."] = None
    enable_lora: A[Optional[bool], "Adapters."] = None
    names: A[Optional[list[str]], "Some names."] = None
    legacy: A[bool, Arg(help="Old.", no_cli=True)] = False
    rank: A[int, Derived(doc="set at run time")] = 0
